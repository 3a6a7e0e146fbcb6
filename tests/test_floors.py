"""The floors of the house: a module imports from lower floors, or from its own package; no circles."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "forecasting"

FLOORS = (
    ("_typing", "errors", "pulse", "versions"),
    ("files", "frequency", "columns", "conformal", "distribution", "kernels", "metrics"),
    ("times", "comparison", "plotting"),
    ("calendar",),
    ("panel", "series", "fits"),
    ("shapes", "oddities", "windows", "disguise"),
    ("rows", "regressors", "schedule", "troubles", "answer", "held"),
    ("reading", "presenting", "quality", "calibration", "modelfile"),
    ("filling", "aggregating", "features", "base"),
    ("batch",),
    ("models", "compose"),
    ("automatic",),
    ("loading",),
    ("auditing",),
    ("backtesting",),
    ("report", "testing", "as_sktime"),
    ("cli",),
    ("__main__", "__init__"),
)
FLOOR = {name: number for number, names in enumerate(FLOORS) for name in names}


def own_imports(path):
    """Yield (line, module, inside a function) of every import of our own."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    inside = {
        id(node)
        for function in ast.walk(tree)
        if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef))
        for node in ast.walk(function)
    }
    typing_only = {
        id(node)
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and "TYPE_CHECKING" in ast.unparse(block.test)
        for node in ast.walk(block)
    }
    for node in ast.walk(tree):
        if id(node) in typing_only or not isinstance(node, (ast.Import, ast.ImportFrom)):
            continue
        for name in imported(node):
            if name.split(".")[0] == "forecasting":
                yield node.lineno, name, id(node) in inside


def imported(node):
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if node.module == "forecasting":
        return [f"forecasting.{alias.name}" for alias in node.names]
    return [node.module or ""]


def room(module):
    """Return the floor's name for a module: its first part below the package."""
    return module.split(".")[1] if "." in module else "__init__"


MODULES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_a_module_imports_from_lower_floors_only(path):
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    own = parts[0]
    assert own in FLOOR, f"{own} has no floor; add it to FLOORS where it belongs"
    for line, module, _ in own_imports(path):
        other = room(module)
        same_file_or_package = other == own and (len(parts) > 1 or other != parts[-1])
        family = own == "models" and other == "models" and module.split(".")[2] != parts[1]
        assert not family, f"line {line}: families of models do not import one another ({module})"
        if not same_file_or_package:
            assert FLOOR[other] < FLOOR[own], f"line {line}: {module} is not on a lower floor"


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_no_own_import_is_hidden_in_a_function(path):
    hidden = [(line, module) for line, module, inside in own_imports(path) if inside]
    assert hidden == []
