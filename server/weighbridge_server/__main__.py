"""Start one server: settings, model, server, then wait for the signal to stop.

Exit codes: 0 stopped in order, 1 cannot serve (one line says why), 2 wrong settings.
"""

import logging
import sys

from pydantic import ValidationError

from weighbridge_predictionlog import Spool, SpoolError
from weighbridge_server.inference import Journal, Origin, Predictor
from weighbridge_server.models import ModelError, load_model
from weighbridge_server.settings import Settings
from weighbridge_server.shutdown import StopSignal, exit_on_signal, stop_in_order
from weighbridge_server.transport import COLUMNS, GrpcServer, ListenError

_log = logging.getLogger("weighbridge_server")


def main() -> int:
    """Serve until a signal; return the exit code."""
    exit_on_signal()
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s %(message)s")
    for ours in ("weighbridge", "weighbridge_server"):
        logging.getLogger(ours).setLevel(logging.INFO)
    try:
        settings = Settings()
    except ValidationError as error:
        return _refuse(_settings_fault(error), 2)
    try:
        _serve(settings)
    except (ModelError, SpoolError, ListenError) as error:
        return _refuse(f"{type(error).__name__}: {error}", 1)
    return 0


def _serve(settings: Settings) -> None:
    model = load_model(
        settings.pin,
        COLUMNS,
        settings.model_cache_dir,
        s3_endpoint_url=settings.s3_endpoint_url,
    )
    spool = Spool(settings.spool_dir)
    journal = Journal(
        spool,
        Origin(settings.pin, settings.served_version, settings.instance),
        batch_rows=settings.log_batch_rows,
        sample_share=settings.log_sample_percent / 100,
    )
    server = GrpcServer(
        Predictor(model, journal),
        journal,
        listen=settings.listen,
        threads=settings.threads,
        salt=settings.sticky_salt.get_secret_value(),
    )
    asked = StopSignal()
    server.start()
    _log.info("serving %s %s on port %d", settings.model_name, model.pin.digest, server.port)
    asked.wait()
    stop_in_order(
        server,
        spool,
        asked,
        drain_wait_s=settings.drain_wait_s,
        stop_limit_s=settings.stop_limit_s,
    )


def _settings_fault(error: ValidationError) -> str:
    faults = (f"{_variable(item['loc'][0])}: {item['msg']}" for item in error.errors())
    return f"settings: {'; '.join(faults)}; set them in the environment"


def _variable(name: int | str) -> str:
    text = str(name)
    return text if text.isupper() else f"WEIGHBRIDGE_{text.upper()}"


def _refuse(cause: str, code: int) -> int:
    sys.stderr.write(f"weighbridge_server: not serving: {cause}\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
