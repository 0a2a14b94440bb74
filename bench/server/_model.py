"""The real v7, trained once and kept as long as the training's code stays the same."""

import hashlib
from pathlib import Path
from typing import Final

import weighbridge_training

_SEED: Final = 7
_ROWS: Final = 40_000


def model_file(folder: Path) -> Path:
    """Return v7's artefact; the first time it is trained, which takes some seconds."""
    path = folder / f"v7-{_code_digest()[:12]}.onnx"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".new")
        unfinished.write_bytes(_train())
        unfinished.rename(path)
    return path


def digest(path: Path) -> str:
    """Return the file's SHA-256."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _code_digest() -> str:
    sources = sorted(Path(weighbridge_training.__file__).parent.glob("*.py"))
    return hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()


def _train() -> bytes:
    from weighbridge_training.export import export
    from weighbridge_training.generator import generate
    from weighbridge_training.job import fit_story, load_data

    data = load_data(None, rows=_ROWS, seed=_SEED)
    *_, newest = fit_story(generate(_ROWS, _SEED).table, seed=_SEED)
    made = export(newest, data.parts.judge, run_id="bench", training_data_sha256=data.sha256)
    return made.content
