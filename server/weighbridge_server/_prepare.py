"""From a pin to what answers calls: the verified model with its rows' origin."""

from weighbridge_predictionlog import Spool
from weighbridge_server._source import ServedSignature
from weighbridge_server.inference import Journal, Origin, Serving
from weighbridge_server.metrics import Metrics
from weighbridge_server.models import Pin, load_model
from weighbridge_server.settings import Settings
from weighbridge_server.transport import COLUMNS


class Preparer:
    """Prepares one model after the other for the same process: same spool, same instance."""

    def __init__(self, settings: Settings, spool: Spool, metrics: Metrics) -> None:
        self._settings = settings
        self._spool = spool
        self._metrics = metrics

    def prepare(self, pin: Pin) -> Serving:
        """Fetch, verify, load and warm the pinned model. Raises a ModelError."""
        settings = self._settings
        model = load_model(
            pin,
            COLUMNS,
            settings.model_cache_dir,
            must_fit=settings.signature is ServedSignature.DELAY,
            s3_endpoint_url=settings.s3_endpoint_url,
            threads=settings.onnx_threads,
        )
        journal = Journal(
            self._spool,
            Origin(pin, settings.serving_version or pin.label, settings.instance),
            batch_rows=settings.log_batch_rows,
            sample_percent=settings.log_sample_percent,
        )
        return Serving.of(model, journal, self._metrics)
