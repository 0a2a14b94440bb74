"""Pins: from a real MLflow registry and a real object store into Git."""

import hashlib
import json
from dataclasses import dataclass, field

import pytest
from mlflow import MlflowClient

import weighbridge_rollout as rollout
from tests.fix_cli import Shell
from tests.fix_mlflow import MlflowServer
from tests.fix_repository import FOLDER, TRAFFIC, Repository

BYTES = b"not a model, but bytes with a hash"
SHA256 = hashlib.sha256(BYTES).hexdigest()


@dataclass
class Registry:
    """A registered model of one test's own."""

    server: MlflowServer
    name: str
    client: MlflowClient = field(init=False)

    def __post_init__(self) -> None:
        self.client = MlflowClient(self.server.tracking_uri, self.server.tracking_uri)
        self.client.create_registered_model(self.name)

    def register(self, content: bytes = BYTES, **tags: str) -> str:
        """Store bytes and register them as the next version; return its number."""
        key = f"pins/{self.name}/model.onnx"
        self.server.s3.client().put_object(Bucket="mlflow", Key=key, Body=content)
        uri = f"s3://mlflow/{key}"
        wanted = tags or {"uri": uri, "sha256": SHA256}
        source = uri.removesuffix("/model.onnx")
        made = self.client.create_model_version(self.name, source, tags=wanted)
        return str(made.version)

    def pin(
        self,
        repository: Repository,
        label: str,
        version: str | None = None,
        alias: str | None = None,
    ) -> rollout.Pin:
        return rollout.pin_model(
            repository.environment(),
            label,
            name=self.name,
            tracking_uri=self.server.tracking_uri,
            store=rollout.ObjectStore.from_variables(self.server.environment),
            version=version,
            alias=alias,
        )


@pytest.fixture
def registry(mlflow_server: MlflowServer, request: pytest.FixtureRequest) -> Registry:
    return Registry(mlflow_server, request.node.name)


def test_an_alias_becomes_exact_bytes_in_git(registry: Registry, repository: Repository) -> None:
    registry.register()
    registry.register()
    registry.client.set_registered_model_alias(registry.name, "experiment", "2")

    pin = registry.pin(repository, "v2", alias="experiment")

    assert pin.commit is not None
    assert pin.commit.subject == f"Pin v2 to {registry.name} 2"
    assert pin.commit.trailers["Weighbridge-Model-Sha256"] == (SHA256,)
    text = repository.read(f"{FOLDER}/model-v2.yaml")
    for line in (
        "  name: model-v2",
        f'  MODEL_NAME: "{registry.name}"',
        '  MODEL_VERSION: "2"',
        f'  MODEL_URI: "s3://mlflow/pins/{registry.name}/model.onnx"',
        f'  MODEL_SHA256: "{SHA256}"',
    ):
        assert line in text.splitlines()
    assert repository.read() == TRAFFIC, "traffic is untouched"


def test_pinning_again_writes_nothing_and_keeps_comments(
    registry: Registry, repository: Repository
) -> None:
    registry.register()
    registry.pin(repository, "v1", version="1")
    path = f"{FOLDER}/model-v1.yaml"
    noted = repository.read(path).replace("data:", "data:  # reviewed by Bo")
    tip = repository.commit_by_hand(noted, path=path)

    assert registry.pin(repository, "v1", version="1").commit is None
    assert repository.tip() == tip

    repository.commit_by_hand(noted.replace(SHA256, "0" * 64), path=path)
    assert registry.pin(repository, "v1", version="1").commit is not None
    assert repository.read(path) == noted


def test_a_quote_in_an_address_stays_inside_its_value(
    registry: Registry, repository: Repository
) -> None:
    registry.register()
    key = 'pins/quoted" one/model.onnx'
    registry.server.s3.client().put_object(Bucket="mlflow", Key=key, Body=BYTES)
    registry.register(uri=f"s3://mlflow/{key}", sha256=SHA256)
    wanted = {
        "MODEL_NAME": registry.name,
        "MODEL_VERSION": "2",
        "MODEL_URI": f"s3://mlflow/{key}",
        "MODEL_SHA256": SHA256,
    }
    environment = repository.environment()
    assert rollout.read_pin(environment, "v2") is None

    registry.pin(repository, "v2", "2")
    assert rollout.read_pin(environment, "v2") == wanted

    path = environment.model_file("v2")
    # Edited, not written anew: a key of someone else is kept.
    other = repository.read(path).replace(json.dumps(wanted["MODEL_URI"]), "s3://mlflow/other")
    repository.commit_by_hand(f"{other}  OTHER: kept\n", path=path)
    registry.pin(repository, "v2", "2")
    assert rollout.read_pin(environment, "v2") == {**wanted, "OTHER": "kept"}


def test_bytes_that_are_not_those_registered_are_refused(
    registry: Registry, repository: Repository
) -> None:
    registry.register(b"tampered with")
    tip = repository.tip()
    with pytest.raises(rollout.PinError, match="not those that were registered"):
        registry.pin(repository, "v1", version="1")
    assert repository.tip() == tip


def test_what_cannot_be_pinned_is_said(registry: Registry, repository: Repository) -> None:
    registry.register()
    registry.register(note="no hash")
    registry.register(uri="s3://mlflow/nowhere", sha256=SHA256)
    registry.register(uri='s3://mlflow/k"\n  MODEL_SHA256: "evil', sha256=SHA256)
    tip = repository.tip()
    for label, version, alias, said in (
        ("v7", "1", None, "Pin v1 instead"),
        ("v2", "2", None, "tags uri and sha256"),
        ("v3", "3", None, "cannot read s3://mlflow/nowhere"),
        ("v4", "4", None, "control characters"),
        ("v5", "5", None, "no .* version 5"),
        ("v1", None, "champion", "no .* alias champion"),
        ("v1", "1", "champion", "either a version or an alias"),
    ):
        with pytest.raises(rollout.PinError, match=said):
            registry.pin(repository, label, version, alias)
    assert repository.tip() == tip


def test_a_pin_that_nothing_applies_yet_is_told(registry: Registry, repository: Repository) -> None:
    registry.register()
    kustomization = f"{FOLDER}/kustomization.yaml"
    repository.commit_by_hand("resources: [traffic.yaml]\n", path=kustomization)
    (note,) = registry.pin(repository, "v1", version="1").notes
    assert note.startswith(f"{kustomization} does not list model-v1.yaml")


def test_a_registry_that_is_down_is_said_at_once(repository: Repository) -> None:
    with pytest.raises(rollout.PinError, match="does not answer") as said:
        rollout.pin_model(
            repository.environment(),
            "v1",
            name="any",
            tracking_uri="http://ada:secret@127.0.0.1:1",
            store=rollout.ObjectStore(),
            version="1",
        )
    assert "secret" not in str(said.value)


def test_the_command_pins(registry: Registry, repository: Repository, shell: Shell) -> None:
    registry.register()
    addresses = {
        **registry.server.environment,
        "WEIGHBRIDGE_TRAFFIC_REPO": str(repository.bare),
        "WEIGHBRIDGE_TRAFFIC_PATH": FOLDER,
    }
    here = Shell(shell.folder, addresses)
    command = ("model", "pin", "v1", "--version", "1", "--model", registry.name)

    said = here.ok(*command)
    assert SHA256 in said
    assert "Pin v1 to" in said
    pin = json.loads(here.ok(*command, "-o", "json"))
    keys = {"label", "name", "version", "uri", "sha256", "path", "commit", "synced_s", "notes"}
    assert set(pin) == keys
    assert pin["commit"] is None
    assert "already" in here.ok(*command)
    assert "Pin v1 instead" in here.fails("model", "pin", "v7", *command[3:])
