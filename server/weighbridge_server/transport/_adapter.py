"""What a service brings to the server: methods from bytes to bytes, and which are logged."""

from collections.abc import Callable, Mapping
from typing import Protocol

from weighbridge_server.inference import Call, Serving

Method = Callable[[bytes, Call, Serving], bytes]
"""Takes a request, what is known of the call, and the model that serves it from begin to end."""


class Adapter(Protocol):
    """One gRPC service, all of it unary."""

    @property
    def service(self) -> str:
        """Return the full name, package and all."""

    def fits(self, serving: Serving) -> bool:
        """Tell whether this model can answer this service's calls; health says so."""

    @property
    def methods(self) -> Mapping[str, Method]:
        """Return the methods by their names in the proto; they raise domain errors."""

    @property
    def logged(self) -> frozenset[str]:
        """Return the methods whose calls are predictions: each leaves a row, refused or not."""
