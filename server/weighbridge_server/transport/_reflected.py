"""What reflection tells of: our services with their field rules, and the libraries'."""

from typing import Any, Final

from google.protobuf import any_pb2, duration_pb2, timestamp_pb2, wrappers_pb2
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_channelz.v1 import channelz_pb2
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2

from weighbridge_server.transport.delay import descriptor_pool
from weighbridge_server.transport.openinference import DESCRIPTOR as OPEN_INFERENCE

# A file after those it imports. The stubs give them a type that does not have `serialized_pb`.
_FILES: Final[tuple[Any, ...]] = (
    OPEN_INFERENCE,
    health_pb2.DESCRIPTOR,
    reflection_pb2.DESCRIPTOR,
    any_pb2.DESCRIPTOR,
    duration_pb2.DESCRIPTOR,
    timestamp_pb2.DESCRIPTOR,
    wrappers_pb2.DESCRIPTOR,
    channelz_pb2.DESCRIPTOR,
)


def reflected_pool() -> DescriptorPool:
    """Return the delay package's pool, rules and all, with the other services' files in it."""
    pool = descriptor_pool()
    for file in _FILES:
        pool.AddSerializedFile(file.serialized_pb)
    return pool
