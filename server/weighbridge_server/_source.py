"""Which model a server is told to serve: a pin, or an alias that it follows."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from weighbridge_server.following import NAME_FILE, AliasSource, ConfigurationError, read_files
from weighbridge_server.models import Pin

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
# Without a user's name in it: the address stands in log lines and errors.
Address = Annotated[str, StringConstraints(pattern=r"^https?://[^@\s]+$")]


class ServedSignature(StrEnum):
    """Which models are served."""

    DELAY = "delay"
    ANY = "any"


class SourceSettings(BaseSettings):
    """MODEL_* and MLFLOW_TRACKING_URI: exactly one of the two ways to say it."""

    model_config = SettingsConfigDict(use_attribute_docstrings=True)

    model_name: Text | None = Field(None, validation_alias="MODEL_NAME")
    """Registered name of the model."""

    model_version: Text | None = Field(None, validation_alias="MODEL_VERSION")
    """Pin: registry version, without the "v"."""

    model_uri: Text | None = Field(None, validation_alias="MODEL_URI")
    """Pin: where model.onnx lies, s3:// or file://."""

    model_sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")] | None = Field(
        None, validation_alias="MODEL_SHA256"
    )
    """Pin: the digest its bytes must have, 64 lowercase hex digits."""

    model_alias: Text | None = Field(None, validation_alias="MODEL_ALIAS")
    """Alias: which of the model's versions to serve; a moved one is followed."""

    model_config_dir: Path | None = None
    """Alias: folder of files MODEL_NAME and MODEL_ALIAS, over the variables; changes are followed.

    A mounted ConfigMap. Where nothing names an alias it is `production`.
    """

    alias_poll_s: Annotated[float, Field(ge=0.05, le=3600)] = 5.0
    """Alias: how often MLflow is asked and the folder read, in seconds."""

    tracking_uri: Address | None = Field(None, validation_alias="MLFLOW_TRACKING_URI")
    """Alias: the MLflow to ask. Not asked for a pin."""

    serving_version: Text | None = None
    """The label in log rows, as the traffic file names it; unset means "v" and the version."""

    signature: ServedSignature = ServedSignature.DELAY
    """Which models are served: `delay`, those that DelayService can supply, or `any`."""

    @property
    def source(self) -> Pin | AliasSource:
        """Return which bytes to serve, or whom to ask for that."""
        if self._follows:
            return AliasSource(
                self.tracking_uri or "", self.model_name, self.model_alias, self.model_config_dir
            )
        return Pin(
            self.model_name or "",
            self.model_version or "",
            self.model_uri or "",
            self.model_sha256 or "",
        )

    @property
    def _follows(self) -> bool:
        return self.model_alias is not None or self.model_config_dir is not None

    @model_validator(mode="after")
    def _has_one_source(self) -> Self:
        pin = {
            "MODEL_VERSION": self.model_version,
            "MODEL_URI": self.model_uri,
            "MODEL_SHA256": self.model_sha256,
        }
        name = {"MODEL_NAME": self.model_name}
        if not self._follows:
            self._check_pin(name | pin)
            return self
        alias = "MODEL_ALIAS" if self.model_alias else "WEIGHBRIDGE_MODEL_CONFIG_DIR"
        if given := [variable for variable, value in pin.items() if value]:
            raise ValueError(
                f"{alias} and {' and '.join(given)} are set: a server takes its version from "
                "the alias or from a pin, not from both; unset one of them"
            )
        needed = {"MLFLOW_TRACKING_URI": self.tracking_uri}
        folder = self.model_config_dir
        if folder is None or NAME_FILE not in _read(folder):
            needed = name | needed
        if missing := _empty(needed):
            also = f" (or write it into {folder / NAME_FILE})" if folder else ""
            raise ValueError(f"{missing}; {alias} needs it to ask MLflow for the version{also}")
        return self

    def _check_pin(self, pin: dict[str, str | None]) -> None:
        if missing := _empty(pin):
            number = self.model_version or (self.serving_version or "").removeprefix("v") or "<N>"
            raise ValueError(
                f"{missing}; pin a version: "
                f"`weighbridge model pin v{number} --version {number} -e <environment>`"
                + ("" if any(pin.values()) else " (or set MODEL_ALIAS, to follow one)")
            )


def _read(folder: Path) -> dict[str, str]:
    try:
        return read_files(folder)
    except ConfigurationError as error:
        raise ValueError(str(error)) from None


def _empty(variables: dict[str, str | None]) -> str:
    """Say which variables have no value; "" when all have one."""
    *most, last = [variable for variable, value in variables.items() if not value] or [""]
    if most:
        return f"{', '.join(most)} and {last} are empty"
    return f"{last} is empty" if last else ""
