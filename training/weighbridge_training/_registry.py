"""The MLflow side: runs, artefacts, model versions and aliases. Knows nothing of training."""

from __future__ import annotations

import platform
import tempfile
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import TYPE_CHECKING, Final

import onnx
from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError
from mlflow import MlflowClient
from mlflow.entities import Metric, Param
from mlflow.exceptions import MlflowException
from mlflow.models import Model, ModelSignature
from mlflow.types.schema import Schema, TensorSpec

from weighbridge_training._errors import RegistrationError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mlflow.entities.model_registry import ModelVersion, RegisteredModel

_FOLDER: Final = "model"
_FILE: Final = "model.onnx"


@dataclass(frozen=True, slots=True)
class RegisteredVersion:
    """One version as the registry holds it; `created` tells whether this call made it."""

    number: int
    run_id: str
    uri: str
    sha256: str
    training_data_sha256: str
    """Empty for a model that was trained elsewhere."""
    created: bool


@dataclass(frozen=True, slots=True)
class OpenRun:
    """A run that waits for its artefact; `uri` is where model.onnx will be."""

    run_id: str
    uri: str


def wait_for_server(tracking_uri: str, timeout_s: float) -> None:
    """Return once MLflow answers; RegistrationError when it does not within the time.

    MLflow's own client would retry an unreachable server for minutes without a word.
    """
    url, deadline = f"{tracking_uri.rstrip('/')}/health", time.monotonic() + timeout_s
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5):  # noqa: S310  # the caller's own server
                return
        except (urllib.error.URLError, OSError, ValueError) as error:
            if time.monotonic() >= deadline:
                raise RegistrationError(
                    f"MLflow does not answer at {tracking_uri} ({error}); "
                    "start it, or give its address by --tracking-uri or MLFLOW_TRACKING_URI"
                ) from error
        time.sleep(0.1)


class Registry:
    """One registered model on one MLflow server."""

    def __init__(self, tracking_uri: str, model_name: str, *, experiment: str) -> None:
        self._client = MlflowClient(tracking_uri, registry_uri=tracking_uri)
        self._uri, self.model_name, self._experiment_name = tracking_uri, model_name, experiment

    def search(self) -> Sequence[ModelVersion]:
        """Return every version of the model; RegistrationError if nothing answers as a registry."""
        filter_string = f"name = '{self.model_name}'"
        try:
            return self._client.search_model_versions(filter_string, max_results=1000)
        except MlflowException as error:
            raise RegistrationError(
                f"MLflow at {self._uri} does not answer as a registry ({error}); where it speaks "
                "of a Host header, its MLFLOW_SERVER_ALLOWED_HOSTS lacks that name"
            ) from error

    def open_run(self, title: str) -> OpenRun:
        """Start a run; RegistrationError when its artefacts would not be objects in S3."""
        run = self._client.create_run(self._experiment(), run_name=title)
        root = run.info.artifact_uri or ""
        if not root.startswith("s3://"):
            self._client.set_terminated(run.info.run_id, "FAILED")
            raise RegistrationError(
                f"artefacts would go to {root}, but servers read them from S3 without MLflow; "
                "start MLflow with --default-artifact-root s3://BUCKET/"
            )
        return OpenRun(run.info.run_id, f"{root}/{_FOLDER}/{_FILE}")

    def _experiment(self) -> str:
        if found := self._client.get_experiment_by_name(self._experiment_name):
            return str(found.experiment_id)
        try:
            return self._client.create_experiment(self._experiment_name)
        except MlflowException:  # another thread was first
            found = self._client.get_experiment_by_name(self._experiment_name)
            if found is None:
                raise
            return str(found.experiment_id)

    def store(
        self,
        run: OpenRun,
        content: bytes,
        *,
        params: Mapping[str, object],
        metrics: Mapping[str, float],
    ) -> None:
        """Upload the graph as an MLflow model, record params and metrics, close the run.

        RegistrationError when S3 does not take it.
        """
        now_ms = int(time.time() * 1000)
        self._client.log_batch(
            run.run_id,
            metrics=[Metric(name, value, now_ms, 0) for name, value in metrics.items()],
            params=[Param(name, str(value)) for name, value in params.items()],
        )
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, _FILE).write_bytes(content)
            _description(run, content).save(str(Path(folder, "MLmodel")))
            try:
                self._client.log_artifacts(run.run_id, folder, _FOLDER)
            except (Boto3Error, BotoCoreError, ClientError) as error:
                raise RegistrationError(
                    f"S3 did not take {run.uri} ({error}): look at MLFLOW_S3_ENDPOINT_URL, "
                    "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
                ) from error
        self._client.set_terminated(run.run_id, "FINISHED")

    def discard(self, run: OpenRun) -> None:
        """Mark a run whose artefact never came."""
        self._client.set_terminated(run.run_id, "FAILED")

    def add_version(
        self, run: OpenRun, title: str, tags: Mapping[str, str], *, number: int | None = None
    ) -> RegisteredVersion:
        """Register the run's artefact; RegistrationError when another number than this comes back.

        The tag `sha256` must be among `tags`; the artefact's address is added.
        """
        made = self._client.create_model_version(
            self.model_name,
            source=run.uri.removesuffix(f"/{_FILE}"),
            run_id=run.run_id,
            tags={**tags, "uri": run.uri},  # with the version in one call: never one without tags
            description=title,
            await_creation_for=0,  # a database store answers when the version is ready
        )
        given = int(made.version)
        if number is not None and given != number:
            raise RegistrationError(
                f"expected version {number} of {self.model_name}, got {given}: "
                "someone else is registering; run this again when they have finished"
            )
        data_sha256 = tags.get("training_data_sha256", "")
        return RegisteredVersion(given, run.run_id, run.uri, tags["sha256"], data_sha256, True)

    def ensure_model(self, description: str) -> RegisteredModel:
        """Return the registered model, made with this description when it is missing."""
        try:
            return self._client.get_registered_model(self.model_name)
        except MlflowException as error:
            if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise
        return self._client.create_registered_model(self.model_name, description=description)

    def set_alias(self, alias: str, number: int) -> None:
        """Let an alias name a version from now on."""
        self._client.set_registered_model_alias(self.model_name, alias, str(number))


def _description(run: OpenRun, content: bytes) -> Model:
    """Return the MLmodel file: signature and flavors, so that MLflow's own tools load it too."""
    graph = onnx.load_from_string(content).graph
    held = {constant.name for constant in graph.initializer}
    signature = ModelSignature(
        inputs=Schema([_tensor(item) for item in graph.input if item.name not in held]),
        outputs=Schema([_tensor(item) for item in graph.output]),
    )
    model = Model(artifact_path=_FOLDER, run_id=run.run_id, signature=signature)
    model.add_flavor(
        "onnx",
        onnx_version=installed_version("onnx"),
        data=_FILE,
        providers=["CPUExecutionProvider"],
    )
    model.add_flavor(
        "python_function",
        loader_module="mlflow.onnx",
        python_version=platform.python_version(),
        data=_FILE,
        env={},
    )
    return model


def _tensor(item: onnx.ValueInfoProto) -> TensorSpec:
    kind = item.type.tensor_type
    shape = tuple(size.dim_value if size.HasField("dim_value") else -1 for size in kind.shape.dim)
    return TensorSpec(onnx.helper.tensor_dtype_to_np_dtype(kind.elem_type), shape, item.name)
