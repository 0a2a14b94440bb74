"""One line for each step, with its time, printed when the step is done."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.status import Status

_WIDTH = 26


class Progress:
    """Prints what happens; safe to call from several threads.

    As a context manager it shows on a terminal also what is under way.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._began = time.monotonic()
        self._under_way: list[str] = []
        self._lock = threading.Lock()
        self._status = Status("", console=console) if console.is_terminal else None

    def __enter__(self) -> "Progress":
        """Begin to show what is under way."""
        if self._status:
            self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Remove the line that shows it."""
        if self._status:
            self._status.stop()

    @property
    def elapsed_s(self) -> float:
        """Seconds since the command began."""
        return time.monotonic() - self._began

    @contextmanager
    def step(self, title: str, detail: str = "") -> Iterator[None]:
        """Time what is done inside and say so, also when it fails."""
        began = time.monotonic()
        self._change(begin=title)
        try:
            yield
        except BaseException:
            self._line("[red]✗[/red]", title, time.monotonic() - began, "failed")
            raise
        finally:
            self._change(end=title)
        self._line("[green]✓[/green]", title, time.monotonic() - began, detail)

    def note(self, title: str, text: str) -> None:
        """Say something about a step that is under way."""
        line = f"  {title:<{_WIDTH}}{'':>8}  {escape(text)}"
        self._console.print(f"[dim]{line}[/dim]", soft_wrap=True)

    def _change(self, *, begin: str | None = None, end: str | None = None) -> None:
        with self._lock:
            if begin:
                self._under_way.append(begin)
            if end:
                self._under_way.remove(end)
            if self._status:
                self._status.update(", ".join(self._under_way) + " …")

    def _line(self, sign: str, title: str, took_s: float, detail: str) -> None:
        line = f"{sign} {title:<{_WIDTH}}{took_s:6.1f} s  {escape(detail)}"
        self._console.print(line, soft_wrap=True)
