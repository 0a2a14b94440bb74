"""From a pin to what answers calls: the verified model with its rows' origin."""

from weighbridge_predictionlog import Spool
from weighbridge_server._source import ServedSignature
from weighbridge_server.inference import Journal, Origin, Serving
from weighbridge_server.metrics import Metrics
from weighbridge_server.models import Pin, load_model
from weighbridge_server.settings import Settings
from weighbridge_server.transport import COLUMNS


def prepare(settings: Settings, spool: Spool, metrics: Metrics, pin: Pin) -> Serving:
    """Fetch, verify, load and warm the pinned model. Raises a ModelError."""
    model = load_model(
        pin,
        COLUMNS,
        settings.model_cache_dir,
        must_fit=settings.signature is ServedSignature.DELAY,
        s3_endpoint_url=settings.s3_endpoint_url,
        threads=settings.onnx_threads,
    )
    journal = Journal(
        spool,
        Origin(pin, settings.serving_version or pin.label, settings.instance),
        batch_rows=settings.log_batch_rows,
        sample_percent=settings.log_sample_percent,
    )
    return Serving.of(model, journal, metrics)
