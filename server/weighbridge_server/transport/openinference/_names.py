"""Which model a request is for: a server has one, in one version."""

from weighbridge_server.models import Pin
from weighbridge_server.transport._errors import UnknownModelError, Violation
from weighbridge_server.transport.openinference._faults import quoted


def check_names(pin: Pin, name: str, version: str, *, prefix: str = "") -> None:
    """Raise UnknownModelError unless the pin's model is meant; an empty version is any."""
    if name == pin.name and version in ("", pin.version):
        return
    raise UnknownModelError(
        [
            Violation(prefix + field, text)
            for field, text in find_mismatches(pin, name, version).items()
        ]
    )


def find_mismatches(pin: Pin, name: str, version: str) -> dict[str, str]:
    """Tell by field, `name` or `version`, what is not the pin's."""
    found = {}
    if name != pin.name:
        found["name"] = f"{quoted(name)} is not served here; {quoted(pin.name)} is"
    if version not in ("", pin.version):
        found["version"] = f"{quoted(version)} is not served here; {quoted(pin.version)} is"
    return found
