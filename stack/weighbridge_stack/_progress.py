"""One line for each step, with its time, printed when the step is done."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape

_WIDTH = 26


class Progress:
    """Prints what happens; safe to call from several threads."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._began = time.monotonic()

    @property
    def elapsed_s(self) -> float:
        """Seconds since the command began."""
        return time.monotonic() - self._began

    @contextmanager
    def step(self, title: str, detail: str = "") -> Iterator[None]:
        """Time what is done inside and say so, also when it fails."""
        began = time.monotonic()
        try:
            yield
        except BaseException:
            self._line("[red]✗[/red]", title, time.monotonic() - began, "failed")
            raise
        self._line("[green]✓[/green]", title, time.monotonic() - began, detail)

    def note(self, title: str, text: str) -> None:
        """Say something about a step that is under way."""
        self._console.print(
            f"  [dim]{title:<{_WIDTH}}{'':>8}  {escape(text)}[/dim]", soft_wrap=True
        )

    def _line(self, sign: str, title: str, took_s: float, detail: str) -> None:
        self._console.print(
            f"{sign} {title:<{_WIDTH}}{took_s:6.1f} s  {escape(detail)}", soft_wrap=True
        )
