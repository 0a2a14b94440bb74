"""What a server takes of its clients' connections: pings, gzip; and what it tells of them."""

import socket
import struct
import time
from typing import Any

import grpc
import pytest
from grpc_channelz.v1 import channelz_pb2
from grpc_channelz.v1.channelz_pb2_grpc import ChannelzStub
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)

from logistics.delay.v1.delay_service_pb2_grpc import DelayServiceStub
from tests.fix_models import ModelFile
from tests.fix_server import ServerProcess, StartServer
from tests.shipments import GOOD, batch, single

CHANNELZ = "grpc.channelz.v1.Channelz"

# Frames of HTTP/2.
SETTINGS, PING, GOAWAY, ACK = 4, 6, 7, 1


def frame(kind: int, payload: bytes) -> bytes:
    return len(payload).to_bytes(3, "big") + bytes([kind, 0]) + bytes(4) + payload


def read_frame(connection: socket.socket) -> tuple[int, int, bytes]:
    """Return its type, its flags, and what it carries."""
    head = read(connection, 9)
    return head[3], head[4], read(connection, int.from_bytes(head[:3], "big"))


def read(connection: socket.socket, size: int) -> bytes:
    content = b""
    while len(content) < size:
        piece = connection.recv(size - len(content))
        assert piece, "the server closed the connection"
        content += piece
    return content


def test_frequent_pings_do_not_close_a_connection(server: ServerProcess) -> None:
    """More often than any Envoy, and with no call open: by itself gRPC would close it soon."""
    host, _, port = server.target.partition(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(SETTINGS, b""))
        for number in range(50):
            payload = struct.pack(">Q", number)
            connection.sendall(frame(PING, payload))
            while (answer := read_frame(connection)) != (PING, ACK, payload):
                assert answer[0] != GOAWAY, answer
            time.sleep(0.01)  # the rhythm of the pings


def test_gzip_is_understood_by_both_services(server: ServerProcess) -> None:
    with grpc.insecure_channel(server.target, compression=grpc.Compression.Gzip) as channel:
        answer = DelayServiceStub(channel).PredictBatch(batch([GOOD] * 500), timeout=10)
        assert len(answer.probabilities) == 500
        ready: Any = channel.unary_unary("/inference.GRPCInferenceService/ServerReady")
        assert ready(b"", timeout=10) == b"\x08\x01"  # ready: true


def test_channelz_is_there_when_it_is_asked_for(
    start_server: StartServer, model_file: ModelFile
) -> None:
    server = start_server(model_file, WEIGHBRIDGE_CHANNELZ="true")
    server.stub.Predict(single(), timeout=10)
    stub: Any = ChannelzStub(server.channel)
    (told,) = stub.GetServers(channelz_pb2.GetServersRequest(), timeout=10).server
    assert told.data.calls_started >= 1
    assert CHANNELZ in ProtoReflectionDescriptorDatabase(server.channel).get_services()


def test_channelz_is_not_there_otherwise(server: ServerProcess) -> None:
    stub: Any = ChannelzStub(server.channel)
    with pytest.raises(grpc.RpcError) as caught:
        stub.GetServers(channelz_pb2.GetServersRequest(), timeout=10)
    error: Any = caught.value
    assert error.code() is grpc.StatusCode.UNIMPLEMENTED
    assert CHANNELZ not in ProtoReflectionDescriptorDatabase(server.channel).get_services()
