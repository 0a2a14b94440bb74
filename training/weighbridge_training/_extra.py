"""The extra `train`: what training and registering need, and reading rows does not."""

from __future__ import annotations

import re
from importlib import metadata
from typing import Final

from weighbridge_training._errors import TrainingError

_PACKAGE: Final = "weighbridge-training"


def check_extra() -> None:
    """TrainingError when a package of the extra is missing, before one of them fails obscurely.

    MLflow, for one, is there without pandas too, and then lacks half of its names.
    """
    lines = [line for line in metadata.requires(_PACKAGE) or () if "extra ==" in line]
    names = [re.split(r"[^\w.-]", line, maxsplit=1)[0] for line in lines]
    if missing := [name for name in names if not _is_installed(name)]:
        raise TrainingError(
            f"not installed: {', '.join(missing)}. Training and registering need the extra: "
            f"pip install '{_PACKAGE}[train]' (the image weighbridge-services has it)"
        )


def _is_installed(name: str) -> bool:
    try:
        metadata.version(name)
    except metadata.PackageNotFoundError:
        return False
    return True
