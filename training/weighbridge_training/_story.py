"""What the story asks of the registry: seven numbers, in order, that nobody else has taken."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from weighbridge_training._errors import RegistrationError
from weighbridge_training._registry import RegisteredVersion, Registry

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlflow.entities.model_registry import ModelVersion

EXPERIMENT: Final = "logistics-delay"
_DESCRIPTION: Final = "Probability that a shipment will be late."


def known_versions(registry: Registry, wanted: range) -> dict[int, RegisteredVersion]:
    """Return the wanted versions that exist.

    RegistrationError when a number can no longer be given, or is taken by something else.
    """
    found = registry.search()
    present = {int(v.version): v for v in found if int(v.version) in wanted}
    highest = max((int(v.version) for v in found), default=0)
    gaps = [n for n in wanted if n < highest and n not in present]
    if gaps:
        raise RegistrationError(
            f"{registry.model_name} has version {highest} but not {gaps}: the registry never gives "
            "a number twice; register under another name, or start with an empty registry"
        )
    return {number: _known(registry.model_name, version) for number, version in present.items()}


def _known(name: str, version: ModelVersion) -> RegisteredVersion:
    try:
        return RegisteredVersion(
            number=int(version.version),
            run_id=version.run_id or "",
            uri=version.tags["uri"],
            sha256=version.tags["sha256"],
            training_data_sha256=version.tags["training_data_sha256"],
            created=False,
        )
    except KeyError as error:
        raise RegistrationError(
            f"{name} version {version.version} has no tag {error}: something else registered it; "
            "register the story under another name"
        ) from error


def ensure_model(registry: Registry) -> None:
    """Make the registered model when it is missing."""
    registry.ensure_model(_DESCRIPTION)


def ensure_aliases(registry: Registry, aliases: Mapping[str, int]) -> None:
    """Set the aliases that are missing; one that a rollout has moved stays where it is."""
    present = registry.ensure_model(_DESCRIPTION).aliases
    for alias, number in aliases.items():
        if alias not in present:
            registry.set_alias(alias, number)
