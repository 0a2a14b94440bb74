"""Where calls go and how the channel behaves: the same for every shell; pure."""

from __future__ import annotations

import json
import re

from weighbridge._errors import SettingsError

_SCHEMES = ("dns:", "ipv4:", "ipv6:", "unix:", "unix-abstract:", "vsock:", "xds:")
_HOST_AND_PORT = re.compile(r"(\[[0-9A-Fa-f:.%]+\]|[^\s:/\[\]]+):[0-9]{1,5}")

# The largest batch, 65,536 rows, has 6 MiB, or 10 MiB with the longest ids in ASCII.
MESSAGE_SIZES: tuple[tuple[str, int], ...] = (
    ("grpc.max_send_message_length", 16 * 1024 * 1024),
    ("grpc.max_receive_message_length", 16 * 1024 * 1024),
)

CHANNEL_OPTIONS: tuple[tuple[str, str | int], ...] = (
    # Every address behind the name gets calls, and a dead one is stepped over.
    (
        "grpc.service_config",
        json.dumps({"loadBalancingConfig": [{"round_robin": {}}]}),
    ),
    *MESSAGE_SIZES,
    # Finds a peer that froze under a call. A server called without the ingress does not take the
    # pings for abuse: a client sends no more than two in a row without data.
    ("grpc.keepalive_time_ms", 20_000),
    ("grpc.keepalive_timeout_ms", 5_000),
    # Defaults of 1 s growing to 2 min would sleep through an ingress that is back long since.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 2_000),
    ("grpc.dns_min_time_between_resolutions_ms", 5_000),
    ("grpc.primary_user_agent", "weighbridge-python"),
)


def resolve_target(target: str) -> str:
    """Put `dns:///` before a plain host:port; SettingsError where gRPC would guess."""
    if isinstance(target, str):
        if target.startswith(_SCHEMES):
            return target
        if _HOST_AND_PORT.fullmatch(target):
            return f"dns:///{target}"
    raise SettingsError(
        f"target: give host:port, dns:///host:port or ipv4:address:port, not {target!r}; "
        "TLS is chosen by credentials=, not by a scheme"
    )
