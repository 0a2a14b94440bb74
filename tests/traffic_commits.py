"""A person who commits to the traffic repository by hand, with plain git."""

import subprocess
import tempfile
import time
import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path


class TrafficCommits:
    """A clone of a stack's traffic repository."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._temporary = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        weakref.finalize(self, self._temporary.cleanup)
        self._folder = Path(self._temporary.name)
        self._git("clone", "--quiet", environment["WEIGHBRIDGE_TRAFFIC_REPO"], ".")
        self.path = self._folder / environment["WEIGHBRIDGE_TRAFFIC_PATH"] / "traffic.yaml"

    def commit(self, text: str, message: str = "Change the split by hand") -> str:
        """Commit and push a traffic file; return the commit's id."""
        self._git("fetch", "--quiet")
        self._git("reset", "--quiet", "--hard", "origin/main")
        self.path.write_text(text)
        author = ("-c", "user.name=Hand", "-c", "user.email=hand@localhost")
        self._git(*author, "commit", "--quiet", "--all", "--allow-empty", "--message", message)
        self._git("push", "--quiet", "origin", "HEAD:main")
        return self._git("rev-parse", "HEAD")

    def every(self, interval_s: float, percents: Sequence[str], seconds: float) -> int:
        """Change the split again and again for a while; return how often."""
        end, changes = time.monotonic() + seconds, 0
        due = time.monotonic()
        while due < end:
            self.commit(traffic_file(percents[changes % len(percents)]))
            changes += 1
            due += interval_s
            time.sleep(max(0.0, due - time.monotonic()))  # the pace is what the test is about
        return changes

    def _git(self, *arguments: str) -> str:
        done = subprocess.run(
            ["git", *arguments], cwd=self._folder, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()


def traffic_file(percent: str) -> str:
    """Return a traffic file that gives v7 this share."""
    return f"""apiVersion: v1
kind: ConfigMap
metadata:
  name: traffic
data:
  stable: v6
  canary: v7
  canary-percent: "{percent}"
  shadow-percent: "0"
"""
