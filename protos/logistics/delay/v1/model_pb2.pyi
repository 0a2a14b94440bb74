import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SourceMode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SOURCE_MODE_UNSPECIFIED: _ClassVar[SourceMode]
    SOURCE_MODE_PINNED: _ClassVar[SourceMode]
    SOURCE_MODE_ALIAS: _ClassVar[SourceMode]

class BytesSource(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    BYTES_SOURCE_UNSPECIFIED: _ClassVar[BytesSource]
    BYTES_SOURCE_STORE: _ClassVar[BytesSource]
    BYTES_SOURCE_CACHE: _ClassVar[BytesSource]
SOURCE_MODE_UNSPECIFIED: SourceMode
SOURCE_MODE_PINNED: SourceMode
SOURCE_MODE_ALIAS: SourceMode
BYTES_SOURCE_UNSPECIFIED: BytesSource
BYTES_SOURCE_STORE: BytesSource
BYTES_SOURCE_CACHE: BytesSource

class ModelVersion(_message.Message):
    __slots__ = ("name", "version", "digest")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    name: str
    version: str
    digest: str
    def __init__(self, name: _Optional[str] = ..., version: _Optional[str] = ..., digest: _Optional[str] = ...) -> None: ...

class TensorSpec(_message.Message):
    __slots__ = ("name", "datatype", "shape")
    NAME_FIELD_NUMBER: _ClassVar[int]
    DATATYPE_FIELD_NUMBER: _ClassVar[int]
    SHAPE_FIELD_NUMBER: _ClassVar[int]
    name: str
    datatype: str
    shape: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, name: _Optional[str] = ..., datatype: _Optional[str] = ..., shape: _Optional[_Iterable[int]] = ...) -> None: ...

class LoadFailure(_message.Message):
    __slots__ = ("description", "reason", "version", "failed_time", "attempts")
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    FAILED_TIME_FIELD_NUMBER: _ClassVar[int]
    ATTEMPTS_FIELD_NUMBER: _ClassVar[int]
    description: str
    reason: str
    version: str
    failed_time: _timestamp_pb2.Timestamp
    attempts: int
    def __init__(self, description: _Optional[str] = ..., reason: _Optional[str] = ..., version: _Optional[str] = ..., failed_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., attempts: _Optional[int] = ...) -> None: ...

class ServedModel(_message.Message):
    __slots__ = ("model", "uri", "run_id", "loaded_time", "threshold", "inputs", "outputs", "training_metrics", "alias", "mode", "source", "last_error")
    class TrainingMetricsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: float
        def __init__(self, key: _Optional[str] = ..., value: _Optional[float] = ...) -> None: ...
    MODEL_FIELD_NUMBER: _ClassVar[int]
    URI_FIELD_NUMBER: _ClassVar[int]
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    LOADED_TIME_FIELD_NUMBER: _ClassVar[int]
    THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    OUTPUTS_FIELD_NUMBER: _ClassVar[int]
    TRAINING_METRICS_FIELD_NUMBER: _ClassVar[int]
    ALIAS_FIELD_NUMBER: _ClassVar[int]
    MODE_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    LAST_ERROR_FIELD_NUMBER: _ClassVar[int]
    model: ModelVersion
    uri: str
    run_id: str
    loaded_time: _timestamp_pb2.Timestamp
    threshold: float
    inputs: _containers.RepeatedCompositeFieldContainer[TensorSpec]
    outputs: _containers.RepeatedCompositeFieldContainer[TensorSpec]
    training_metrics: _containers.ScalarMap[str, float]
    alias: str
    mode: SourceMode
    source: BytesSource
    last_error: LoadFailure
    def __init__(self, model: _Optional[_Union[ModelVersion, _Mapping]] = ..., uri: _Optional[str] = ..., run_id: _Optional[str] = ..., loaded_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., threshold: _Optional[float] = ..., inputs: _Optional[_Iterable[_Union[TensorSpec, _Mapping]]] = ..., outputs: _Optional[_Iterable[_Union[TensorSpec, _Mapping]]] = ..., training_metrics: _Optional[_Mapping[str, float]] = ..., alias: _Optional[str] = ..., mode: _Optional[_Union[SourceMode, str]] = ..., source: _Optional[_Union[BytesSource, str]] = ..., last_error: _Optional[_Union[LoadFailure, _Mapping]] = ...) -> None: ...
