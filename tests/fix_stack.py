"""A whole stack of its own: real PostgreSQL, S3, MLflow, two servers, Envoy, agent, Git."""

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pytest

if TYPE_CHECKING:
    from tests.fix_ports import HeldPorts


_INGRESS = ("ENVOY", "ENVOY_ADMIN", "ENVOY_PROBE", "AGENT")
_VERSIONS = ("V1", "V2", "V6", "V7", "V8")
_SERVERS = (*_VERSIONS, *(f"{version}_METRICS" for version in _VERSIONS))
_PORTS = ("POSTGRES", "S3", "MLFLOW", *_SERVERS, *_INGRESS)


@dataclass(frozen=True)
class Stack:
    """A stack in a folder of its own, on ports of its own."""

    home: Path
    settings: dict[str, str]

    def make(self, command: str, timeout_s: float = 150) -> "subprocess.CompletedProcess[str]":
        """Run what `make up`, `make down` and `make status` run."""
        return self._run([sys.executable, "-m", "weighbridge_stack", *command.split()], timeout_s)

    def weighbridge(
        self, *arguments: str, timeout_s: float = 60
    ) -> "subprocess.CompletedProcess[str]":
        """Run the command `weighbridge` as a person in this stack's shell would."""
        return self._run([str(Path(sys.executable).parent / "weighbridge"), *arguments], timeout_s)

    def rollout(self, *arguments: str) -> str:
        """Run `weighbridge rollout …`, which must succeed; return what it prints."""
        done = self.weighbridge("rollout", *arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    @property
    def environment(self) -> dict[str, str]:
        """The addresses as the stack's own file tells them, read by a shell."""
        script = f". {shlex.quote(str(self.home))}/env && env -0"
        done = subprocess.run(
            ["sh", "-c", script],
            capture_output=True,
            text=True,
            check=True,
            env={"PATH": os.environ["PATH"]},
        )
        pairs = (pair.split("=", 1) for pair in done.stdout.split("\0") if "=" in pair)
        return {
            name: value
            for name, value in pairs
            if name.startswith(("WEIGHBRIDGE", "MLFLOW", "AWS"))
        }

    def status(self) -> dict[str, dict[str, object]]:
        """Return the state of each part by its name."""
        parts: list[dict[str, object]] = json.loads(self.make("status --json").stdout)
        return {str(part["name"]): part for part in parts}

    def pid(self, part: str) -> int:
        """Return the process id of a running part."""
        pid = self.status()[part]["pid"]
        assert isinstance(pid, int), f"{part} does not run"
        return pid

    def _run(self, command: list[str], timeout_s: float) -> "subprocess.CompletedProcess[str]":
        inherited = {
            k: v
            for k, v in os.environ.items()
            if not k.startswith(("WEIGHBRIDGE", "MLFLOW", "AWS"))
        }
        return subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout_s,
            cwd=self.home,
            env={**inherited, **self.settings, "COLUMNS": "200"},
        )


class NewStack(Protocol):
    """Makes a stack that is not started yet, in this folder and on ports of its own."""

    def __call__(self, home: Path, **settings: str) -> Stack: ...


@pytest.fixture(scope="session")
def new_stack(held_ports: "HeldPorts") -> NewStack:
    """Make stacks."""

    def make(home: Path, **settings: str) -> Stack:
        numbers = {f"WEIGHBRIDGE_{name}_PORT": str(held_ports()) for name in _PORTS}
        home.mkdir(parents=True, exist_ok=True)
        return Stack(home, {"WEIGHBRIDGE_HOME": str(home), **numbers, **settings})

    return make


@pytest.fixture(scope="session")
def stack(new_stack: NewStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A running stack, shared by all end-to-end tests; each sets the split that it needs."""
    stack = new_stack(tmp_path_factory.mktemp("stack") / ".weighbridge")
    try:
        done = stack.make("up")
        assert done.returncode == 0, done.stdout + done.stderr
        yield stack
    finally:
        stack.make("down")
