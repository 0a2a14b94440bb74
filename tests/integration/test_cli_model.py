"""`weighbridge model show`: what a server tells of its model, and of the one it could not take."""

import json

import grpc

from logistics.delay.v1 import delay_service_pb2 as service_pb2
from logistics.delay.v1 import model_pb2
from tests.fix_cli import Shell
from weighbridge.testing import FakeServer


class Follower(FakeServer):
    """A server that follows an alias and could not load what it names now."""

    def GetModel(  # noqa: N802 - as gRPC calls it
        self, request: service_pb2.GetModelRequest, context: grpc.ServicerContext
    ) -> service_pb2.GetModelResponse:
        answer = super().GetModel(request, context)
        answer.model.alias = "production"
        answer.model.mode = model_pb2.SOURCE_MODE_ALIAS
        answer.model.source = model_pb2.BYTES_SOURCE_CACHE
        failure = answer.model.last_error
        failure.description, failure.reason = "other bytes; register again", "DIGEST_MISMATCH"
        failure.version, failure.attempts = "8", 3
        failure.failed_time.FromSeconds(1_700_000_000)
        return answer


def asking(server: FakeServer, shell: Shell) -> Shell:
    return Shell(shell.folder, {"WEIGHBRIDGE_TARGET": server.target})


def rows(shown: str) -> dict[str, str]:
    """Return the printed table, wrapped cells joined."""
    found: dict[str, str] = {}
    name = ""
    for line in shown.splitlines():
        head, _, text = line.strip().partition("  ")
        if line[:2].strip() and text:
            name = head
            found[name] = text.strip()
        elif name:
            found[name] += f" {line.strip()}"
    return found


def test_a_model_that_is_not_the_wanted_one_says_why(shell: Shell) -> None:
    with Follower() as server:
        shown = rows(asking(server, shell).ok("model", "show"))
    assert shown["chosen by"] == "alias production"
    assert shown["read from"] == "cache"
    assert shown["not served"] == (
        "version 8 (DIGEST_MISMATCH, 3 tries, last 2023-11-14 22:13:20 UTC): "
        "other bytes; register again"
    )


def test_the_same_as_json(shell: Shell) -> None:
    with Follower() as server:
        shown = json.loads(asking(server, shell).ok("model", "show", "-o", "json"))
    assert (shown["mode"], shown["alias"], shown["source"]) == ("alias", "production", "cache")
    error = shown["last_error"]
    assert (error["reason"], error["version"], error["attempts"]) == ("DIGEST_MISMATCH", "8", 3)
    assert error["failed_time"].startswith("2023-11-14T22:13:20")


def test_a_model_that_is_the_wanted_one_says_nothing_of_it(
    fake_server: FakeServer, shell: Shell
) -> None:
    assert "not served" not in asking(fake_server, shell).ok("model", "show")
