"""Start one server: settings, model, server, then wait for the signal to stop.

Exit codes: 0 stopped in order; 1 cannot serve (the last line says why), or stopped before all calls
had ended or the last rows were on the disk; 2 wrong settings (one line for each);
128 + n ended by signal n before it served.
"""

import logging
import sys
from functools import partial

from weighbridge_predictionlog import Spool, SpoolError, log_to_stderr, read_settings
from weighbridge_server._prepare import prepare
from weighbridge_server.following import Follower, FollowingError
from weighbridge_server.inference import Slot
from weighbridge_server.metrics import Metrics
from weighbridge_server.models import ModelError, Pin, PinMemory, ReadyModel
from weighbridge_server.settings import Durability, Settings
from weighbridge_server.shutdown import StopSignal, exit_now, stop_in_order
from weighbridge_server.transport import (
    DelayService,
    GrpcServer,
    ListenError,
    MetricsListener,
    OpenInferenceService,
)

_log = logging.getLogger("weighbridge_server")


def serve() -> int:
    """Serve until a signal; return the exit code when there was nothing to stop."""
    if sys.argv[1:]:
        return _tell_usage()
    settings = read_settings(Settings, strict=True)
    log_to_stderr(settings.log_format)
    try:
        _serve(settings)
    except (ModelError, FollowingError, SpoolError, ListenError) as error:
        _log.error("not serving", extra={"error": str(error), "kind": type(error).__name__})
    return 1


def _tell_usage() -> int:
    from weighbridge_server._usage import usage  # nothing that a start should pay for

    asked = sys.argv[1:] in (["--help"], ["-h"])
    print(usage(), file=sys.stdout if asked else sys.stderr)
    return 0 if asked else 2


def _serve(settings: Settings) -> None:
    source = settings.source
    spool = Spool(settings.spool_dir, strict=settings.spool_durability is Durability.HOST)
    metrics = _metrics(settings, spool)
    prepared = partial(prepare, settings, spool, metrics)
    follower: Follower | None = None
    memory = PinMemory(settings.model_cache_dir)
    if isinstance(source, Pin):
        slot = Slot(prepared(source))
        memory.remember(source)
    else:
        follower = Follower(source, prepared, memory, metrics, poll_s=settings.alias_poll_s)
        slot = follower.load_first()
    metrics.loaded(slot.current.model)
    server = GrpcServer(
        slot,
        [DelayService(slot), OpenInferenceService(slot)],
        metrics,
        listen=settings.listen,
        threads=settings.threads,
        max_calls=settings.max_calls,
        message_limit_s=settings.message_limit_s,
        channelz=settings.channelz,
        salt=_salt(settings),
    )
    asked = StopSignal()
    server.start()
    _log.info("serving", extra=_described(slot.current.model) | {"port": server.port})
    if follower:
        follower.start(server.refresh_health)
    asked.wait()
    if follower:
        follower.stop()
    code = stop_in_order(
        server,
        spool,
        asked,
        drain_wait_s=settings.drain_wait_s,
        stop_limit_s=settings.stop_limit_s,
        flush_limit_s=settings.flush_limit_s,
    )
    exit_now(code)


def _metrics(settings: Settings, spool: Spool) -> Metrics:
    """Make what counts, and show it from now on: a model may take its time to load."""
    metrics = Metrics()
    metrics.watch_spool(spool)
    if settings.metrics_listen is not None:
        listener = MetricsListener(metrics.registry, settings.metrics_listen)
        listener.start()
        _log.info("metrics served", extra={"port": listener.port})
    return metrics


def _described(model: ReadyModel) -> dict[str, object]:
    pin = model.pin
    said: dict[str, object] = {
        "mode": pin.mode,
        "model": pin.name,
        "version": pin.version,
        "digest": pin.digest,
        "source": model.source.value,
    }
    return said if pin.alias is None else said | {"alias": pin.alias}


def _salt(settings: Settings) -> str | None:
    if settings.sticky_salt is None:
        _log.warning("WEIGHBRIDGE_STICKY_SALT is not set; the log will not tell users apart")
        return None
    return settings.sticky_salt.get_secret_value()
