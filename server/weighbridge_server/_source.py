"""Which model a server is told to serve: a pin, or an alias that it asks for once."""

from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator
from pydantic_settings import BaseSettings

from weighbridge_server.models import Alias, Pin

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
# Without a user's name in it: the address stands in log lines and errors.
Address = Annotated[str, StringConstraints(pattern=r"^https?://[^@\s]+$")]


class SourceSettings(BaseSettings):
    """MODEL_* and MLFLOW_TRACKING_URI: exactly one of the two ways to say it."""

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
    """Alias: which of the model's versions to take, as MLflow has it at the start."""

    tracking_uri: Address | None = Field(None, validation_alias="MLFLOW_TRACKING_URI")
    """Alias: the MLflow to ask. Not asked for a pin."""

    serving_version: Text | None = None
    """The label in log rows, as the traffic file names it; unset means "v" and the version."""

    @property
    def source(self) -> Pin | Alias:
        """Return which bytes to serve, or whom to ask for that."""
        name = self.model_name or ""
        if self.model_alias:
            return Alias(name, self.model_alias, self.tracking_uri or "")
        return Pin(name, self.model_version or "", self.model_uri or "", self.model_sha256 or "")

    @model_validator(mode="after")
    def _has_one_source(self) -> Self:
        pin = {
            "MODEL_VERSION": self.model_version,
            "MODEL_URI": self.model_uri,
            "MODEL_SHA256": self.model_sha256,
        }
        name = {"MODEL_NAME": self.model_name}
        if self.model_alias is None:
            self._check_pin(name | pin)
            return self
        if given := [variable for variable, value in pin.items() if value]:
            raise ValueError(
                f"MODEL_ALIAS and {' and '.join(given)} are set: a server takes its version from "
                "the alias or from a pin, not from both; unset one of them"
            )
        if missing := _empty(name | {"MLFLOW_TRACKING_URI": self.tracking_uri}):
            raise ValueError(f"{missing}; MODEL_ALIAS needs it to ask MLflow for the version")
        return self

    def _check_pin(self, pin: dict[str, str | None]) -> None:
        if missing := _empty(pin):
            number = self.model_version or (self.serving_version or "").removeprefix("v") or "<N>"
            raise ValueError(
                f"{missing}; pin a version: "
                f"`weighbridge model pin v{number} --version {number} -e <environment>`"
                + ("" if any(pin.values()) else " (or set MODEL_ALIAS, to follow one)")
            )


def _empty(variables: dict[str, str | None]) -> str:
    """Say which variables have no value; "" when all have one."""
    *most, last = [variable for variable, value in variables.items() if not value] or [""]
    if most:
        return f"{', '.join(most)} and {last} are empty"
    return f"{last} is empty" if last else ""
