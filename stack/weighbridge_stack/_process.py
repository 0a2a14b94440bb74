"""Processes that outlive the command that started them: start, recognize, stop."""

import contextlib
import hashlib
import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from weighbridge_stack._errors import StartError

_LOG_LINES_SHOWN = 15


@dataclass(frozen=True, slots=True)
class Record:
    """What is written down of a started process, so that a later command finds it again."""

    name: str
    pid: int
    # With the pid it names one process for good: a pid alone may be taken by another one later.
    created: float
    port: int | None
    log: str
    stop_signal: int
    stop_timeout_s: float
    # Of the files that it read at its start, as they were then.
    reads_digest: str = ""

    def session(self) -> list[psutil.Process]:
        """Return all that runs in the session of the process, also when it is gone itself."""
        if self._is_anothers():
            return []
        members = (psutil.Process(pid) for pid in psutil.pids() if _session_of(pid) == self.pid)
        return [member for member in members if _runs(member)]

    def process(self) -> psutil.Process | None:
        """Return the process if it is still this one and alive."""
        try:
            process = psutil.Process(self.pid)
        except psutil.NoSuchProcess:
            return None
        return process if _runs(process) and not self._is_anothers() else None

    def _is_anothers(self) -> bool:
        """Tell whether the id has been given to another process since."""
        try:
            return abs(psutil.Process(self.pid).create_time() - self.created) >= 1
        except psutil.NoSuchProcess:
            return False


@dataclass(frozen=True, slots=True)
class Part:
    """One process of the stack and how to tell that it works."""

    name: str
    title: str
    port: int | None
    command: Sequence[str]
    environment: Mapping[str, str]
    # Returns False or raises an OSError as long as the part is not ready.
    ready: Callable[[], bool]
    # Files that it reads at its start only: a change of them takes a new start.
    reads: Sequence[Path] = ()
    stop_signal: signal.Signals = signal.SIGTERM
    start_timeout_s: float = 60
    stop_timeout_s: float = 20

    def reads_digest(self) -> str:
        """Tell one state of the files that it reads at its start from another."""
        return "".join(hashlib.sha256(path.read_bytes()).hexdigest() for path in self.reads)


class Processes:
    """The processes of one stack, remembered in a folder."""

    def __init__(self, home: Path) -> None:
        self._records = home / "run"
        self._logs = home / "logs"
        # Set when another step failed: who still waits for a part need not wait to the end.
        self.given_up = threading.Event()

    def make_folders(self) -> None:
        """Create the folders for records and logs."""
        for folder in (self._records, self._logs):
            folder.mkdir(parents=True, exist_ok=True)

    def record(self, name: str) -> Record | None:
        """Return what was written down when the part was started last."""
        try:
            return Record(**json.loads((self._records / f"{name}.json").read_text()))
        except (FileNotFoundError, ValueError, TypeError):
            return None

    def records(self) -> list[Record]:
        """Return all that was written down, oldest first."""
        names = [path.stem for path in self._records.glob("*.json")]
        found = [record for name in names if (record := self.record(name))]
        return sorted(found, key=lambda record: record.created)

    def running(self, name: str) -> Record | None:
        """Return the record of a part whose process is alive."""
        record = self.record(name)
        return record if record and record.process() else None

    def end_leftovers(self) -> None:
        """Stop what parts that died have left behind: the children of a killed MLflow go on."""
        for record in self.records():
            if record.process() is None:
                self.stop(record)

    def start(self, part: Part) -> Record:
        """Start a part and wait until it is ready; StartError with the end of its log if not."""
        log = self._logs / f"{part.name}.log"
        with log.open("ab") as output:
            child = subprocess.Popen(
                part.command,
                env={**base_environment(), **part.environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        record = Record(
            name=part.name,
            pid=child.pid,
            created=psutil.Process(child.pid).create_time(),
            port=part.port,
            log=str(log),
            stop_signal=part.stop_signal,
            stop_timeout_s=part.stop_timeout_s,
            reads_digest=part.reads_digest(),
        )
        temporary = self._records / f"{part.name}.tmp"
        temporary.write_text(json.dumps(asdict(record)))
        temporary.rename(self._records / f"{part.name}.json")
        try:
            self._wait_until_ready(part, child, log)
        except BaseException:
            self.stop(record)
            raise
        return record

    def stop(self, record: Record) -> None:
        """Ask the process to end, kill it after its timeout with all it started, and forget it."""
        family = record.session()
        if process := record.process():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(record.stop_signal)
            _ended([process], record.stop_timeout_s)
            _ended(family, timeout_s=2)
        for member in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                member.kill()
        _ended(family, timeout_s=5)
        (self._records / f"{record.name}.json").unlink(missing_ok=True)

    def _wait_until_ready(self, part: Part, child: "subprocess.Popen[bytes]", log: Path) -> None:
        deadline = time.monotonic() + part.start_timeout_s
        ready = False
        while not self.given_up.wait(0.03):
            # Asked after the probe: it may be another program that answers there.
            if (code := child.poll()) is not None:
                raise StartError(f"{part.title} ended with code {code}.\n{_tail(log)}")
            if ready:
                return
            if time.monotonic() > deadline:
                limit = f"{part.start_timeout_s:.0f} s"
                raise StartError(f"{part.title} was not ready after {limit}.\n{_tail(log)}")
            with contextlib.suppress(OSError):
                ready = part.ready()
        raise StartError(f"{part.title} was not waited for.")


def base_environment() -> dict[str, str]:
    """Return the machine's settings only: the caller's WEIGHBRIDGE_ variables are the stack's."""
    keep = ("HOME", "LANG", "LC_ALL", "PATH", "TMPDIR", "TZ", "USER")
    kept = {name: os.environ[name] for name in keep if name in os.environ}
    # onnxruntime reports its use to its makers unless it is told not to.
    return {**kept, "ORT_DISABLE_TELEMETRY": "1"}


def _ended(processes: Sequence[psutil.Process], timeout_s: float) -> bool:
    """Wait until none of them runs; one that only waits for its parent's notice counts as ended."""
    deadline = time.monotonic() + timeout_s
    while any(_runs(process) for process in processes):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)  # between two looks at a condition
    return True


def _session_of(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except OSError:  # gone, or none of our business
        return None


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _tail(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines()[-_LOG_LINES_SHOWN:]
    return "\n".join([f"The end of {log}:", *(f"  {line}" for line in lines)])
