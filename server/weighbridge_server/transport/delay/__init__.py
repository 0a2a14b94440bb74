"""The delay adapter: the one place of the server that knows what a shipment is."""

from weighbridge_server.transport.delay._convert import COLUMNS
from weighbridge_server.transport.delay._schema import SERVICE, descriptor_pool
from weighbridge_server.transport.delay._service import DelayService

__all__ = ["COLUMNS", "SERVICE", "DelayService", "descriptor_pool"]
