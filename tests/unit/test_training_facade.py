"""What the package shows to others, and what that costs them."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import weighbridge_training


def test_every_export_exists_and_the_list_is_sorted() -> None:
    names = weighbridge_training.__all__
    assert names == sorted(names, key=lambda name: (not name.isupper(), name[0].islower(), name))
    for name in names:
        assert getattr(weighbridge_training, name) is not None


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no_such_name"):
        weighbridge_training.no_such_name  # noqa: B018


def test_the_command_s_defaults_are_the_function_s(project: Path) -> None:
    command = [sys.executable, "-m", "weighbridge_training", "--help"]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    for value in (
        weighbridge_training.DEFAULT_ROWS,
        weighbridge_training.DEFAULT_SEED,
        weighbridge_training.MODEL_NAME,
    ):
        assert f"default {value}" in " ".join(text.split())
    readme = (project / "training" / "README.md").read_text()
    for option, value in (
        ("--rows N", weighbridge_training.DEFAULT_ROWS),
        ("--seed N", weighbridge_training.DEFAULT_SEED),
        ("--model-name", f"`{weighbridge_training.MODEL_NAME}`"),
    ):
        assert f"| `{option}` | {value} |" in readme


def test_reading_a_csv_loads_nothing_heavy() -> None:
    code = (
        "import sys, weighbridge_training.dataset; weighbridge_training.MODEL_NAME;"
        "sys.exit(bool({'numpy', 'pandas', 'sklearn', 'onnx', 'mlflow'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_training_without_its_extra_says_what_to_install() -> None:
    code = (
        "import importlib.metadata as metadata, runpy, sys\n"
        "version = metadata.version\n"
        "def without(name):\n"
        "    if name in ('pandas', 'scikit-learn'):\n"
        "        raise metadata.PackageNotFoundError(name)\n"
        "    return version(name)\n"
        "metadata.version = without\n"
        "sys.argv[1:] = ['--tracking-uri', 'http://127.0.0.1:1']\n"
        "runpy.run_module('weighbridge_training', run_name='__main__')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith("error: not installed: pandas, scikit-learn. ")
    assert "pip install 'weighbridge-training[train]'" in done.stderr


def test_every_option_is_explained_in_the_readme(project: Path) -> None:
    command = [sys.executable, "-m", "weighbridge_training", "--help"]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    readme = (project / "training" / "README.md").read_text()
    options = set(re.findall(r"--[a-z-]+", text)) - {"--help"}
    assert options
    for option in options:
        assert f"`{option}" in readme, option
