"""The table from domain errors to codes has every one of them."""

import grpc
import pytest
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo  # type: ignore[import-untyped]
from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]

from weighbridge_server.models import ModelError, ModelRunError
from weighbridge_server.transport import InvalidRequestError, RequestError, Violation
from weighbridge_server.transport._status import CODES, UNKNOWN_TEXT, describe_failure


def leaves(kind: type[Exception]) -> set[type[Exception]]:
    below = kind.__subclasses__()
    return set.union(*(leaves(each) for each in below)) if below else {kind}


def test_every_domain_error_has_a_code() -> None:
    assert leaves(ModelError) | leaves(RequestError) == set(CODES)


@pytest.mark.parametrize("error", [RuntimeError("secret"), ModelRunError("secret"), KeyError("x")])
def test_the_inside_stays_inside(error: Exception) -> None:
    failure = describe_failure(error)
    assert failure.code is grpc.StatusCode.INTERNAL
    assert failure.status.details == UNKNOWN_TEXT
    assert not failure.expected
    assert b"secret" not in b"".join(
        value for _, value in failure.status.trailing_metadata if isinstance(value, bytes)
    )


def test_bad_fields_are_listed_and_the_first_are_named() -> None:
    fields = [Violation(f"shipment.f{index}", "is wrong") for index in range(5)]
    failure = describe_failure(InvalidRequestError(fields))
    assert failure.code is grpc.StatusCode.INVALID_ARGUMENT
    assert failure.field == "shipment.f0"
    assert failure.status.details.startswith("shipment.f0: is wrong; shipment.f1: is wrong")
    assert failure.status.details.endswith("and 2 more")
    status = Status.FromString(dict(failure.status.trailing_metadata)["grpc-status-details-bin"])
    info, bad = ErrorInfo(), BadRequest()
    assert status.details[0].Unpack(info)
    assert status.details[1].Unpack(bad)
    assert (info.reason, info.domain) == ("INVALID_REQUEST", "weighbridge")
    assert [item.field for item in bad.field_violations] == [item.field for item in fields]
