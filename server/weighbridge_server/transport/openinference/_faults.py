"""What is wrong with a request, collected: the caller learns all of it at once."""

from collections.abc import Sequence
from typing import Final

from weighbridge_server.inference import UnfitTensorsError
from weighbridge_server.transport._errors import InvalidRequestError, Violation

_MAX_NAME_CHARS: Final = 64


class Faults:
    """A growing list of violations."""

    def __init__(self) -> None:
        self._listed: list[Violation] = []

    def add(self, field: str, description: str) -> None:
        """Note one."""
        self._listed.append(Violation(field, description))

    def raise_any(self) -> None:
        """Raise InvalidRequestError if there is one."""
        if self._listed:
            raise InvalidRequestError(self._listed)


def quoted(text: str) -> str:
    """Quote what a caller sent, cut to what an error has room for; ASCII, as a header is."""
    shown = ascii(text)
    return shown if len(shown) <= _MAX_NAME_CHARS else f"{shown[:_MAX_NAME_CHARS]}...'"


def unfit_error(error: UnfitTensorsError, names: Sequence[str]) -> InvalidRequestError:
    """Tell by the inputs' places in the request for which of them there is no answer."""
    return InvalidRequestError(
        [
            Violation(f"inputs[{names.index(name)}]", f"{quoted(name)}: {fault}")
            for name, fault in error.faults.items()
        ]
    )
