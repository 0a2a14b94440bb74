"""The rules of Shipment's fields as checks over whole columns, and over one value.

Both the limits and the words come from the proto: the limits are read from the fields' options,
the words are what protovalidate says of a value that breaks the rule. A rule without a column
form is refused at start, so that rows of a batch can never be judged differently from single
shipments.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message_factory import GetMessageClass

from logistics.delay.v1.shipment_pb2 import Shipment
from weighbridge_server.transport.delay._schema import (
    descriptor_pool,
    find_message,
    message_class,
    violations,
)

Column = npt.NDArray[Any]
Flags = npt.NDArray[np.bool_]

_NANOS: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of one field: which elements of its column break it, and how to say so.

    `kept` tells the same of one value.
    """

    field: str
    description: str
    broken: Callable[[Column], Flags]
    kept: Callable[[Any], bool]


def read_rules() -> tuple[Rule, ...]:
    """Build the rules of every Shipment field. Raises ValueError for one with no column form."""
    fields = find_message("Shipment").fields
    return tuple(rule for field in fields for rule in _field_rules(field))


class QuickCheck:
    """Tells that a shipment keeps all rules, without protovalidate: for most calls, the valid.

    That is little code where protovalidate's is much. It judges, and words, whatever is not valid.
    """

    def __init__(self, rules: tuple[Rule, ...]) -> None:
        self._fields = tuple(dict.fromkeys(rule.field for rule in rules))
        self._kept = tuple((rule.field, rule.kept) for rule in rules)

    def passes(self, shipment: Shipment) -> bool:
        """Return False where anything may be wrong."""
        if not all(map(shipment.HasField, self._fields)):
            return False
        for field, kept in self._kept:  # noqa: SIM110 - a generator would cost more
            if not kept(getattr(shipment, field)):
                return False
        return True


def _field_rules(field: FieldDescriptor) -> Iterator[Rule]:
    options = _field_options(field)
    kind = options.WhichOneof("type")
    rules = {} if kind is None else {d.name: v for d, v in getattr(options, kind).ListFields()}
    if kind not in _FORMS or {d.name for d, _ in options.ListFields()} != {"required", kind}:
        raise ValueError(f"{field.full_name}: its rules have no column form: {options}")
    known, form = _FORMS[kind]
    if rules.keys() != known:
        raise ValueError(f"{field.full_name}: {kind} rules {set(rules)} have no column form")
    for bad_value, broken, kept in form(field, rules):
        yield Rule(field.name, _words(field, bad_value), broken, kept)


Form = Iterator[tuple[Any, Callable[[Column], Flags], Callable[[Any], bool]]]
"""For each rule of a field: a value that breaks it, and the checks of a column and of a value."""


def _double(_: FieldDescriptor, rules: dict[str, Any]) -> Form:
    low, high = rules["gte"], rules["lte"]
    # Written so that NaN, which compares false with everything, is outside.
    yield np.nan, lambda column: ~((column >= low) & (column <= high)), lambda v: low <= v <= high


def _string(_: FieldDescriptor, rules: dict[str, Any]) -> Form:
    low, high = rules["min_len"], rules["max_len"]
    yield "x" * (low - 1), lambda column: _lengths(column) < low, lambda v: len(v) >= low
    yield "x" * (high + 1), lambda column: _lengths(column) > high, lambda v: len(v) <= high


def _enum(field: FieldDescriptor, rules: dict[str, Any]) -> Form:
    defined = [value.number for value in getattr(field.enum_type, "values", ())]
    refused = list(rules["not_in"])
    yield max(defined) + 1, lambda column: ~_is_any_of(column, defined), lambda v: v in defined
    yield refused[0], lambda column: _is_any_of(column, refused), lambda v: v not in refused


def _timestamp(_: FieldDescriptor, rules: dict[str, Any]) -> Form:
    low, high = rules["gte"].seconds, rules["lt"].seconds
    yield (
        low - 1,
        lambda column: (column < low * 1000) | (column >= high * 1000),
        lambda v: low <= v.seconds < high and 0 <= v.nanos < _NANOS,
    )


_FORMS: dict[str, tuple[set[str], Callable[[FieldDescriptor, dict[str, Any]], Form]]] = {
    "double": ({"gte", "lte"}, _double),
    "string": ({"min_len", "max_len"}, _string),
    "enum": ({"defined_only", "not_in"}, _enum),
    "timestamp": ({"gte", "lt"}, _timestamp),
}


def _is_any_of(column: Column, numbers: list[int]) -> Flags:
    # A few comparisons of the whole column; np.isin would sort it first.
    found: Flags = np.logical_or.reduce([column == number for number in numbers])
    return found


def _lengths(column: Column) -> npt.NDArray[np.int64]:
    return np.fromiter(map(len, column.tolist()), np.int64, len(column))


def _field_options(field: FieldDescriptor) -> Any:
    # The descriptor hands its options out as the default pool's class, which does not know
    # buf.validate; the bytes read as this pool's class do.
    pool = descriptor_pool()
    options_class = GetMessageClass(pool.FindMessageTypeByName("google.protobuf.FieldOptions"))
    options: Any = options_class.FromString(field.GetOptions().SerializeToString())
    return options.Extensions[pool.FindExtensionByName("buf.validate.field")]


def _words(field: FieldDescriptor, bad_value: Any) -> str:
    shipment = message_class(Shipment)()
    if field.message_type is None:
        setattr(shipment, field.name, bad_value)
    else:
        getattr(shipment, field.name).seconds = bad_value
    return next(item.description for item in violations(shipment) if item.field == field.name)
