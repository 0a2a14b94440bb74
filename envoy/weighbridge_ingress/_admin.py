"""What Envoy itself says it runs, and what it counted."""

from __future__ import annotations

import http.client
import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote, urlsplit

from weighbridge_ingress._errors import AdminError
from weighbridge_ingress._routes import ROUTE_CONFIGURATION

if TYPE_CHECKING:
    from collections.abc import Collection

_TIMEOUT_S = 2.0
# The methods that become rows of the prediction log, of whichever service. One that predicts is
# added here.
_PREDICTING = ("Predict", "PredictBatch", "ModelInfer")


class LiveRoutes(NamedTuple):
    """The route configuration that Envoy serves by, and since when (ISO 8601, UTC)."""

    config: dict[str, Any]
    last_updated: str


class EnvoyAdmin:
    """A small read-only client of one Envoy's admin; keeps its connection."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._url = url
        self._connection = http.client.HTTPConnection(
            parts.hostname or "127.0.0.1", parts.port or 80, timeout=_TIMEOUT_S
        )

    def routes(self) -> LiveRoutes | None:
        """Read the routes in force, None while Envoy has none. Raises AdminError."""
        dump = self._get("/config_dump?resource=dynamic_route_configs")
        for entry in dump.get("configs", ()):
            config = entry.get("route_config", {})
            if config.get("name") == ROUTE_CONFIGURATION:
                return LiveRoutes(config, entry.get("last_updated", ""))
        return None

    def routed_calls(self, versions: Collection[str]) -> dict[str, int]:
        """Count the finished weighted predictions per version since Envoy's start.

        Only weighted calls enter by an aggregate cluster, which bears the version's name; pins
        and shadows enter the strict clusters. Raises AdminError.
        """
        names = "|".join(re.escape(version) for version in sorted(versions))
        methods = "|".join(_PREDICTING)
        pattern = quote(rf"^cluster\.({names})\.grpc\.[^.]+\.({methods})\.total$")
        calls = dict.fromkeys(versions, 0)
        for stat in self._get(f"/stats?format=json&filter={pattern}").get("stats", ()):
            if "name" in stat:
                calls[stat["name"].split(".")[1]] += int(stat["value"])
        return calls

    def rejected_updates(self) -> int:
        """Count the route files that Envoy refused since its start. Raises AdminError."""
        pattern = quote(r"^http\.ingress\.rds\..*\.update_(rejected|failure)$")
        stats = self._get(f"/stats?format=json&filter={pattern}").get("stats", ())
        return sum(int(stat["value"]) for stat in stats if "value" in stat)

    def _get(self, path: str) -> dict[str, Any]:
        try:
            self._connection.request("GET", path)
            response = self._connection.getresponse()
            body = response.read()
            if response.status != http.HTTPStatus.OK:
                raise AdminError(f"Envoy's admin {self._url} answers {response.status} to {path}")
            answer: dict[str, Any] = json.loads(body)
        except (OSError, http.client.HTTPException, ValueError) as error:
            self._connection.close()  # the next request opens it again
            reason = str(error) or type(error).__name__
            raise AdminError(f"Envoy's admin {self._url} does not answer: {reason}") from error
        return answer
