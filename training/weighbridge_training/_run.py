"""Train the story and register what the registry lacks.

scikit-learn is loaded only when something is missing: a second start asks the registry and is done.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from weighbridge_training._defaults import DEFAULT_ROWS, DEFAULT_SEED, MODEL_NAME
from weighbridge_training._registry import RegisteredVersion, Registry, wait_for_server
from weighbridge_training._story import EXPERIMENT, ensure_aliases, ensure_model, known_versions

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ALIASES: Final = {"production": 6, "experiment": 7}
VERSIONS: Final = range(1, 8)

_log = logging.getLogger("weighbridge_training")


def train_and_register(
    tracking_uri: str,
    *,
    data: Path | None = None,
    rows: int = DEFAULT_ROWS,
    seed: int = DEFAULT_SEED,
    model_name: str = MODEL_NAME,
    wait_s: float = 0.0,
    progress: Callable[[str], None] = _log.info,
) -> list[RegisteredVersion]:
    """Return versions 1 to 7, training and registering only those that the registry lacks.

    Needs the S3 access variables in the environment (AWS_*, MLFLOW_S3_ENDPOINT_URL), since
    artefacts go straight to S3. `progress` gets one line per version. `wait_s` is the time given
    to a server that is still starting. Aliases are set where missing and never moved.
    """
    wait_for_server(tracking_uri, wait_s)
    registry = Registry(tracking_uri, model_name, experiment=EXPERIMENT)
    known = known_versions(registry, VERSIONS)
    for number in sorted(known):
        progress(f"v{number}  registered before, sha256 {known[number].sha256[:12]}")
    if len(known) < len(VERSIONS):
        from weighbridge_training._versions import STORY
        from weighbridge_training.job import Job, load_data

        ensure_model(registry)
        job = Job(registry, load_data(data, rows=rows, seed=seed), seed)
        missing = [recipe for recipe in STORY if recipe.number not in known]
        for version, line in job.register_all(missing):
            known[version.number] = version
            progress(line)
    ensure_aliases(registry, ALIASES)
    return [known[number] for number in sorted(known)]
