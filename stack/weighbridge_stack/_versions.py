"""The versions that the stack serves: those that Envoy can send calls to, and no list besides."""

import re

from weighbridge_ingress.bootstrap import known_versions, load_bootstrap
from weighbridge_stack._errors import StackError
from weighbridge_stack._layout import BOOTSTRAP

_VERSION = re.compile(r"v[1-9]\d*", re.ASCII)


def served_versions() -> tuple[str, ...]:
    """Return what envoy/bootstrap.yaml knows; k8s/version.sh adds to it and takes from it."""
    versions = known_versions(load_bootstrap(BOOTSTRAP))
    for version in versions:
        if not _VERSION.fullmatch(version):
            raise StackError(
                f"{BOOTSTRAP} calls a version {version!r}; a name is “v” and a number, as v7. "
                "Undo that edit, and add versions by k8s/version.sh."
            )
    return versions
