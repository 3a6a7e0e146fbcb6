"""The floors of the house: who may import whom, read from the source with ``ast``."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "forecasting"

FLOORS: list[set[str]] = [
    {"_typing", "errors"},
    # 1: the panel and its calendar, the door, windows, distributions, metrics, kernels
    {"calendar", "columns", "distribution", "files", "frequency", "kernels", "metrics", "oddities",
     "panel", "presenting", "reading", "regressors", "rows", "series", "shapes", "times", "windows",
     "answer"},
    {"comparison", "conformal", "mending", "plotting", "quality"},
    {"base"},
    {"compose", "models"},
    {"backtesting"},
    {"report", "runs"},
    {"as_sktime", "cli", "serving", "testing", "tracking"},
    {"__init__", "__main__"},
]  # fmt: skip
FLOOR = {name: level for level, names in enumerate(FLOORS) for name in names}

HEAVY = {
    "arch", "joblib", "lightgbm", "matplotlib", "polars", "prophet", "pyarrow", "scipy", "sklearn",
    "sktime", "statsmodels",
}  # fmt: skip
"""Loaded by the function that needs them, so that ``import forecasting`` stays light."""

FILES = sorted(PACKAGE.rglob("*.py"))


def dotted(path: Path) -> str:
    """Return the module's name below the package: "panel", "models.naive", "models.__init__"."""
    return ".".join(path.relative_to(PACKAGE).with_suffix("").parts)


MODULES = {dotted(path): path for path in FILES}


def imports(node: ast.AST) -> Iterator[ast.Import | ast.ImportFrom]:
    """Yield every import statement below a node."""
    for child in ast.walk(node):
        if isinstance(child, ast.Import | ast.ImportFrom):
            yield child


def names(statement: ast.Import | ast.ImportFrom) -> list[str]:
    """Return the full names of what an import statement may load."""
    if isinstance(statement, ast.Import):
        return [alias.name for alias in statement.names]
    return [f"{statement.module}.{alias.name}" for alias in statement.names]


def without_types(tree: ast.Module) -> ast.Module:
    """Return the tree without ``if TYPE_CHECKING:``, which never runs."""
    body = [
        node
        for node in tree.body
        if not (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING")
    ]
    return ast.Module(body=body, type_ignores=[])


def own_modules(path: Path, *, types: bool = True) -> set[str]:
    """Return the modules of the package that a file imports, as in ``MODULES``."""
    found = set()
    tree = ast.parse(path.read_text())
    for statement in imports(tree if types else without_types(tree)):
        for name in names(statement):
            below = name.removeprefix("forecasting.") if name.startswith("forecasting.") else ""
            candidates = (below, f"{below}.__init__", below.rpartition(".")[0])
            candidates += (f"{candidates[2]}.__init__",)
            found.update([c for c in candidates if c in MODULES][:1])
    return found - {dotted(path)}


@pytest.mark.parametrize("path", FILES, ids=dotted)
def test_a_module_imports_only_from_its_floor_and_below(path: Path) -> None:
    own = dotted(path).split(".")[0]
    assert own in FLOOR, f"say in tests/test_floors.py on which floor {own!r} stands"
    above = {m for m in own_modules(path) if FLOOR[m.split(".")[0]] > FLOOR[own]}
    assert above == set()


def test_no_module_imports_itself_in_a_circle() -> None:
    # Two halves of one package may name each other's types; what is loaded may not go round.
    graph = {name: own_modules(path, types=False) for name, path in MODULES.items()}
    try:
        order = list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))
    assert len(order) == len(MODULES)


@pytest.mark.parametrize("path", FILES, ids=dotted)
def test_no_own_import_hides_in_a_function(path: Path) -> None:
    functions = ast.FunctionDef | ast.AsyncFunctionDef
    hidden = [
        name
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, functions)
        for statement in imports(node)
        for name in names(statement)
        if name.split(".")[0] == "forecasting"
    ]
    assert hidden == []


def test_forecaster_families_do_not_import_one_another() -> None:
    families = [m for m in MODULES if m.startswith("models.") and m != "models.__init__"]
    for name in families:
        others = {m for m in own_modules(MODULES[name]) if m.startswith("models.")}
        assert {m.split(".")[1] for m in others} <= {name.split(".")[1]}, name


@pytest.mark.parametrize("path", FILES, ids=dotted)
def test_heavy_libraries_load_only_where_they_are_used(path: Path) -> None:
    at_import = [
        name
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in names(node)
        if name.split(".")[0] in HEAVY
    ]
    assert at_import == []


def test_importing_the_package_loads_nothing_heavy() -> None:
    code = f"import sys, forecasting; print(sorted({HEAVY!r} & set(sys.modules)))"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    # pandas itself loads pyarrow where it is installed.
    pandas = subprocess.run(
        [sys.executable, "-c", code.replace("forecasting", "pandas")],
        capture_output=True, text=True, check=True, cwd=ROOT,
    )  # fmt: skip
    assert result.stdout == pandas.stdout
