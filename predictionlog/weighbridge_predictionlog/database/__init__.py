"""The tables: migrations, and reading back what was logged."""

from weighbridge_predictionlog.database._migrate import migrate
from weighbridge_predictionlog.database._read_back import (
    CallCount,
    LoggedCall,
    count_calls,
    recent_calls,
)

__all__ = ["CallCount", "LoggedCall", "count_calls", "migrate", "recent_calls"]
