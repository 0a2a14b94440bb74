"""PostgreSQL, with a database and a role for each that uses it."""

import signal

from weighbridge_stack._layout import Layout
from weighbridge_stack._parts._pg_cluster import DATABASES, Cluster, accepts
from weighbridge_stack._parts._pg_cluster import create_databases as create_databases_at
from weighbridge_stack._process import Part


def create_cluster(layout: Layout) -> None:
    """Create the data directory if there is none yet, and say who may connect."""
    cluster = _cluster(layout)
    cluster.create(layout.secrets.postgres_admin_password)
    cluster.set_rules(_access_rules(layout.settings.bind))


def create_databases(layout: Layout) -> None:
    """Create the databases that are missing, and their owners."""
    passwords = dict.fromkeys(DATABASES, layout.secrets.postgres_password)
    create_databases_at(layout.admin_database_url, passwords)


def part(layout: Layout) -> Part:
    """Return PostgreSQL as a part of the stack."""
    settings = layout.settings
    return Part(
        name="postgres",
        title="PostgreSQL",
        port=settings.postgres_port,
        command=_cluster(layout).command(
            {
                "listen_addresses": settings.bind,
                "port": settings.postgres_port,
                "unix_socket_directories": "",
            }
        ),
        environment={},
        ready=lambda: accepts(layout.admin_database_url),
        # "Fast shutdown": ends sessions, writes a checkpoint. SIGTERM would wait for all clients.
        stop_signal=signal.SIGINT,
    )


def _cluster(layout: Layout) -> Cluster:
    return Cluster(layout.home / "postgres")


def _access_rules(bind: str) -> list[str]:
    rules = [
        "# Written by `make up`.",
        # From any address of this machine itself.
        "host all all samehost scram-sha-256",
    ]
    if bind != "127.0.0.1":
        rules += ["host all postgres all reject", "host all all all scram-sha-256"]
    return rules
