"""environments.yaml: which environments there are."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003  # pydantic reads the annotations when it runs
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    StringConstraints,
    Tag,
    ValidationError,
    model_validator,
)
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import YAMLError

from weighbridge_rollout._environment import (
    DEFAULT_BRANCH,
    ArgoApplication,
    ClusterAgents,
    Environment,
    inner_folder,
)
from weighbridge_rollout._errors import SettingsError
from weighbridge_rollout._problems import list_problems, yaml_fault
from weighbridge_rollout._remote import resolve_repository

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pydantic_core import ErrorDetails


def _agent_url(url: str) -> str:
    if not url.startswith(("http://", "https://")):
        raise ValueError("must be an http URL, for example http://127.0.0.1:9903")
    return url.rstrip("/")


# Names become parts of the API server's addresses.
_ObjectName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$")]
_Text = Annotated[str, StringConstraints(min_length=1)]
_Folder = Annotated[str, AfterValidator(inner_folder)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Kubernetes(_Part):
    namespace: _ObjectName
    context: _Text | None = None
    selector: _Text | None = None
    port: Annotated[int, Field(gt=0, lt=65536)] | None = None


class _ArgoCd(_Part):
    application: _ObjectName
    namespace: _ObjectName | None = None
    context: _Text | None = None


class _Place(_Part):
    repository: _Text
    path: _Folder
    branch: _Text = DEFAULT_BRANCH
    agents: tuple[Annotated[str, AfterValidator(_agent_url)], ...] = ()
    kubernetes: _Kubernetes | None = None
    argocd: _ArgoCd | None = None
    overlay: _Folder | None = None

    @model_validator(mode="after")
    def _one_way_to_the_agents(self) -> _Place:
        if self.agents and self.kubernetes:
            raise ValueError("has both `agents` and `kubernetes`: choose one")
        return self


class _Variables(_Part):
    """An environment that the variables of this machine describe."""

    source: Literal["variables"] = Field(alias="from")


def _kind(entry: object) -> str:
    return "variables" if isinstance(entry, dict) and "from" in entry else "place"


_Entry = Annotated[
    Annotated[_Place, Tag("place")] | Annotated[_Variables, Tag("variables")],
    Discriminator(_kind),
]


class _File(_Part):
    environments: dict[_ObjectName, _Entry]


class EnvironmentsFile:
    """The environments of one file, in its order."""

    def __init__(self, path: Path) -> None:
        """Read the file; SettingsError names each problem's line."""
        self.path = path
        self._entries = _read(path).environments

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._entries)

    def environment(self, name: str, variables: Mapping[str, str]) -> Environment:
        """Return one of them; SettingsError lists the known ones if it is not among them."""
        entry = self._entries.get(name)
        if entry is None:
            known = ", ".join(self.names)
            raise SettingsError(f"{self.path} has no environment {name}; known: {known}")
        if isinstance(entry, _Variables):
            return Environment.from_variables(variables)
        return Environment(
            name=name,
            repository=resolve_repository(entry.repository, self.path),
            branch=entry.branch,
            path=entry.path,
            agents=entry.agents,
            kubernetes=_agents(entry.kubernetes),
            argocd=_application(entry.argocd, entry.kubernetes),
            overlay=entry.overlay,
            file=self.path,
        )


def _agents(written: _Kubernetes | None) -> ClusterAgents | None:
    return None if written is None else ClusterAgents(**written.model_dump(exclude_none=True))


def _application(written: _ArgoCd | None, agents: _Kubernetes | None) -> ArgoApplication | None:
    """Argo CD runs in the cluster of the agents, unless a context says where else."""
    if written is None:
        return None
    context = written.context or (agents.context if agents else None)
    return ArgoApplication(**{**written.model_dump(exclude_none=True), "context": context})


def _read(path: Path) -> _File:
    try:
        document = YAML(typ="rt", pure=True).load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} cannot be read: {error}") from error
    except YAMLError as error:
        raise SettingsError(f"{path} is not YAML: {yaml_fault(error)}") from error
    try:
        return _File.model_validate(document)
    except ValidationError as error:
        found = sorted(_describe(document, one) for one in error.errors())
        problems = [f"{path}:{line}: {message}" for line, message in found]
        raise SettingsError(list_problems("environments are described wrongly", problems)) from None


_MESSAGES = {
    "dict_type": "must be a mapping",
    "extra_forbidden": "is no known key here",
    "missing": "is missing",
    "model_type": "must be a mapping",
    "string_pattern_mismatch": "must be a name as Kubernetes takes it",
}


def _describe(document: object, error: ErrorDetails) -> tuple[int, str]:
    # The third step is the union's tag, which the file does not have.
    place = (*error["loc"][:2], *error["loc"][3:])
    message = _MESSAGES.get(error["type"], error["msg"].removeprefix("Value error, "))
    message = message.replace("Input should", "should")
    name = ".".join(map(str, place)) or "the file"
    return _line(document, place), f"{name} {message}"


def _line(document: object, place: Sequence[int | str]) -> int:
    """Return the line of the innermost part of a place that the file has, counted from 1."""
    line = 0
    for step in place:
        if isinstance(document, CommentedMap) and step in document:
            line = document.lc.key(step)[0]
        elif isinstance(document, CommentedSeq) and isinstance(step, int):
            line = document.lc.item(step)[0]
        else:
            continue
        child: Any = document[step]
        document = child
    return line + 1
