"""Small looks from outside at whether a part works."""

import socket
import urllib.error
import urllib.request

import grpc
from grpc_health.v1 import health_pb2

_TIMEOUT_S = 2


def tcp(host: str, port: int) -> bool:
    """Tell whether something accepts a connection; OSError if not."""
    socket.create_connection((host, port), timeout=_TIMEOUT_S).close()
    return True


def http(url: str, expected: int = 200) -> bool:
    """Tell whether a GET gives the expected status; OSError if nothing answers."""
    try:
        with urllib.request.urlopen(url, timeout=_TIMEOUT_S) as response:  # noqa: S310 - our own address
            return bool(response.status == expected)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code == expected


def grpc_serving(target: str, service: str) -> bool:
    """Tell whether a server says SERVING for a service."""
    with grpc.insecure_channel(target) as channel:
        check = channel.unary_unary(
            "/grpc.health.v1.Health/Check",
            request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
            response_deserializer=health_pb2.HealthCheckResponse.FromString,
        )
        try:
            answer = check(health_pb2.HealthCheckRequest(service=service), timeout=_TIMEOUT_S)
        except grpc.RpcError:
            return False
        return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)
