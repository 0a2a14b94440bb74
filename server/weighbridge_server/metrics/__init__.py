"""What a server counts, in Prometheus' terms: one `Metrics`, handed to the parts that count.

Any room may count; this one knows models/ alone, for what a loaded model is.
"""

from weighbridge_server.metrics._families import FAMILIES, Family
from weighbridge_server.metrics._metrics import Metrics

__all__ = ["FAMILIES", "Family", "Metrics"]
