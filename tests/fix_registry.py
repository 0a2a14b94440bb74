"""A registered model of one test's own, in the real MLflow and the real S3."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.fix_mlflow import MlflowServer
    from tests.fix_models import ModelFile


class Registry:
    """One model: its versions and the aliases that stand for them."""

    def __init__(self, server: "MlflowServer", name: str) -> None:
        from mlflow import MlflowClient  # a second and more, which most tests do without

        self.server = server
        self.name = name
        self.client = MlflowClient(server.tracking_uri, registry_uri=server.tracking_uri)
        self.client.create_registered_model(name)

    def register(self, model: "ModelFile") -> dict[str, str]:
        """Put the artefact into S3 and return the tags of a version that stands for it."""
        key = f"{self.name}/{model.sha256[:12]}/model.onnx"
        self.server.s3.client().put_object(Bucket="mlflow", Key=key, Body=model.path.read_bytes())
        return {"uri": f"s3://mlflow/{key}", "sha256": model.sha256}

    def add(self, tags: Mapping[str, str]) -> str:
        """Make a version with these tags; return its number."""
        source = "s3://mlflow/anything"
        made = self.client.create_model_version(
            self.name, source, tags=dict(tags), await_creation_for=0
        )
        return str(made.version)

    def move(self, alias: str, version: str) -> None:
        """Let the alias stand for a version that is there."""
        self.client.set_registered_model_alias(self.name, alias, version)

    def point(self, alias: str, tags: Mapping[str, str]) -> str:
        """Make a version with these tags and let the alias stand for it; return its number."""
        version = self.add(tags)
        self.move(alias, version)
        return version

    def publish(self, alias: str, model: "ModelFile") -> str:
        """Register the artefact and let the alias stand for it; return its version's number."""
        return self.point(alias, self.register(model))

    def asking(self, alias: str, **variables: str) -> dict[str, str]:
        """Return the variables of a server that follows the alias closely, and has no pin."""
        unset = dict.fromkeys(("MODEL_VERSION", "MODEL_URI", "MODEL_SHA256"), "")
        own = {
            "MODEL_NAME": self.name,
            "MODEL_ALIAS": alias,
            "WEIGHBRIDGE_ALIAS_POLL_S": "0.1",
        }
        return self.server.environment | unset | own | variables


@pytest.fixture
def registry(mlflow_server: "MlflowServer", request: pytest.FixtureRequest) -> Registry:
    """A model that no other test has."""
    return Registry(mlflow_server, re.sub(r"\W+", "-", f"Model-{request.node.name}"))
