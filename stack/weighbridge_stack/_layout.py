"""Where everything of one stack is: paths, addresses, and the file `env` that tells them."""

import shlex
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from weighbridge_stack._model_name import VARIABLE as MODEL_VARIABLE
from weighbridge_stack._secrets import Secrets
from weighbridge_stack._settings import StackSettings
from weighbridge_training import SAMPLE_FILE

PROJECT = Path(__file__).resolve().parents[2]
BOOTSTRAP = PROJECT / "envoy" / "bootstrap.yaml"
ENVIRONMENT_FOLDER = "envoy/traffic/local"
BUCKET = "mlflow"


@dataclass(frozen=True)
class Layout:
    """One stack: its settings, secrets and versions, and what follows from them."""

    settings: StackSettings
    secrets: Secrets
    versions: tuple[str, ...]
    """Those that are served."""
    model_name: str
    """The registered model that they are versions of."""

    @cached_property
    def home(self) -> Path:
        """Folder that holds all state, absolute."""
        return self.settings.home.resolve()

    @property
    def repository(self) -> Path:
        """The bare Git repository that holds the traffic folder."""
        return self.home / "traffic.git"

    @property
    def envoy(self) -> Path:
        """Envoy's own files."""
        return self.home / "envoy"

    @property
    def routes(self) -> Path:
        """The one file in the folder that Envoy watches."""
        return self.envoy / "dynamic" / "routes.yaml"

    @property
    def keys(self) -> Path:
        """Signing key for pin tokens, and the public half that Envoy reads."""
        return self.home / "keys"

    @property
    def spools(self) -> Path:
        """One sub-folder per model server."""
        return self.home / "spool"

    @property
    def sample(self) -> Path:
        """A file of rows to send."""
        return self.home / "data" / SAMPLE_FILE

    def database_url(self, database: str = "weighbridge", driver: str = "") -> str:
        """URL of a database of the stack's PostgreSQL, as its owner, the role of the same name."""
        return self._database_url(database, self.secrets.postgres_password, database, driver)

    @property
    def admin_database_url(self) -> str:
        """URL by which the stack makes databases and their owners."""
        return self._database_url("postgres", self.secrets.postgres_admin_password, "postgres")

    def _database_url(self, user: str, password: str, database: str, driver: str = "") -> str:
        where = f"{self.settings.local}:{self.settings.postgres_port}"
        return f"postgresql{driver}://{user}:{password}@{where}/{database}"

    @property
    def tracking_uri(self) -> str:
        """MLflow's address."""
        return f"http://{self.settings.local}:{self.settings.mlflow_port}"

    @property
    def agent_url(self) -> str:
        """The agent's address."""
        return f"http://{self.settings.local}:{self.settings.agent_port}"

    @property
    def admin_url(self) -> str:
        """The address of Envoy's admin page."""
        return f"http://127.0.0.1:{self.settings.envoy_admin_port}"

    @property
    def target(self) -> str:
        """The address that clients call."""
        return f"{self.settings.local}:{self.settings.envoy_port}"

    @property
    def s3_environment(self) -> dict[str, str]:
        """What any S3 client needs to reach the stack's S3 server."""
        return {
            "MLFLOW_S3_ENDPOINT_URL": f"http://{self.settings.local}:{self.settings.s3_port}",
            "AWS_ACCESS_KEY_ID": self.secrets.s3_access_key,
            "AWS_SECRET_ACCESS_KEY": self.secrets.s3_secret_key,
            "AWS_DEFAULT_REGION": "us-east-1",
        }

    @property
    def environment(self) -> dict[str, str]:
        """Every address, by the names that the command and the SDK read."""
        return {
            "WEIGHBRIDGE_HOME": str(self.home),
            MODEL_VARIABLE: self.model_name,
            "WEIGHBRIDGE_TARGET": self.target,
            "WEIGHBRIDGE_DATABASE_URL": self.database_url(),
            "WEIGHBRIDGE_TRAFFIC_REPO": str(self.repository),
            "WEIGHBRIDGE_TRAFFIC_BRANCH": "main",
            "WEIGHBRIDGE_TRAFFIC_PATH": ENVIRONMENT_FOLDER,
            "WEIGHBRIDGE_AGENTS": self.agent_url,
            "WEIGHBRIDGE_PIN_KEY": str(self.keys / "pin-signing.pem"),
            "MLFLOW_TRACKING_URI": self.tracking_uri,
            **self.s3_environment,
        }

    def write_environment(self) -> None:
        """Write the file that a shell can source."""
        lines = [f"export {name}={shlex.quote(value)}" for name, value in self.environment.items()]
        path = self.home / "env"
        path.touch(mode=0o600)
        path.write_text("\n".join(["# Written by `make up`.", *lines, ""]))
