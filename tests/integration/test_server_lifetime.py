"""How a server starts, refuses to start, stops and dies."""

import json
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha.reflection_pb2 import ServerReflectionRequest
from grpc_reflection.v1alpha.reflection_pb2_grpc import ServerReflectionStub

from logistics.delay.v1 import delay_service_pb2 as pb
from logistics.delay.v1.delay_service_pb2_grpc import DelayServiceStub
from tests.counting import eventually
from tests.fix_models import ModelFile, build_model, slow_from
from tests.fix_s3 import S3
from tests.fix_server import ServerProcess, StartServer
from tests.shipments import single

SERVICE = "logistics.delay.v1.DelayService"
# A client that asks each server's health and goes round those that serve: what Envoy does.
BALANCED = json.dumps(
    {
        "loadBalancingConfig": [{"round_robin": {}}],
        "healthCheckConfig": {"serviceName": SERVICE},
    }
)

TRIES_AGAIN = json.dumps(
    {
        "methodConfig": [
            {
                "name": [{}],
                "retryPolicy": {
                    "maxAttempts": 3,
                    "initialBackoff": "0.01s",
                    "maxBackoff": "0.1s",
                    "backoffMultiplier": 2,
                    "retryableStatusCodes": ["CANCELLED", "UNAVAILABLE"],
                },
            }
        ],
    }
)


def refusal(server: ServerProcess) -> tuple[int, str]:
    """Wait for a server that cannot serve; return its exit code and its last line."""
    code = server.process.wait(30)
    return code, server.log.splitlines()[-1]


def in_s3(s3: S3, model: ModelFile) -> str:
    """Put the artefact into the bucket; return its address."""
    key = f"{model.sha256[:12]}/model.onnx"
    s3.client().put_object(Bucket="mlflow", Key=key, Body=model.path.read_bytes())
    return f"s3://mlflow/{key}"


@pytest.mark.parametrize("name", ["", SERVICE])
def test_it_says_serving_by_name(name: str, server: ServerProcess) -> None:
    answer = server.health.Check(health_pb2.HealthCheckRequest(service=name), timeout=10)
    assert answer.status == health_pb2.HealthCheckResponse.SERVING


def test_other_bytes_than_the_pinned_end_it(
    start_server: StartServer, model_file: ModelFile
) -> None:
    code, line = refusal(start_server(ModelFile(model_file.path, "0" * 64)))
    assert code == 1
    assert json.loads(line)["message"] == "not serving"
    assert json.loads(line)["kind"] == "DigestMismatchError"
    assert model_file.sha256 in line


def test_a_missing_artefact_ends_it(start_server: StartServer, model_file: ModelFile) -> None:
    code, line = refusal(start_server(ModelFile(model_file.path / "gone", model_file.sha256)))
    assert code == 1
    assert "gone" in line


def test_a_broken_artefact_ends_it(start_server: StartServer, model_file: ModelFile) -> None:
    model_file.path.write_bytes(model_file.path.read_bytes()[:-100])
    code, line = refusal(start_server(model_file))
    assert code == 1
    assert "DigestMismatchError" in line


def test_it_serves_from_s3(start_server: StartServer, model_file: ModelFile, s3: S3) -> None:
    uri = in_s3(s3, model_file)
    server = start_server(model_file, MODEL_URI=uri, **s3.environment)
    assert server.stub.GetModel(pb.GetModelRequest(), timeout=10).model.uri == uri


def test_a_missing_object_ends_it(start_server: StartServer, model_file: ModelFile, s3: S3) -> None:
    uri = in_s3(s3, model_file).replace("model.onnx", "gone.onnx")
    code, line = refusal(start_server(model_file, MODEL_URI=uri, **s3.environment))
    assert code == 1
    assert "ArtefactMissingError" in line
    assert uri in line


def test_a_store_that_refuses_the_keys_ends_it(
    start_server: StartServer, model_file: ModelFile, s3: S3
) -> None:
    variables = {**s3.environment, "AWS_SECRET_ACCESS_KEY": "wrong"}
    uri = in_s3(s3, model_file)
    code, line = refusal(start_server(model_file, MODEL_URI=uri, **variables))
    assert code == 1
    assert "StoreUnreachableError" in line
    assert "check the AWS keys" in line


def test_a_store_without_keys_ends_it(
    start_server: StartServer, model_file: ModelFile, s3: S3, tmp_path: Path
) -> None:
    nowhere = {
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none"),
    }
    server = start_server(
        model_file,
        MODEL_URI=in_s3(s3, model_file),
        MLFLOW_S3_ENDPOINT_URL=s3.endpoint,
        **nowhere,
    )
    code, line = refusal(server)
    assert code == 1
    assert "StoreUnreachableError" in line
    assert "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY" in line


def test_an_address_that_is_none_ends_it(start_server: StartServer, model_file: ModelFile) -> None:
    variables = {"MODEL_URI": "s3://mlflow/x", "MLFLOW_S3_ENDPOINT_URL": "http://:"}
    code, line = refusal(start_server(model_file, **variables))
    assert code == 1
    assert "correct MLFLOW_S3_ENDPOINT_URL" in line


def test_a_pin_that_is_not_yet_made_ends_it(
    start_server: StartServer, model_file: ModelFile
) -> None:
    code, line = refusal(start_server(model_file, MODEL_URI="", MODEL_SHA256=""))
    assert code == 2
    assert json.loads(line)["message"] == (
        "MODEL_URI and MODEL_SHA256 are empty; pin a version: "
        "`weighbridge model pin v7 --version 7 -e <environment>`"
    )


def test_a_store_that_does_not_answer_ends_it(
    start_server: StartServer, model_file: ModelFile
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{closed.getsockname()[1]}"
        server = start_server(
            model_file,
            MODEL_URI="s3://mlflow/7/model.onnx",
            MLFLOW_S3_ENDPOINT_URL=endpoint,
            AWS_ACCESS_KEY_ID="x",
            AWS_SECRET_ACCESS_KEY="x",
            AWS_DEFAULT_REGION="us-east-1",
        )
        code, line = refusal(server)
    assert code == 1
    assert "StoreUnreachableError" in line
    assert endpoint in line


def test_a_server_that_still_loads_ends_at_once(
    start_server: StartServer, model_file: ModelFile, s3: S3
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(20)
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
        variables = {**s3.environment, "MLFLOW_S3_ENDPOINT_URL": endpoint}
        server = start_server(model_file, MODEL_URI="s3://mlflow/7/model.onnx", **variables)
        with silent.accept()[0]:
            server.ask_to_stop()
            assert server.process.wait(15) == 128 + signal.SIGTERM
    assert server.log == ""


def test_an_address_in_use_ends_it(start_server: StartServer, model_file: ModelFile) -> None:
    taken = start_server(model_file).target
    server = start_server(model_file, WEIGHBRIDGE_LISTEN=taken)
    assert server.process.wait(30) == 1
    # gRPC's own library has written a line before ours.
    assert f"cannot listen on {taken}" in server.records[-1]["error"]


def test_wrong_settings_end_it(start_server: StartServer, model_file: ModelFile) -> None:
    server = start_server(model_file, MODEL_SHA256="short", WEIGHBRIDGE_THREADS="0")
    assert server.process.wait(30) == 2
    named = [message.partition(": ")[0] for message in server.messages]
    assert named == ["MODEL_SHA256", "WEIGHBRIDGE_THREADS"]
    assert len(server.log.splitlines()) == 2


def test_leaving_under_load_loses_no_call(start_server: StartServer, model_file: ModelFile) -> None:
    leaving, staying = start_server(model_file), start_server(model_file)
    addresses = ",".join(server.target for server in (leaving, staying))
    options = [("grpc.service_config", BALANCED), ("grpc.enable_retries", 0)]
    ended = threading.Event()
    with grpc.insecure_channel(f"ipv4:{addresses}", options) as channel:
        stub = DelayServiceStub(channel)

        def call_on() -> int:
            calls = 0
            while not ended.is_set():
                stub.Predict(single(), timeout=10, wait_for_ready=False)
                calls += 1
            return calls

        def both_answer() -> None:
            assert leaving.rows
            assert staying.rows

        grpc.channel_ready_future(channel).result(10)
        with ThreadPoolExecutor(4) as callers:
            counts = [callers.submit(call_on) for _ in range(4)]
            try:
                eventually(both_answer, within_s=10)
                leaving.ask_to_stop()
                code = leaving.process.wait(20)
                answered_alone = len(staying.rows)
                eventually(lambda: _assert_more(staying, answered_alone), within_s=10)
            finally:
                ended.set()
            calls = sum(count.result() for count in counts)
    assert code == 0
    rows = leaving.rows + staying.rows
    assert len(rows) == len({row.prediction_id for row in rows}) == calls
    assert {row.status_code for row in rows} == {"OK"}


def test_goaway_alone_loses_no_call_of_a_client_that_tries_again(
    start_server: StartServer, model_file: ModelFile
) -> None:
    """A client that asks nobody's health: it learns of the end from the connection itself.

    Only its retries save it: gRPC answers a call that meets the GOAWAY half way with CANCELLED,
    unbegun.
    """
    leaving = start_server(model_file, WEIGHBRIDGE_DRAIN_WAIT_S="0")
    staying = start_server(model_file)
    addresses = ",".join(server.target for server in (leaving, staying))
    ended = threading.Event()
    options = [("grpc.service_config", TRIES_AGAIN)]
    with grpc.insecure_channel(f"ipv4:{addresses}", options) as channel:
        stub = DelayServiceStub(channel)

        def call_on() -> int:
            calls = 0
            while not ended.is_set():
                stub.Predict(single(), timeout=10)
                calls += 1
            return calls

        grpc.channel_ready_future(channel).result(10)
        with ThreadPoolExecutor(4) as callers:
            counts = [callers.submit(call_on) for _ in range(4)]
            try:
                eventually(lambda: _assert_more(leaving, 50), within_s=20)
                leaving.ask_to_stop()
                assert leaving.process.wait(20) == 0
                eventually(lambda: _assert_more(staying, 50), within_s=20)
            finally:
                ended.set()
            calls = sum(count.result() for count in counts)
    rows = leaving.rows + staying.rows
    assert len(rows) == len({row.prediction_id for row in rows}) == calls
    assert {row.status_code for row in rows} == {"OK"}


def test_open_streams_do_not_hold_up_the_stop(server: ServerProcess) -> None:
    watch = server.health.Watch(health_pb2.HealthCheckRequest())
    assert next(watch).status == health_pb2.HealthCheckResponse.SERVING
    server.ask_to_stop()
    assert next(watch).status == health_pb2.HealthCheckResponse.NOT_SERVING
    # The limit for running calls is 20 s; a watch is none.
    assert server.process.wait(15) == 0
    assert server.messages[-4:] == [
        "serving",
        "stopping: not serving",
        "stopping: finishing running calls",
        "stopped",
    ]


def test_streams_that_wait_for_a_thread_do_not_hold_up_the_stop(server: ServerProcess) -> None:
    ended = threading.Event()

    def never_ending() -> Iterator[ServerReflectionRequest]:
        yield ServerReflectionRequest(list_services="")
        ended.wait()

    stub: Any = ServerReflectionStub(server.channel)
    try:
        streams = [stub.ServerReflectionInfo(never_ending(), timeout=60) for _ in range(2)]
        assert all(next(stream).list_services_response.service for stream in streams)
        streams += [stub.ServerReflectionInfo(never_ending(), timeout=60) for _ in range(3)]
        # Calls arrive in their order: when this one is answered, the streams are there.
        assert server.stub.Predict(single(), timeout=10).prediction_id
        server.ask_to_stop()
        assert server.process.wait(15) == 0
    finally:
        ended.set()


def test_a_call_that_its_caller_gave_up_is_logged_before_the_end(
    start_server: StartServer, write_model: Callable[[bytes], ModelFile]
) -> None:
    server = start_server(write_model(build_model(twist=slow_from(1000, 200_000))))
    with pytest.raises(grpc.RpcError) as caught:
        server.stub.Predict(single(inventory_level=1010.0), timeout=0.1)
    assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    server.ask_to_stop()
    assert server.process.wait(20) == 0
    assert [row.status_code for row in server.rows] == ["OK"]
    assert "spool cannot write; rows are dropped" not in server.messages


def test_a_call_that_never_ends_does_not_hold_up_the_stop(
    start_server: StartServer, write_model: Callable[[bytes], ModelFile]
) -> None:
    model = write_model(build_model(twist=slow_from(1000, 1_000_000)))
    server = start_server(model, WEIGHBRIDGE_STOP_LIMIT_S="0.5")
    endless = server.stub.Predict.future(single(inventory_level=1e6), timeout=60)
    # Threads take calls in their order: when this one is answered, the other has begun.
    answered = server.stub.Predict(single(), timeout=10)
    server.ask_to_stop()
    assert server.process.wait(10) == 1
    assert endless.exception(10) is not None
    assert [str(row.prediction_id) for row in server.rows] == [answered.prediction_id]
    assert server.records[-1]["message"] == "stopped before all calls had ended"
    assert server.records[-1]["calls"] == 1


def test_it_starts_again_from_its_copy_without_the_store(
    start_server: StartServer, model_file: ModelFile, s3: S3, tmp_path: Path
) -> None:
    uri = in_s3(s3, model_file)
    variables = {"MODEL_URI": uri, "WEIGHBRIDGE_MODEL_CACHE_DIR": str(tmp_path / "cache")}
    first = start_server(model_file, **variables, **s3.environment)
    assert first.target
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{closed.getsockname()[1]}"
        gone = {**s3.environment, "MLFLOW_S3_ENDPOINT_URL": endpoint}
        again = start_server(model_file, **variables, **gone)
        assert again.stub.GetModel(pb.GetModelRequest(), timeout=10).model.uri == uri
    assert "model read from the cache" in again.messages


def test_rows_survive_the_host_when_it_is_so_set(
    start_server: StartServer, model_file: ModelFile
) -> None:
    server = start_server(model_file, WEIGHBRIDGE_SPOOL_DURABILITY="host")
    assert server.stub.Predict(single(), timeout=10).prediction_id
    assert len(server.rows) == 1


def test_text_logs_tell_as_much(start_server: StartServer, model_file: ModelFile) -> None:
    server = start_server(
        ModelFile(model_file.path / "gone", model_file.sha256), WEIGHBRIDGE_LOG_FORMAT="text"
    )
    code, line = refusal(server)
    assert code == 1
    assert " error weighbridge_server not serving error=" in line
    assert "gone" in line


def test_an_answered_prediction_survives_kill_9(server: ServerProcess) -> None:
    answers = [server.stub.Predict(single(), timeout=10) for _ in range(20)]
    server.kill()
    assert [str(row.prediction_id) for row in server.rows] == [
        answer.prediction_id for answer in answers
    ]


def _assert_more(server: ServerProcess, than: int) -> None:
    assert len(server.rows) > than
