"""Start one server: settings, model, server, then wait for the signal to stop.

Exit codes: 0 stopped in order, 1 cannot serve (the last line says why) or calls went on past the
limit of the stop, 2 wrong settings (one line for each).
"""

import logging
import sys

from weighbridge_predictionlog import Spool, SpoolError, log_to_stderr, read_settings
from weighbridge_server._prepare import Preparer
from weighbridge_server.inference import Slot
from weighbridge_server.models import Alias, ModelError, Pin, resolve_alias
from weighbridge_server.settings import Durability, Settings
from weighbridge_server.shutdown import StopSignal, exit_now, exit_on_signal, stop_in_order
from weighbridge_server.transport import DelayService, GrpcServer, ListenError

_log = logging.getLogger("weighbridge_server")


def main() -> int:
    """Serve until a signal; return the exit code when there was nothing to stop."""
    exit_on_signal()
    settings = read_settings(Settings)
    log_to_stderr(settings.log_format)
    try:
        _serve(settings)
    except (ModelError, SpoolError, ListenError) as error:
        _log.error("not serving", extra={"error": str(error), "kind": type(error).__name__})
    return 1


def _serve(settings: Settings) -> None:
    source = settings.source
    spool = Spool(settings.spool_dir, strict=settings.spool_durability is Durability.HOST)
    pin = resolve_alias(source) if isinstance(source, Alias) else source
    slot = Slot(Preparer(settings, spool).prepare(pin))
    server = GrpcServer(
        slot,
        [DelayService(slot)],
        listen=settings.listen,
        threads=settings.threads,
        salt=_salt(settings),
    )
    asked = StopSignal()
    server.start()
    _log.info("serving", extra=_described(pin) | {"port": server.port})
    asked.wait()
    unfinished = stop_in_order(
        server,
        spool,
        asked,
        drain_wait_s=settings.drain_wait_s,
        stop_limit_s=settings.stop_limit_s,
    )
    exit_now(1 if unfinished else 0)


def _described(pin: Pin) -> dict[str, object]:
    said: dict[str, object] = {
        "mode": pin.mode,
        "model": pin.name,
        "version": pin.version,
        "digest": pin.digest,
    }
    return said if pin.alias is None else said | {"alias": pin.alias}


def _salt(settings: Settings) -> str | None:
    if settings.sticky_salt is None:
        _log.warning("WEIGHBRIDGE_STICKY_SALT is not set; the log will not tell users apart")
        return None
    return settings.sticky_salt.get_secret_value()


if __name__ == "__main__":
    sys.exit(main())
