"""A running server follows its alias: moved, renamed, reconfigured; under load, without a loss."""

import math
from collections.abc import Callable
from functools import partial
from pathlib import Path

import grpc
import pytest
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse

from tests.counting import eventually
from tests.fix_models import ModelFile, build_model, slow_from
from tests.fix_registry import Registry
from tests.fix_server import ServerProcess, StartServer
from tests.following import (
    ROW,
    WITHIN_S,
    assert_none_lost,
    assert_versions_not_mixed,
    lines,
    served,
    told_of,
    wait_for_failure,
    wait_for_recovery,
    wait_for_version,
)
from tests.load import Counted, load
from tests.mounted import Mounted
from tests.shipments import single

WriteModel = Callable[[bytes], ModelFile]
MOVES = 8


@pytest.fixture
def newer(write_model: WriteModel) -> ModelFile:
    """A model that gives other answers than the common one."""
    return write_model(build_model(bias=1.0))


@pytest.fixture
def mounted(tmp_path: Path) -> Mounted:
    """The ConfigMap's folder."""
    return Mounted(tmp_path / "model-config")


def configured(registry: Registry, folder: Path) -> dict[str, str]:
    """Return the variables of a server that is told by the folder alone."""
    unnamed = {"MODEL_NAME": "", "MODEL_ALIAS": "", "WEIGHBRIDGE_MODEL_CONFIG_DIR": str(folder)}
    return registry.asking("") | unnamed


def wait_for_releases(server: ServerProcess, count: int) -> None:
    def released() -> None:
        assert len(lines(server, "model released")) == count, server.log

    eventually(released, WITHIN_S)


def check_answered(counted: Counted, version: str) -> None:
    assert version in {answer.model.version for answer in counted.predictions}


def test_an_alias_moved_back_and_forth_under_load_loses_no_call(
    start_server: StartServer, model_file: ModelFile, newer: ModelFile, registry: Registry
) -> None:
    versions = [registry.publish("live", newer), registry.publish("live", model_file)]
    server = start_server(model_file, **registry.asking("live"))
    with load(server.target, [ROW], rate=200) as counted:
        for move in range(MOVES):
            registry.move("live", versions[move % 2])
            wait_for_version(server, versions[move % 2])
    assert_none_lost(counted, server)
    assert_versions_not_mixed(counted)
    assert {answer.model.version for answer in counted.predictions} == set(versions)
    swaps = lines(server, "model swapped")
    assert [(line["from_version"], line["to_version"]) for line in swaps] == [
        ("2", "1") if move % 2 == 0 else ("1", "2") for move in range(MOVES)
    ]
    assert swaps[0]["to_digest"] == f"sha256:{newer.sha256}"
    wait_for_releases(server, MOVES)
    server.ask_to_stop()
    assert server.process.wait(20) == 0


def test_the_old_model_stays_until_its_last_call_ends(
    start_server: StartServer, newer: ModelFile, write_model: WriteModel, registry: Registry
) -> None:
    slow = write_model(build_model(twist=slow_from(1000, 200_000)))
    registry.publish("live", slow)
    new = registry.add(registry.register(newer))
    server = start_server(slow, **registry.asking("live"))

    def released() -> list[str]:
        told = lines(server, "model released")
        return [line["digest"] for line in told if line["version"] == "1"]

    def check_released(times: int) -> None:
        assert released() == [f"sha256:{slow.sha256}"] * times

    # No call can be told to last for just one swap: each is longer, until one does.
    for swaps, pieces in enumerate((40, 160, 640, 2560, 10_240)):
        registry.move("live", "1")
        wait_for_version(server, "1")
        long_call = server.stub.Predict.future(single(inventory_level=1000.0 + pieces), timeout=300)
        # Threads take calls in their order: when this one is answered, the other has begun.
        assert server.stub.Predict(single(), timeout=10).model.version == "1"
        registry.move("live", new)
        wait_for_version(server, new)
        assert server.stub.Predict(single(), timeout=10).model.version == new
        seen = released()
        if not long_call.done():
            assert len(seen) == swaps
            break
        eventually(partial(check_released, swaps + 1), WITHIN_S)
    else:
        pytest.fail("no call lasted for a swap")
    assert long_call.result(300).model.version == "1"
    eventually(partial(check_released, swaps + 1), WITHIN_S)


def test_a_changed_configuration_is_followed(
    start_server: StartServer,
    model_file: ModelFile,
    newer: ModelFile,
    registry: Registry,
    mounted: Mounted,
) -> None:
    registry.publish("production", model_file)
    registry.publish("next", newer)
    mounted.write({"MODEL_NAME": registry.name, "MODEL_ALIAS": "production"})
    server = start_server(model_file, **configured(registry, mounted.folder))
    with load(server.target, [ROW], rate=100) as counted:
        eventually(partial(check_answered, counted, "1"), WITHIN_S)
        mounted.write({"MODEL_NAME": registry.name, "MODEL_ALIAS": "next"})
        eventually(partial(check_answered, counted, "2"), WITHIN_S)
    assert served(server).alias == "next"
    assert_none_lost(counted, server)


def test_another_model_takes_its_place(
    start_server: StartServer,
    model_file: ModelFile,
    newer: ModelFile,
    registry: Registry,
    mounted: Mounted,
) -> None:
    other = Registry(registry.server, f"{registry.name}-other")
    registry.publish("production", model_file)
    other.publish("production", newer)
    mounted.write({"MODEL_NAME": registry.name})
    server = start_server(model_file, **configured(registry, mounted.folder))
    assert server.stub.Predict(single(), timeout=10).model.name == registry.name
    mounted.write({"MODEL_NAME": other.name})

    def answers() -> None:
        assert server.stub.Predict(single(), timeout=10).model.name == other.name

    eventually(answers, WITHIN_S)
    assert {row.model_name for row in server.rows} == {registry.name, other.name}
    assert served(server).alias == "production"


@pytest.mark.parametrize(
    "half", [{"MODEL_NAME": None}, {"MODEL_ALIAS": ""}], ids=["a file is missing", "one is empty"]
)
def test_half_a_configuration_changes_nothing_and_is_told(
    half: dict[str, str | None],
    start_server: StartServer,
    model_file: ModelFile,
    newer: ModelFile,
    registry: Registry,
    mounted: Mounted,
) -> None:
    registry.publish("production", newer)
    registry.publish("live", model_file)
    whole = {"MODEL_NAME": registry.name, "MODEL_ALIAS": "live"}
    mounted.write(whole)
    server = start_server(model_file, **configured(registry, mounted.folder))
    wait_for_version(server, "2")
    mounted.write({name: value for name, value in (whole | half).items() if value is not None})

    def told() -> None:
        warnings = lines(
            server, "the model's configuration is incomplete; going on with what it said before"
        )
        assert [line["missing_or_empty"] for line in warnings] == [list(half)]

    eventually(told, WITHIN_S)
    model = served(server)
    assert (model.model.version, model.alias) == ("2", "live")
    assert not model.HasField("last_error")
    mounted.write(whole | {"MODEL_ALIAS": "production"})
    wait_for_version(server, "1")


def test_a_configuration_that_cannot_be_used_changes_nothing_and_is_told(
    start_server: StartServer,
    model_file: ModelFile,
    newer: ModelFile,
    registry: Registry,
    mounted: Mounted,
) -> None:
    registry.publish("live", model_file)
    registry.publish("production", newer)
    whole = {"MODEL_NAME": registry.name, "MODEL_ALIAS": "live"}
    mounted.write(whole)
    server = start_server(model_file, **configured(registry, mounted.folder))
    wait_for_version(server, "1")
    mounted.write(whole | {"MODEL_ALIAS": "x" * 5000})
    text = "the model's configuration cannot be used; going on with what it said before"

    def told() -> None:
        (line,) = lines(server, text) or [{"error": ""}]
        assert f"{mounted.folder / 'MODEL_ALIAS'} has more than 4096 bytes" in line["error"]

    eventually(told, WITHIN_S)
    model = served(server)
    assert (model.model.version, model.alias) == ("1", "live")
    mounted.write(whole | {"MODEL_ALIAS": "production"})
    wait_for_version(server, "2")


def test_the_same_version_with_other_bytes_is_loaded_anew(
    start_server: StartServer, model_file: ModelFile, newer: ModelFile, registry: Registry
) -> None:
    number = registry.publish("live", model_file)
    server = start_server(model_file, **registry.asking("live"))
    assert served(server).model.digest == f"sha256:{model_file.sha256}"
    tags = registry.register(newer)
    # Between the two the version's tags do not fit each other, which changes nothing.
    for key, value in tags.items():
        registry.client.set_model_version_tag(registry.name, number, key, value)

    def serves() -> None:
        assert served(server).model.digest == f"sha256:{newer.sha256}"

    eventually(serves, WITHIN_S)
    wait_for_recovery(server)


@pytest.mark.parametrize(
    ("metadata", "reason"),
    [
        ({"weighbridge.threshold": None}, "SIGNATURE"),
        ({"weighbridge.smoke": None}, "BROKEN_ARTEFACT"),
        (
            {
                "weighbridge.smoke": '{"inputs": {}, "outputs": {"probability": [0.5]}, '
                '"tolerance": 1e-5}'
            },
            "SMOKE_TEST",
        ),
    ],
)
def test_a_model_that_may_not_answer_never_does(
    metadata: dict[str, str | None],
    reason: str,
    start_server: StartServer,
    model_file: ModelFile,
    write_model: WriteModel,
    registry: Registry,
) -> None:
    registry.publish("live", model_file)
    server = start_server(model_file, **registry.asking("live"))
    with load(server.target, [ROW], rate=100) as counted:
        bad = registry.publish("live", write_model(build_model(bias=2.0, metadata=metadata)))
        failure = wait_for_failure(server, lambda told: told.attempts > 1)
        assert (failure.reason, failure.version) == (reason, bad)
        registry.move("live", "1")
        wait_for_recovery(server)
    assert_none_lost(counted, server)
    assert {answer.model.version for answer in counted.predictions} == {"1"}
    assert told_of(server, bad) == [failure.description]


def test_an_alias_that_goes_away_changes_nothing(
    start_server: StartServer, model_file: ModelFile, registry: Registry
) -> None:
    registry.publish("live", model_file)
    server = start_server(model_file, **registry.asking("live"))
    wait_for_version(server, "1")
    registry.client.delete_registered_model_alias(registry.name, "live")
    failure = wait_for_failure(server)
    assert (failure.reason, failure.version) == ("UNRESOLVED_ALIAS", "")
    assert server.stub.Predict(single(), timeout=10).model.version == "1"
    registry.move("live", "1")
    wait_for_recovery(server)


def test_health_follows_the_model(
    start_server: StartServer,
    model_file: ModelFile,
    write_model: WriteModel,
    registry: Registry,
) -> None:
    registry.publish("live", model_file)
    server = start_server(model_file, **registry.asking("live", WEIGHBRIDGE_SIGNATURE="any"))

    def said(service: str) -> str:
        answer = server.health.Check(HealthCheckRequest(service=service), timeout=10)
        return HealthCheckResponse.ServingStatus.Name(answer.status)

    assert said("logistics.delay.v1.DelayService") == "SERVING"
    unlabelled = build_model(bias=1.0, metadata={"weighbridge.threshold": None})
    registry.publish("live", write_model(unlabelled))
    wait_for_version(server, "2")
    assert math.isnan(served(server).threshold)

    def left() -> None:
        assert said("logistics.delay.v1.DelayService") == "NOT_SERVING"

    eventually(left, WITHIN_S)
    assert said("") == said("inference.GRPCInferenceService") == "SERVING"
    with pytest.raises(grpc.RpcError, match=r"it has no weighbridge\.threshold") as caught:
        server.stub.Predict(single(), timeout=10)
    assert caught.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    registry.move("live", "1")

    def back() -> None:
        assert said("logistics.delay.v1.DelayService") == "SERVING"

    eventually(back, WITHIN_S)
    assert server.stub.Predict(single(), timeout=10).model.version == "1"
