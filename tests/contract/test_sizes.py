"""Files and functions stay small enough to be read at once."""

import ast
import statistics
from pathlib import Path

FILE_MEDIAN, FILE_CEILING = 120, 400
FUNCTION_MEDIAN, FUNCTION_P95, FUNCTION_CEILING = 10, 35, 60


def lines(path: Path) -> int:
    return len(path.read_text().splitlines())


def product(tracked_sources: list[Path]) -> list[Path]:
    return [path for path in tracked_sources if "tests" not in path.parts]


def test_files(tracked_sources: list[Path]) -> None:
    sizes = {path: lines(path) for path in product(tracked_sources)}
    assert statistics.median(sizes.values()) <= FILE_MEDIAN
    too_long = {str(path): size for path, size in sizes.items() if size > FILE_CEILING}
    assert not too_long


def test_functions(tracked_sources: list[Path]) -> None:
    sizes = {
        f"{path}:{node.name}": (node.end_lineno or 0) - node.lineno + 1
        for path in product(tracked_sources)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert statistics.median(sizes.values()) <= FUNCTION_MEDIAN
    assert statistics.quantiles(sizes.values(), n=20)[-1] <= FUNCTION_P95
    assert not {name: size for name, size in sizes.items() if size > FUNCTION_CEILING}
