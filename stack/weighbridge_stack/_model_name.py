"""Which registered model the stack serves: the one it is told, else the one it was told before."""

import shlex
from pathlib import Path

from weighbridge_stack._settings import StackSettings
from weighbridge_training import MODEL_NAME

VARIABLE = "WEIGHBRIDGE_MODEL_NAME"


def served_model(settings: StackSettings) -> str:
    """Return the name. A later `make up` needs no variable, lest it train what nobody wants."""
    return settings.model_name or _remembered(settings.home / "env") or MODEL_NAME


def is_own(name: str) -> bool:
    """Tell whether the model is one that is not trained here."""
    return name != MODEL_NAME


def _remembered(file: Path) -> str | None:
    if not file.exists():
        return None
    words = shlex.split(file.read_text(), comments=True)
    return next((word.removeprefix(f"{VARIABLE}=") for word in words if VARIABLE in word), None)
