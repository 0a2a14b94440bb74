import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class TrafficStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TRAFFIC_STATUS_UNSPECIFIED: _ClassVar[TrafficStatus]
    TRAFFIC_STATUS_CLEAR: _ClassVar[TrafficStatus]
    TRAFFIC_STATUS_DETOUR: _ClassVar[TrafficStatus]
    TRAFFIC_STATUS_HEAVY: _ClassVar[TrafficStatus]

class DelayReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DELAY_REASON_UNSPECIFIED: _ClassVar[DelayReason]
    DELAY_REASON_NONE: _ClassVar[DelayReason]
    DELAY_REASON_WEATHER: _ClassVar[DelayReason]
    DELAY_REASON_TRAFFIC: _ClassVar[DelayReason]
    DELAY_REASON_MECHANICAL_FAILURE: _ClassVar[DelayReason]
TRAFFIC_STATUS_UNSPECIFIED: TrafficStatus
TRAFFIC_STATUS_CLEAR: TrafficStatus
TRAFFIC_STATUS_DETOUR: TrafficStatus
TRAFFIC_STATUS_HEAVY: TrafficStatus
DELAY_REASON_UNSPECIFIED: DelayReason
DELAY_REASON_NONE: DelayReason
DELAY_REASON_WEATHER: DelayReason
DELAY_REASON_TRAFFIC: DelayReason
DELAY_REASON_MECHANICAL_FAILURE: DelayReason

class Shipment(_message.Message):
    __slots__ = ("timestamp", "asset_id", "latitude_deg", "longitude_deg", "inventory_level", "temperature_celsius", "humidity_percent", "traffic_status", "waiting_time_minutes", "user_transaction_amount_usd", "user_purchase_frequency", "delay_reason", "asset_utilization_percent", "demand_forecast")
    TIMESTAMP_FIELD_NUMBER: _ClassVar[int]
    ASSET_ID_FIELD_NUMBER: _ClassVar[int]
    LATITUDE_DEG_FIELD_NUMBER: _ClassVar[int]
    LONGITUDE_DEG_FIELD_NUMBER: _ClassVar[int]
    INVENTORY_LEVEL_FIELD_NUMBER: _ClassVar[int]
    TEMPERATURE_CELSIUS_FIELD_NUMBER: _ClassVar[int]
    HUMIDITY_PERCENT_FIELD_NUMBER: _ClassVar[int]
    TRAFFIC_STATUS_FIELD_NUMBER: _ClassVar[int]
    WAITING_TIME_MINUTES_FIELD_NUMBER: _ClassVar[int]
    USER_TRANSACTION_AMOUNT_USD_FIELD_NUMBER: _ClassVar[int]
    USER_PURCHASE_FREQUENCY_FIELD_NUMBER: _ClassVar[int]
    DELAY_REASON_FIELD_NUMBER: _ClassVar[int]
    ASSET_UTILIZATION_PERCENT_FIELD_NUMBER: _ClassVar[int]
    DEMAND_FORECAST_FIELD_NUMBER: _ClassVar[int]
    timestamp: _timestamp_pb2.Timestamp
    asset_id: str
    latitude_deg: float
    longitude_deg: float
    inventory_level: float
    temperature_celsius: float
    humidity_percent: float
    traffic_status: TrafficStatus
    waiting_time_minutes: float
    user_transaction_amount_usd: float
    user_purchase_frequency: float
    delay_reason: DelayReason
    asset_utilization_percent: float
    demand_forecast: float
    def __init__(self, timestamp: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., asset_id: _Optional[str] = ..., latitude_deg: _Optional[float] = ..., longitude_deg: _Optional[float] = ..., inventory_level: _Optional[float] = ..., temperature_celsius: _Optional[float] = ..., humidity_percent: _Optional[float] = ..., traffic_status: _Optional[_Union[TrafficStatus, str]] = ..., waiting_time_minutes: _Optional[float] = ..., user_transaction_amount_usd: _Optional[float] = ..., user_purchase_frequency: _Optional[float] = ..., delay_reason: _Optional[_Union[DelayReason, str]] = ..., asset_utilization_percent: _Optional[float] = ..., demand_forecast: _Optional[float] = ...) -> None: ...

class ShipmentColumns(_message.Message):
    __slots__ = ("timestamp_unix_ms", "asset_id", "latitude_deg", "longitude_deg", "inventory_level", "temperature_celsius", "humidity_percent", "traffic_status", "waiting_time_minutes", "user_transaction_amount_usd", "user_purchase_frequency", "delay_reason", "asset_utilization_percent", "demand_forecast")
    TIMESTAMP_UNIX_MS_FIELD_NUMBER: _ClassVar[int]
    ASSET_ID_FIELD_NUMBER: _ClassVar[int]
    LATITUDE_DEG_FIELD_NUMBER: _ClassVar[int]
    LONGITUDE_DEG_FIELD_NUMBER: _ClassVar[int]
    INVENTORY_LEVEL_FIELD_NUMBER: _ClassVar[int]
    TEMPERATURE_CELSIUS_FIELD_NUMBER: _ClassVar[int]
    HUMIDITY_PERCENT_FIELD_NUMBER: _ClassVar[int]
    TRAFFIC_STATUS_FIELD_NUMBER: _ClassVar[int]
    WAITING_TIME_MINUTES_FIELD_NUMBER: _ClassVar[int]
    USER_TRANSACTION_AMOUNT_USD_FIELD_NUMBER: _ClassVar[int]
    USER_PURCHASE_FREQUENCY_FIELD_NUMBER: _ClassVar[int]
    DELAY_REASON_FIELD_NUMBER: _ClassVar[int]
    ASSET_UTILIZATION_PERCENT_FIELD_NUMBER: _ClassVar[int]
    DEMAND_FORECAST_FIELD_NUMBER: _ClassVar[int]
    timestamp_unix_ms: _containers.RepeatedScalarFieldContainer[int]
    asset_id: _containers.RepeatedScalarFieldContainer[str]
    latitude_deg: _containers.RepeatedScalarFieldContainer[float]
    longitude_deg: _containers.RepeatedScalarFieldContainer[float]
    inventory_level: _containers.RepeatedScalarFieldContainer[float]
    temperature_celsius: _containers.RepeatedScalarFieldContainer[float]
    humidity_percent: _containers.RepeatedScalarFieldContainer[float]
    traffic_status: _containers.RepeatedScalarFieldContainer[TrafficStatus]
    waiting_time_minutes: _containers.RepeatedScalarFieldContainer[float]
    user_transaction_amount_usd: _containers.RepeatedScalarFieldContainer[float]
    user_purchase_frequency: _containers.RepeatedScalarFieldContainer[float]
    delay_reason: _containers.RepeatedScalarFieldContainer[DelayReason]
    asset_utilization_percent: _containers.RepeatedScalarFieldContainer[float]
    demand_forecast: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, timestamp_unix_ms: _Optional[_Iterable[int]] = ..., asset_id: _Optional[_Iterable[str]] = ..., latitude_deg: _Optional[_Iterable[float]] = ..., longitude_deg: _Optional[_Iterable[float]] = ..., inventory_level: _Optional[_Iterable[float]] = ..., temperature_celsius: _Optional[_Iterable[float]] = ..., humidity_percent: _Optional[_Iterable[float]] = ..., traffic_status: _Optional[_Iterable[_Union[TrafficStatus, str]]] = ..., waiting_time_minutes: _Optional[_Iterable[float]] = ..., user_transaction_amount_usd: _Optional[_Iterable[float]] = ..., user_purchase_frequency: _Optional[_Iterable[float]] = ..., delay_reason: _Optional[_Iterable[_Union[DelayReason, str]]] = ..., asset_utilization_percent: _Optional[_Iterable[float]] = ..., demand_forecast: _Optional[_Iterable[float]] = ...) -> None: ...
