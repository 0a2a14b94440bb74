"""The table from domain errors to codes has every one of them."""

from base64 import b64encode
from urllib.parse import quote

import grpc
import pytest
from google.rpc.error_details_pb2 import (  # type: ignore[import-untyped]
    BadRequest,
    ErrorInfo,
    RetryInfo,
)
from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]

from weighbridge_server.inference import InferenceError, UnfitTensorsError
from weighbridge_server.models import LoadError, ModelError, ModelRunError, SignatureError
from weighbridge_server.transport import (
    InvalidRequestError,
    ListenError,
    TooManyCallsError,
    TransportError,
    Violation,
)
from weighbridge_server.transport._errors import FieldsError
from weighbridge_server.transport._status import CODES, UNKNOWN_TEXT, describe_failure


def leaves(kind: type[Exception]) -> set[type[Exception]]:
    below = kind.__subclasses__()
    return set.union(*(leaves(each) for each in below)) if below else {kind}


def test_every_error_that_a_call_can_raise_has_a_code() -> None:
    raised = leaves(ModelError) | leaves(InferenceError) | leaves(TransportError)
    assert raised - leaves(LoadError) - {ListenError} == set(CODES)


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


# What gRPC's clients take for sure; they refuse more, and say nothing of what was in it.
_HEADERS_LIMIT = 8 * 1024


@pytest.mark.parametrize("letter", ["a", "é"])
@pytest.mark.parametrize(("count", "chars"), [(150, 100), (65_536, 10), (1, 100_000), (5, 700)])
def test_a_status_fits_into_its_headers(letter: str, count: int, chars: int) -> None:
    fields = [Violation(f"inputs[{index}].shape", letter * chars) for index in range(count)]
    failure = describe_failure(InvalidRequestError(fields))
    assert header_bytes(failure.status) < _HEADERS_LIMIT - 1024  # Envoy and others add some
    status = Status.FromString(dict(failure.status.trailing_metadata)["grpc-status-details-bin"])
    bad = BadRequest()
    assert status.details[1].Unpack(bad)
    *listed, last = bad.field_violations
    if len(listed) + 1 < count:
        assert (last.field, last.description) == ("", f"and {count - len(listed)} more")
    else:
        assert last.field == fields[-1].field


def test_the_end_of_a_long_text_is_kept() -> None:
    text = f"the model does not fit: {'it wants é, ' * 1000}; pin another version"
    failure = describe_failure(SignatureError(text))
    assert failure.status.details.startswith("the model does not fit: it wants")
    assert failure.status.details.endswith("pin another version")
    assert "more characters) " in failure.status.details
    assert header_bytes(failure.status) < _HEADERS_LIMIT - 1024


def header_bytes(status: grpc.Status) -> int:
    """How large the headers of a status are: texts percent-encoded, the rest in base64."""
    (details,) = (value for _, value in status.trailing_metadata)
    assert isinstance(details, bytes)
    return len(quote(status.details)) + len(b64encode(details))


def test_a_retry_is_advised_where_nothing_was_done_and_nowhere_else() -> None:
    advised = {kind for kind in CODES if retry_delay_ms(kind)}
    assert advised == {TooManyCallsError}


def retry_delay_ms(kind: type[BaseException]) -> int:
    error: BaseException
    if issubclass(kind, FieldsError):
        error = kind([Violation("f", "is wrong")])
    elif issubclass(kind, UnfitTensorsError):
        error = kind({"x": "is wrong"})
    else:
        error = kind("text")
    trailer = dict(describe_failure(error).status.trailing_metadata)["grpc-status-details-bin"]
    retry = RetryInfo()
    return sum(
        retry.retry_delay.ToMilliseconds()
        for detail in Status.FromString(trailer).details
        if detail.Unpack(retry)
    )
