"""What a pinned call needs, told in the words of the command line."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from weighbridge_cli._errors import CliError

if TYPE_CHECKING:
    from collections.abc import Iterator

_HOW = (
    'export WEIGHBRIDGE_TOKEN="$(weighbridge token create --for YOU --ttl 8h)", or give one by '
    "--token"
)


@contextmanager
def credential(pin: str | None, token: str | None) -> Iterator[None]:
    """Ask for a token where a pin has none; say what to do where the ingress refuses it."""
    from weighbridge import Unauthenticated

    if pin and not token:
        raise CliError(f"--pin {pin} needs a token: {_HOW}")
    try:
        yield
    except Unauthenticated as error:
        raise CliError(
            f"the token is not accepted ({error.details}); it may have expired: {_HOW}"
        ) from error
