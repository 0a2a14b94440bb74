"""`python -m weighbridge_training`: train the seven versions and register those missing."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from pathlib import Path

from weighbridge_training._defaults import DEFAULT_ROWS, DEFAULT_SEED, MODEL_NAME
from weighbridge_training._errors import TrainingError
from weighbridge_training._extra import check_extra


def main(arguments: list[str] | None = None) -> int:
    """Run the command; 0 when all seven versions are registered, 1 when not."""
    options = _parser().parse_args(arguments)
    # One line per version is told below; MLflow would add two of its own to each.
    os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s")
    try:
        check_extra()
        if options.save_data:
            return _save_data(options)
        if not options.tracking_uri:
            _parser().error("give --tracking-uri or set MLFLOW_TRACKING_URI")
        return _train(options)
    except TrainingError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1


def _train(options: argparse.Namespace) -> int:
    from weighbridge_training._run import train_and_register

    train_and_register(
        options.tracking_uri,
        data=options.data,
        rows=options.rows,
        seed=options.seed,
        model_name=options.model_name,
        wait_s=options.wait_s,
        progress=_say,
    )
    return 0


def _save_data(options: argparse.Namespace) -> int:
    from weighbridge_training import dataset
    from weighbridge_training.generator import generate

    table = generate(options.rows, options.seed).table
    dataset.write_csv(options.save_data, table.rows(), table.status.tolist())
    _say(f"{len(table)} shipments in {options.save_data}")
    return 0


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    # Written again in the README's settings table; a test holds the two together.
    parser = argparse.ArgumentParser("python -m weighbridge_training", description=__doc__)
    add = parser.add_argument
    add("--data", type=Path, metavar="FILE", help="train on this CSV instead of generated rows")
    add("--rows", type=int, default=DEFAULT_ROWS, help="generated rows (default %(default)s)")
    add(
        "--seed",
        type=int,
        default=DEFAULT_SEED,
        help="of the generator and the trees (default %(default)s)",
    )
    add(
        "--tracking-uri",
        default=os.environ.get("MLFLOW_TRACKING_URI", ""),
        help="the MLflow server (default MLFLOW_TRACKING_URI)",
    )
    add("--model-name", default=MODEL_NAME, help="default %(default)s")
    add("--wait-s", type=float, default=0.0, help="seconds given to a server still starting")
    add(
        "--save-data",
        type=Path,
        metavar="FILE",
        help="write the generated rows as CSV, and do nothing else",
    )
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
