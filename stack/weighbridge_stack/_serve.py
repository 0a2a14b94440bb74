"""One part in the foreground, for pods and containers: all it must know is in the environment."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NoReturn

from psycopg.conninfo import make_conninfo

from weighbridge_predictionlog import read_settings
from weighbridge_stack._errors import StartError
from weighbridge_stack._parts import _mlflow, _owner, _s3
from weighbridge_stack._parts._pg_cluster import Cluster, accepts, create_databases
from weighbridge_stack._preflight import make_home
from weighbridge_stack._serve_settings import MlflowSettings, PostgresSettings, S3Settings
from weighbridge_stack._signals import undisturbed

_ACCESS_RULES = (
    "# Written at every start.",
    # The socket lies in a folder that only PostgreSQL's own user may enter.
    "local all postgres trust",
    "host all postgres all reject",
    "host all all all scram-sha-256",
)

# "Fast shutdown": ends sessions, writes a checkpoint. SIGTERM would wait for all clients.
_FAST_END = signal.SIGINT


def serve_postgres() -> int:
    """Run PostgreSQL until told to end; its exit code. Others reach it when all is made."""
    settings = read_settings(PostgresSettings)
    make_home(settings.home)
    home = settings.home.resolve()
    cluster, sockets = Cluster(home / "postgres"), home / "run"
    sockets.mkdir(exist_ok=True)
    _owner.give(sockets)
    cluster.create(admin_password=None)
    cluster.set_rules(_ACCESS_RULES)
    # A volume's `fsGroup` opens both to the group, which PostgreSQL and the rules above forbid.
    for folder in (cluster.data, sockets):
        folder.chmod(0o700)
    options = {"port": settings.postgres_port, "unix_socket_directories": sockets}
    with _running(cluster.command({**options, "listen_addresses": ""}), _FAST_END) as server:
        _create_databases(settings, server, sockets)
    final = cluster.command({**options, "listen_addresses": settings.bind})
    return _run(final, _FAST_END)


def serve_s3() -> NoReturn:
    """Become the S3 server."""
    settings = read_settings(S3Settings)
    make_home(settings.home)
    keys = settings.access_key_id, settings.secret_access_key
    _become(_s3.command(settings), _s3.environment(settings.home.resolve(), *keys))


def serve_mlflow() -> int:
    """Run the MLflow server until told to end; its exit code."""
    settings = read_settings(MlflowSettings)
    # Not in this process's place: as the first one of a container it would hear no SIGTERM until it
    # listens, which takes as long as its database is away.
    command = _mlflow.command(settings, settings.artifact_root)
    return _run(command, signal.SIGTERM, _mlflow.SWITCHES)


SERVICES: Mapping[str, Callable[[], int]] = {
    "postgres": serve_postgres,
    "s3": serve_s3,
    "mlflow": serve_mlflow,
}


def _run(
    command: Sequence[str], end: signal.Signals, environment: Mapping[str, str] | None = None
) -> int:
    # SIGTERM and SIGINT are made into KeyboardInterrupt.
    with _running(command, end, environment) as program, contextlib.suppress(KeyboardInterrupt):
        program.wait()
    # As a shell tells it, where a signal ended the program.
    return program.returncode if program.returncode >= 0 else 128 - program.returncode


@contextlib.contextmanager
def _running(
    command: Sequence[str], end: signal.Signals, environment: Mapping[str, str] | None = None
) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a program inside; in the end it is told to end, if it still runs."""
    program = subprocess.Popen(
        command, env={**os.environ, **(environment or {})}, stdin=subprocess.DEVNULL
    )
    try:
        yield program
    finally:
        # No limit here: whoever sent the signal kills us when its patience ends.
        with undisturbed():
            program.send_signal(end)
            program.wait()


def _create_databases(
    settings: PostgresSettings, server: "subprocess.Popen[bytes]", sockets: Path
) -> None:
    admin = make_conninfo(
        host=str(sockets), port=settings.postgres_port, user="postgres", dbname="postgres"
    )
    while not accepts(admin):  # as long as a recovery may take
        if server.poll() is not None:
            raise StartError(f"PostgreSQL ended with code {server.returncode}: see above.")
        time.sleep(0.05)
    passwords = {
        "mlflow": settings.mlflow_database_password,
        "weighbridge": settings.database_password,
    }
    create_databases(
        admin, {role: password.get_secret_value() for role, password in passwords.items()}
    )


def _become(command: list[str], environment: Mapping[str, str]) -> NoReturn:
    os.execve(command[0], command, {**os.environ, **environment})  # noqa: S606 - an argument list
