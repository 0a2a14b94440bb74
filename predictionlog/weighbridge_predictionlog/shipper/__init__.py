"""The shipper: moves the spools below one folder into PostgreSQL."""

from weighbridge_predictionlog.shipper._run import run_shipper
from weighbridge_predictionlog.shipper._ship import Shipper
from weighbridge_predictionlog.shipper._store import Store

__all__ = ["Shipper", "Store", "run_shipper"]
