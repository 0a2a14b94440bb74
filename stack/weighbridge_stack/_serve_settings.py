"""Settings of the parts that run alone, read once from the environment."""

from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr

from weighbridge_stack._layout import BUCKET
from weighbridge_stack._settings import StackSettings

_DRIVER = "postgresql+psycopg://"

# rclone takes both keys as one text, `"key,secret"`.
_S3Key = Annotated[str, Field(pattern=r'^[^",\s]+$', repr=False)]


def _check_driver(uri: SecretStr) -> SecretStr:
    if not uri.get_secret_value().startswith(_DRIVER):
        raise ValueError(f"it must begin with {_DRIVER}: that driver is installed")
    return uri


class PostgresSettings(StackSettings):
    """Settings of `serve postgres`."""

    database_password: SecretStr = Field(min_length=1)
    """Password of the role `weighbridge`."""

    mlflow_database_password: SecretStr = Field(
        min_length=1, validation_alias="MLFLOW_DATABASE_PASSWORD"
    )
    """Password of the role `mlflow`."""


class S3Settings(StackSettings):
    """Settings of `serve s3`."""

    # rclone starts with a shorter one, and then knows nobody of that name.
    access_key_id: _S3Key = Field(min_length=3, validation_alias="AWS_ACCESS_KEY_ID")
    """With the secret key, the one pair that is let in."""

    secret_access_key: _S3Key = Field(validation_alias="AWS_SECRET_ACCESS_KEY")
    """The pair's secret half."""


class MlflowSettings(StackSettings):
    """Settings of `serve mlflow`; MLflow reads further ones by itself."""

    backend_store_uri: Annotated[SecretStr, AfterValidator(_check_driver)] = Field(
        validation_alias="MLFLOW_BACKEND_STORE_URI"
    )
    """Where MLflow keeps its records."""

    artifact_root: str = Field(
        f"s3://{BUCKET}/", validation_alias="MLFLOW_DEFAULT_ARTIFACT_ROOT", pattern="^s3://"
    )
    """Where artefacts go."""
