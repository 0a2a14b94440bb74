"""The hybrid set-up's Compose files: valid, and of one mind with the code that they start."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from ruamel.yaml import YAML

from weighbridge_stack._layout import BUCKET
from weighbridge_stack._serve import SERVICES
from weighbridge_stack._serve_settings import MlflowSettings, PostgresSettings, S3Settings
from weighbridge_stack._settings import StackSettings

FILES = ("docker-compose.yaml", "docker/compose.linux.yaml")
SERVE = ["python", "-m", "weighbridge_stack", "serve"]
PORTS = {
    "postgres": StackSettings.model_fields["postgres_port"].default,
    "localstack": StackSettings.model_fields["s3_port"].default,
    "mlflow": StackSettings.model_fields["mlflow_port"].default,
}


def load(path: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = YAML(typ="safe").load(path)
    return loaded


@pytest.fixture
def services(project: Path) -> dict[str, Any]:
    found: dict[str, Any] = load(project / FILES[0])["services"]
    return found


def with_defaults(text: str) -> str:
    """Return what Compose makes of a value where no variable is set."""
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", text)


def set_environment(service: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in service["environment"].items():
        monkeypatch.setenv(name, with_defaults(value))


@pytest.mark.parametrize("name", FILES)
def test_the_files_follow_the_schema(name: str, project: Path) -> None:
    check = Path(sys.executable).parent / "check-jsonschema"
    command: list[str | Path] = [check, "--builtin-schema", "vendor.compose-spec", project / name]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_each_service_is_watched_and_started_again(services: dict[str, Any]) -> None:
    assert set(services) == set(PORTS)
    for service in services.values():
        assert service["healthcheck"]["test"][0] == "CMD"
        assert service["restart"] == "unless-stopped"
    assert services["mlflow"]["depends_on"] == {
        name: {"condition": "service_healthy"} for name in ("postgres", "localstack")
    }


def test_no_tag_moves(services: dict[str, Any]) -> None:
    assert services["localstack"]["image"] == "localstack/localstack:4.14.0"
    for service in services.values():
        assert not service["image"].endswith(":latest")
        assert ":" in service["image"]


def test_ports_are_the_stack_s_and_open_to_this_machine_alone(services: dict[str, Any]) -> None:
    for name, port in PORTS.items():
        assert services[name]["ports"] == [f"127.0.0.1:{port}:{port}"]


def test_on_linux_each_is_open_to_pods_too(project: Path) -> None:
    linux = load(project / FILES[1])["services"]
    assert set(linux) == set(PORTS)
    for name, port in PORTS.items():
        assert list(linux[name]) == ["ports"], "the rest is said once"
        [published] = linux[name]["ports"]
        assert re.fullmatch(rf"\$\{{WEIGHBRIDGE_POD_GATEWAY:\?[^}}]+\}}:{port}:{port}", published)


def test_ours_run_what_pods_run_in_the_same_closed_way(services: dict[str, Any]) -> None:
    for name in ("postgres", "mlflow"):
        service = services[name]
        assert service["build"] == {"context": ".", "dockerfile": "stack/Dockerfile"}
        assert service["command"] == [*SERVE, name]
        assert name in SERVICES
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
    assert services["postgres"]["volumes"] == ["postgres:/var/lib/weighbridge"]


def test_each_role_has_one_password_at_both_ends(
    services: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    set_environment(services["postgres"], monkeypatch)
    set_environment(services["mlflow"], monkeypatch)
    passwords, mlflow = PostgresSettings(), MlflowSettings()
    password = passwords.mlflow_database_password.get_secret_value()
    assert mlflow.backend_store_uri == SecretStr(
        f"postgresql+psycopg://mlflow:{password}@postgres:{PORTS['postgres']}/mlflow"
    )
    assert mlflow.artifact_root == f"s3://{BUCKET}/"
    assert S3Settings().access_key_id, "LocalStack takes any, MLflow's client wants one"


def test_mlflow_answers_to_every_name_it_is_called_by(services: dict[str, Any]) -> None:
    hosts = services["mlflow"]["environment"]["MLFLOW_SERVER_ALLOWED_HOSTS"].split(",")
    service = [f"mlflow.mlops-production{rest}" for rest in ("", ".svc", ".svc.cluster.local")]
    names = ["localhost", "127.0.0.1", "host.docker.internal", "mlflow", *service]
    assert hosts == [f"{name}:{PORTS['mlflow']}" for name in names]


def test_the_bucket_is_made_at_every_start(services: dict[str, Any], project: Path) -> None:
    [mounted] = services["localstack"]["volumes"]
    path, inside, mode = mounted.split(":")
    assert inside.startswith("/etc/localstack/init/ready.d/")
    assert mode == "ro"
    hook = project / path
    assert hook.stat().st_mode & 0o111, "LocalStack runs it only if it may be executed"
    assert f"create-bucket --bucket {BUCKET}\n" in hook.read_text()
    assert services["localstack"]["healthcheck"]["test"][-2:] == ["--bucket", BUCKET]
    endpoint = services["mlflow"]["environment"]["MLFLOW_S3_ENDPOINT_URL"]
    assert endpoint == f"http://localstack:{PORTS['localstack']}"


def test_the_readme_explains_every_variable(services: dict[str, Any], project: Path) -> None:
    readme = (project / "stack" / "README.md").read_text()
    text = "".join((project / name).read_text() for name in FILES)
    for variable in set(re.findall(r"\$\{(\w+)", text)):
        assert f"`{variable}`" in readme, variable
    for settings in (StackSettings, PostgresSettings, S3Settings, MlflowSettings):
        for name, field in settings.model_fields.items():
            variable = str(field.validation_alias or f"WEIGHBRIDGE_{name}".upper())
            assert f"`{variable}`" in readme, variable
