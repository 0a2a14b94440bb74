"""The dataset's ranges are those of the wire: what training reads can be sent, and no less."""

import math
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from weighbridge_training import DatasetError, dataset

ROW: dict[str, Any] = {
    "timestamp": datetime(2024, 3, 1, tzinfo=UTC),
    "asset_id": "Truck_7",
    **dict.fromkeys(
        name
        for name in dataset.INPUT_FIELDS
        if name not in ("timestamp", "asset_id", "traffic_status", "delay_reason")
    ),
    "traffic_status": "clear",
    "delay_reason": "none",
    "late": None,
}


@pytest.fixture(scope="module")
def rules(project: Path) -> dict[str, Any]:
    """What the protos demand of each field of a shipment, by its name."""
    content = (project / "protos/logistics/delay/v1/descriptors.binpb").read_bytes()
    pool = descriptor_pool.DescriptorPool()
    for file in descriptor_pb2.FileDescriptorSet.FromString(content).file:
        pool.Add(file)
    # Read by classes of this pool: the stubs do not know the extension that the rules stand in.
    kind = pool.FindMessageTypeByName("google.protobuf.FieldOptions")
    options = cast("Any", message_factory.GetMessageClass(kind))
    rule = pool.FindExtensionByName("buf.validate.field")
    shipment = pool.FindMessageTypeByName("logistics.delay.v1.Shipment")
    return {
        field.name: options.FromString(field.GetOptions().SerializeToString()).Extensions[rule]
        for field in shipment.fields
    }


def limits(rules: dict[str, Any]) -> Iterator[tuple[str, float, float]]:
    for name, rule in rules.items():
        if rule.HasField("double"):
            assert rule.double.HasField("gte"), name
            assert rule.double.HasField("lte"), name
            yield name, rule.double.gte, rule.double.lte


def read_back(folder: Path, rules: dict[str, Any], **values: object) -> dict[str, Any]:
    """Write a row of lowest values with some changed, and read it by the dataset's own rules."""
    row = {**ROW, **{name: low for name, low, _ in limits(rules)}, **values}
    dataset.write_csv(folder / "row.csv", [cast("dataset.Row", row)])
    return cast("dict[str, Any]", dataset.read_csv(folder / "row.csv")[0])


def test_the_columns_are_the_fields(rules: dict[str, Any]) -> None:
    assert set(dataset.INPUT_FIELDS) == set(rules)
    assert len(list(limits(rules))) == 10


def test_numbers_have_the_ranges_of_the_wire(rules: dict[str, Any], tmp_path: Path) -> None:
    for name, low, high in limits(rules):
        for bound, beyond in ((low, -math.inf), (high, math.inf)):
            assert read_back(tmp_path, rules, **{name: bound})[name] == bound
            with pytest.raises(DatasetError, match="outside"):
                read_back(tmp_path, rules, **{name: math.nextafter(bound, beyond)})


def test_texts_have_the_lengths_of_the_wire(rules: dict[str, Any], tmp_path: Path) -> None:
    rule = rules["asset_id"].string
    for length in (rule.min_len, rule.max_len):
        assert read_back(tmp_path, rules, asset_id="x" * length)["asset_id"] == "x" * length
    for length in (rule.min_len - 1, rule.max_len + 1):
        with pytest.raises(DatasetError, match="characters"):
            read_back(tmp_path, rules, asset_id="x" * length)


def test_choices_are_the_enums_of_the_wire() -> None:
    from logistics.delay.v1 import shipment_pb2

    for kind, choices in (
        (shipment_pb2.TrafficStatus, dataset.TRAFFIC_STATUSES),
        (shipment_pb2.DelayReason, dataset.DELAY_REASONS),
    ):
        unspecified, *names = kind.keys()
        prefix = unspecified.removesuffix("UNSPECIFIED")
        assert choices == tuple(name.removeprefix(prefix).lower() for name in names)
