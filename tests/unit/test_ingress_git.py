"""Git is run without foreign settings, and its secrets stay out of words and command lines."""

from __future__ import annotations

import base64
import http.server
import socket
import subprocess
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from tests.counting import eventually
from weighbridge_ingress.git import (
    GitTimedOut,
    remote_config,
    run_git,
    said,
    without_credentials,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

SECRET = "s3cr3t"


def command_lines(word: str) -> list[str]:
    """Read the command lines of this machine's processes that hold a word."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue  # it has ended meanwhile
        if word in line:
            found.append(line)
    return found


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port that takes connections and never answers."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


@pytest.fixture
def guarded_port(tmp_path: Path) -> Iterator[int]:
    """A web server that shows a repository to those who know its password."""
    git = ("git", "-c", "user.name=Ada", "-c", "user.email=ada@example.org")
    subprocess.run([*git, "init", "--quiet", tmp_path], check=True)
    commit = [*git, "commit", "--quiet", "--allow-empty", "--message=Start"]
    subprocess.run(commit, cwd=tmp_path, check=True)
    subprocess.run([*git, "update-server-info"], cwd=tmp_path, check=True)
    login = "Basic " + base64.b64encode(f"bot:{SECRET}@".encode()).decode()

    class Guard(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments: object) -> None:
            super().__init__(*arguments, directory=str(tmp_path))  # type: ignore[arg-type]

        def do_GET(self) -> None:
            if self.headers["Authorization"] == login:
                super().do_GET()
            else:
                self.send_error(403)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Guard) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def test_a_refusal_is_read_in_english_without_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    done = run_git("ls-remote", f"https://bot:{SECRET}@127.0.0.1:1/x.git")
    assert done.returncode == 128
    assert SECRET not in said(done)
    assert "unable to access 'https://127.0.0.1:1/x.git/'" in said(done)


def test_another_repository_in_the_environment_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "foreign"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "index"))
    assert run_git("init", "--quiet", folder=tmp_path).returncode == 0
    assert (tmp_path / ".git").is_dir()


def test_settings_of_the_environment_are_kept_beside_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("COUNT", "1"), ("KEY_0", "a.theirs"), ("VALUE_0", "1")):
        monkeypatch.setenv(f"GIT_CONFIG_{name}", value)
    done = run_git("config", "--get-regexp", "^a[.]", config={"a.ours": "2"})
    assert done.stdout.decode().split("\n")[:2] == ["a.theirs 1", "a.ours 2"]


def test_a_password_reaches_the_server(guarded_port: int) -> None:
    url = f"http://bot:{SECRET}%40@127.0.0.1:{guarded_port}/.git"
    done = run_git("ls-remote", "traffic", "HEAD", config=remote_config("traffic", url))
    assert (done.returncode, said(done)) == (0, "")
    assert done.stdout.endswith(b"\tHEAD\n")
    wrong = remote_config("traffic", url.replace("bot", "eve"))
    assert run_git("ls-remote", "traffic", "HEAD", config=wrong).returncode == 128


def test_a_silent_host_ends_in_time_and_no_command_line_shows_the_password(
    silent_port: int,
) -> None:
    place = f"127.0.0.1:{silent_port}"
    config = remote_config("traffic", f"http://bot:{SECRET}@{place}/x.git")
    seen: list[str] = []

    def look() -> None:
        seen[:] = command_lines(place)
        assert seen

    Thread(target=eventually, args=(look, 1)).start()
    with pytest.raises(GitTimedOut, match="git ls-remote gave no answer within 1 s"):
        run_git("ls-remote", "traffic", config=config, timeout_s=1, own_group=True)
    assert seen
    assert not [line for line in seen if SECRET in line]
    eventually(lambda: _gone(place), within_s=5)


def _gone(place: str) -> None:
    assert not command_lines(place)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("fatal: 'https://a:b@h/x'", "fatal: 'https://h/x'"),
        ("https://a:b@c@h/x and ssh://git@h:22/y", "https://h/x and ssh://h:22/y"),
        ("git@host:x.git, ada@example.org", "git@host:x.git, ada@example.org"),
    ],
)
def test_credentials_are_taken_out_of_any_text(text: str, shown: str) -> None:
    assert without_credentials(text) == shown


@pytest.mark.parametrize("url", ["https://bot@h/x", "git@h:x", "/srv/traffic.git", "ssh://a:b@h/x"])
def test_what_git_knows_how_to_hide_or_ask_for_is_left_to_it(url: str) -> None:
    assert remote_config("traffic", url) == {"remote.traffic.url": url}
