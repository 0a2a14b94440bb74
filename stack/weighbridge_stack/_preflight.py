"""Looks for everything that would stop the stack half way, before anything is started."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil

from weighbridge_ingress import envoy_binary
from weighbridge_stack._catalog import catalog, extra_ports
from weighbridge_stack._errors import NotReadyError, OtherPortsError
from weighbridge_stack._layout import Layout
from weighbridge_stack._parts import _pg_cluster, _s3
from weighbridge_stack._process import Processes

# Debian package, Homebrew formula (None: comes with macOS).
_TOOLS = {"git": ("git", "git")}
_ROOT_TOOLS = {"setpriv": ("util-linux", None)}
_LIBRARIES = {
    "libz.so.1": ("zlib1g", "zlib"),
    "libgomp.so.1": ("libgomp1", "libomp"),
    "libstdc++.so.6": ("libstdc++6", None),
}


def check(layout: Layout, processes: Processes) -> None:
    """Raise NotReadyError that lists every obstacle."""
    problems = [
        *_missing_tools(),
        *_broken_programs(),
        *_missing_data(layout),
        *(_wrong_address(layout) or _taken_ports(layout, processes)),
        *_repeated_ports(layout),
    ]
    if problems:
        raise NotReadyError("Nothing was started.\n" + "\n".join(f"- {text}" for text in problems))


def _missing_tools() -> Iterator[str]:
    tools = {**_TOOLS, **(_ROOT_TOOLS if os.geteuid() == 0 else {})}
    for tool, (debian, brew) in tools.items():
        if shutil.which(tool) is None:
            yield f"`{tool}` is missing. {_install(debian, brew)}"


def make_home(home: Path) -> None:
    """Create the folder for all state; NotReadyError if it can't be written to."""
    try:
        home.mkdir(parents=True, exist_ok=True)
        trial = home / ".writable"
        trial.touch()
        trial.unlink()
    except OSError as error:
        raise NotReadyError(
            f"The folder {home.resolve()} can't be written to ({error.strerror}). Make it yours, "
            "or name another one: WEIGHBRIDGE_HOME=/some/folder make up."
        ) from error


def _broken_programs() -> Iterator[str]:
    for program in (_pg_cluster.program("postgres"), _s3.program(), envoy_binary()):
        done = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
        if done.returncode == 0:
            continue
        for library, (debian, brew) in _LIBRARIES.items():
            if library in done.stderr:
                yield f"{program.name} needs {library}. {_install(debian, brew)}"
                break
        else:
            yield f"{program} does not run here: {done.stderr.strip() or done.returncode}"


def _missing_data(layout: Layout) -> Iterator[str]:
    data = layout.settings.training_data
    if data and not data.is_file():
        yield f"WEIGHBRIDGE_TRAINING_DATA: there is no file {data}."


def _wrong_address(layout: Layout) -> list[str]:
    bind = layout.settings.bind
    try:
        with socket.socket() as probe:
            probe.bind((bind, 0))
    except OSError as error:
        return [f"WEIGHBRIDGE_BIND={bind} is no address of this machine ({error.strerror})."]
    return []


def _repeated_ports(layout: Layout) -> Iterator[str]:
    extra = (entry for entries in extra_ports(layout.versions).values() for entry in entries)
    variables: dict[int, list[str]] = {}
    for entry in (*catalog(layout.versions), *extra):
        if (port := entry.port(layout.settings)) is not None:
            variables.setdefault(port, []).append(entry.variable)
    for port, names in variables.items():
        if len(names) > 1:
            yield f"{' and '.join(names)} are both {port}: each needs a port of its own."


def _taken_ports(layout: Layout, processes: Processes) -> Iterator[str]:
    settings, extra = layout.settings, extra_ports(layout.versions)
    for part in catalog(layout.versions):
        running = processes.running(part.name)
        if running and running.port != part.port(settings):
            raise OtherPortsError(
                f"{part.title} runs on port {running.port}, not on {part.port(settings)}. "
                f"Run `make down` first, or leave {part.variable} as it was."
            )
        if running:
            continue
        for entry in (part, *extra.get(part.name, ())):
            port = entry.port(settings)
            if port is not None and not _is_free(settings.bind, port):
                other = port + 10_000 if port < 55_000 else port - 10_000
                yield (
                    f"Port {port}, for {entry.title}, is taken{_holder(port)}. Stop that program, "
                    f"or choose another port: {entry.variable}={other} make up."
                )


def _is_free(host: str, port: int) -> bool:
    with socket.socket() as probe:
        # As the servers do: a port whose last connections have not timed out yet is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def _holder(port: int) -> str:
    try:
        for connection in psutil.net_connections("tcp"):
            listens = connection.status == psutil.CONN_LISTEN
            if listens and connection.laddr[1:] == (port,) and connection.pid:
                name = psutil.Process(connection.pid).name()
                return f" by {name} (process {connection.pid})"
    except psutil.Error:  # macOS shows only root what others hold
        return ""
    return ""


def _install(debian: str, brew: str | None) -> str:
    if sys.platform == "darwin" and brew:
        return f"Install it: brew install {brew}"
    return f"Install it: sudo apt-get install {debian}"
