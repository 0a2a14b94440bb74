"""The delay messages with their field rules: the committed stubs are stripped of the rules.

The message classes are built from descriptors.binpb in a pool of their own. protovalidate then
finds the rules on the messages it is given and checks them in place, without a second parse; the
stubs' types describe these classes too, since only options differ.
"""

from collections.abc import Callable
from functools import cache
from importlib.resources import files
from typing import Any, TypeVar, cast

import protovalidate
from google.protobuf.descriptor import Descriptor
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from weighbridge_server.transport._errors import InvalidRequestError, Violation
from weighbridge_server.transport._parsing import parse_bytes

PACKAGE = "logistics.delay.v1"
SERVICE = f"{PACKAGE}.DelayService"

M = TypeVar("M", bound=Message)

_validator = protovalidate.Validator()


@cache
def descriptor_pool() -> DescriptorPool:
    """Return the pool that holds the delay package with all its options."""
    pool = DescriptorPool()
    content = files(PACKAGE).joinpath("descriptors.binpb").read_bytes()
    for file in FileDescriptorSet.FromString(content).file:
        pool.AddSerializedFile(file.SerializeToString())
    return pool


def find_message(name: str) -> Descriptor:
    """Return the descriptor of a message of the delay package, options and all."""
    return descriptor_pool().FindMessageTypeByName(f"{PACKAGE}.{name}")


def message_class(like: type[M]) -> type[M]:
    """Return the class with rules for a stub's class without."""
    return cast("type[M]", GetMessageClass(find_message(like.DESCRIPTOR.name)))


def parse(kind: type[M], content: bytes, *, is_valid: Callable[[M], bool] = lambda _: False) -> M:
    """Parse and check a request; what `is_valid` is sure of need not be checked.

    Raises MalformedRequestError for bytes that are no such message and InvalidRequestError with
    a violation for each bad field.
    """
    message = parse_bytes(kind, content)
    if is_valid(message):
        return message
    if found := _validator.collect_violations(message):
        raise InvalidRequestError([_violation(item) for item in found])
    return message


def violations(message: Message) -> list[Violation]:
    """Return what the field rules say against a message; its class must come from here."""
    return [_violation(item) for item in _validator.collect_violations(message)]


def _violation(found: Any) -> Violation:
    path = ".".join(element.field_name for element in found.proto.field.elements)
    return Violation(path, found.proto.message)
