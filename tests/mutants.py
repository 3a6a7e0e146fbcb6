"""Mutation testing: change one small thing in the source, and see whether a test notices.

``make mutants`` draws a seeded sample of mutants for each group of files below, runs the tests that cover
the file in a forked process against the changed module, and writes what survived to
``benchmarks/results/mutants.txt``. A survivor is either equivalent (then it is in
tests/equivalent_mutants.txt, with the reason) or a test that is missing. Nothing on disk is changed: the
mutant exists in the child's memory alone.

    python tests/mutants.py --group windows --sample 80 --seed 0
"""

import argparse
import ast
import contextlib
import copy
import importlib.abc
import importlib.machinery
import os
import random
import signal
import sys
import tempfile
import time
import traceback
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
RESULT = ROOT / "benchmarks" / "results" / "mutants.txt"
#: A mutant that takes longer than this many times what the tests take without one, and a minute, loops.
PATIENCE, LEAST = 5.0, 60.0

#: Files of each group, and the tests that are run against a mutant of it, the quickest first.
GROUPS = {
    "windows": {
        "forecasting/windows.py": [
            "tests/test_windows.py", "tests/catalogue/test_windows.py", "tests/fuzz/test_numbers.py",
            "tests/catalogue/test_regressors.py",
        ],
        "forecasting/schedule.py": [
            "tests/test_windows.py", "tests/catalogue/test_windows.py", "tests/fuzz/test_numbers.py",
        ],
    },
    "metrics": {
        f"forecasting/metrics/{name}.py": ["tests/metrics", "tests/fuzz/test_numbers.py"]
        for name in ("loss_functions", "scales", "groups", "table", "summary")
    },
    "alignment": {
        "forecasting/regressors.py": ["tests/catalogue/test_regressors.py", "tests/fuzz/test_door.py"],
        "forecasting/rows.py": [
            "tests/test_reading.py", "tests/catalogue/test_time.py", "tests/catalogue/test_structure.py",
            "tests/catalogue/test_arguments.py", "tests/test_quality.py", "tests/fuzz/test_door.py",
        ],
    },
    "writer": {
        "forecasting/files.py": [
            "tests/outputs/test_writing.py", "tests/outputs/test_text.py", "tests/outputs/test_kills.py",
            "tests/outputs/test_faults.py",
        ],
        "forecasting/backtesting/storage.py": ["tests/outputs/test_writing.py", "tests/outputs/test_text.py"],
        "forecasting/cli/writing.py": ["tests/outputs/test_writing.py", "tests/outputs/test_text.py"],
    },
}  # fmt: skip

#: Covers no file of ours by itself, and takes longer than all others together.
LEFT_OUT = "tests/catalogue/test_windows.py::test_W13_a_forecaster_that_leaks_is_named"

COMPARISONS = {
    ast.Lt: (ast.LtE, ast.GtE), ast.LtE: (ast.Lt, ast.Gt), ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt), ast.Eq: (ast.NotEq,), ast.NotEq: (ast.Eq,), ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,), ast.In: (ast.NotIn,), ast.NotIn: (ast.In,),
}  # fmt: skip
ARITHMETIC = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd, ast.Pow: ast.Mult,
}  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """One change: ``change`` of the node number ``node`` in the walk of the file's tree."""

    path: str
    node: int
    change: str
    line: int
    column: int
    text: str
    before: str
    after: str

    def __str__(self):
        return f"{self.path}:{self.line} {self.change}: {self.before} -> {self.after}"


def prose(tree):
    """Return the nodes that no number depends on: annotations, docstrings, decorators, text of messages."""
    skip = set()
    for node in ast.walk(tree):
        parts = []
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            parts += [*node.decorator_list, node.returns, node.args]
        elif isinstance(node, ast.AnnAssign):
            parts.append(node.annotation)
        elif isinstance(node, (ast.JoinedStr, ast.Raise, ast.Import, ast.ImportFrom)):
            parts += list(ast.iter_child_nodes(node))
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            parts.append(node)
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in (
            "tell",
            "plural",
            "stop",
            "TypeVar",
        ):
            parts += node.args
        skip.update(id(n) for part in parts if part is not None for n in ast.walk(part))
    return skip


def changes(node):
    """Yield (name, new node) for every small change of one node."""
    new = copy.deepcopy(node)
    if isinstance(node, ast.Compare):
        for at, op in enumerate(node.ops):
            for other in COMPARISONS[type(op)]:
                turned = copy.deepcopy(node)
                turned.ops[at] = other()
                yield "comparison", turned
    elif isinstance(node, ast.BinOp) and type(node.op) in ARITHMETIC:
        new.op = ARITHMETIC[type(node.op)]()
        yield "arithmetic", new
    elif isinstance(node, ast.BoolOp):
        new.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        yield "boolean", new
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.Not, ast.Invert, ast.USub)):
        yield "without the sign", node.operand
    elif isinstance(node, ast.IfExp):
        new.body, new.orelse = node.orelse, node.body
        yield "branches swapped", new
    elif isinstance(node, ast.Constant):
        yield from constants(node)
    elif isinstance(node, ast.Call) and len(node.args) == 2 and not node.keywords:
        new.args = node.args[::-1]
        if ast.unparse(new) != ast.unparse(node) and ast.unparse(node.func) not in COMMUTING:
            yield "arguments swapped", new
    elif isinstance(node, ast.Return) and node.value is not None:
        if not (isinstance(node.value, ast.Constant) and node.value.value is None):
            yield "returns None", ast.Return(ast.Constant(None))
    elif isinstance(node, (ast.Assign, ast.AugAssign, ast.Raise)) or (
        isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
    ):
        yield "statement removed", ast.Pass()


#: Calls of two arguments whose order does not matter.
COMMUTING = ("np.maximum", "np.minimum", "np.array_equal", "max", "min", "ast.Add")


def constants(node):
    if isinstance(node.value, bool):
        yield "constant", ast.Constant(not node.value)
    elif isinstance(node.value, (int, float)):
        yield "constant", ast.Constant(node.value + 1)
        if node.value:
            yield "constant", ast.Constant(node.value - 1)


def mutants_of(path):
    """Return every mutant of a file."""
    source = (ROOT / path).read_text(encoding="utf-8")
    tree, lines = ast.parse(source), source.splitlines()
    skip, found = prose(tree), []
    for number, node in enumerate(ast.walk(tree)):
        if id(node) in skip and not isinstance(node, ast.Raise):
            continue
        if not hasattr(node, "lineno"):
            continue
        for change, new in changes(node):
            before, after = (" ".join(ast.unparse(n).split())[:90] for n in (node, new))
            text, column = lines[node.lineno - 1].strip(), node.col_offset
            found.append(Mutant(path, number, change, node.lineno, column, text, before, after))
    return found


def source_of(mutant):
    """Return the tree of the file with the change made."""
    tree = ast.parse((ROOT / mutant.path).read_text(encoding="utf-8"))
    target = next(node for number, node in enumerate(ast.walk(tree)) if number == mutant.node)
    for change, new in changes(target):
        if (change, " ".join(ast.unparse(new).split())[:90]) == (mutant.change, mutant.after):
            break
    for parent in ast.walk(tree):
        for field, value in ast.iter_fields(parent):
            if value is target:
                setattr(parent, field, ast.copy_location(new, target))
            elif isinstance(value, list):
                for at, item in enumerate(value):
                    if item is target:
                        value[at] = ast.copy_location(new, target)
    return ast.fix_missing_locations(tree)


class Mutated(importlib.abc.MetaPathFinder, importlib.abc.InspectLoader):
    """Loads the mutant in the place of its module."""

    def __init__(self, mutant):
        self.name = mutant.path.removesuffix(".py").replace("/", ".")
        self.path, self.code = (
            str(ROOT / mutant.path),
            compile(source_of(mutant), mutant.path, "exec"),
        )

    def find_spec(self, fullname, path=None, target=None):
        if fullname != self.name:
            return None
        return importlib.machinery.ModuleSpec(fullname, self, origin=self.path)

    def get_source(self, fullname):
        return None

    def get_code(self, fullname):
        return self.code

    def exec_module(self, module):
        module.__file__ = self.path
        exec(self.code, module.__dict__)


def tests_pass(mutant, tests, log):
    """Run the tests in this process against a mutant (None: the source as it is); True if they pass."""
    import pytest

    if mutant is not None:
        sys.meta_path.insert(0, Mutated(mutant))
    arguments = [
        "-x",
        "-q",
        "-m",
        "not slow",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:xdist",
        "--hypothesis-seed=0",
    ]
    arguments += [
        "--deselect",
        LEFT_OUT,
        "-W",
        "ignore::pytest.PytestAssertRewriteWarning",
        *tests,
    ]  # of what is imported already
    with open(log, "w") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
        passed = pytest.main(arguments) == 0
        sys.stdout.flush()
        return passed


def start(mutant, tests, log):
    """Fork a child that runs the tests; return its process id."""
    child = os.fork()
    if child == 0:
        code = 2
        try:
            os.setpgid(0, 0)
            code = 0 if tests_pass(mutant, tests, log) else 1
        except BaseException:
            traceback.print_exc(file=sys.__stderr__)
        finally:
            os._exit(code)
    return child


def judge(mutants, tests_of, n_jobs, limit, say):
    """Return {mutant: "killed" | "survived" | "timeout"}; the last is one that loops."""
    waiting, running, verdicts = list(mutants)[::-1], {}, {}
    with tempfile.TemporaryDirectory() as folder:
        while waiting or running:
            while waiting and len(running) < n_jobs:
                mutant = waiting.pop()
                child = start(mutant, tests_of[mutant.path], f"{folder}/{len(waiting)}.log")
                running[child] = (mutant, time.monotonic())
            for child, (mutant, began) in list(running.items()):
                done, status = os.waitpid(child, os.WNOHANG)
                late = time.monotonic() - began > limit
                if done or late:
                    end_group(child, wait=not done)
                    del running[child]
                    survived = done and os.waitstatus_to_exitcode(status) == 0
                    verdicts[mutant] = "survived" if survived else "killed" if done else "timeout"
                    say(f"{len(verdicts)}/{len(mutants)} {verdicts[mutant]:8} {mutant}")
            time.sleep(0.05)
    return verdicts


def end_group(child, wait):
    """End a child with all that it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    if wait:
        os.waitpid(child, 0)


def preload():
    """Import what every child needs and no mutant touches, so that a child starts at once."""
    import hypothesis
    import matplotlib.figure
    import numpy
    import pandas
    import pyarrow.parquet
    import pytest
    import scipy.stats

    return hypothesis, matplotlib, numpy, pandas, pyarrow, pytest, scipy


def equivalent():
    """Return the reason of each mutant in tests/equivalent_mutants.txt, by the text of it."""
    found = {}
    for line in (
        (ROOT / "tests" / "equivalent_mutants.txt").read_text(encoding="utf-8").splitlines()
    ):
        if line.strip() and not line.startswith("#"):
            mutant, reason = line.rsplit(" | ", 1)
            found[mutant] = reason
    return found


def unplaced(mutant):
    """Return a mutant as text that outlives lines put in above it."""
    place = f"{mutant.path} in `{mutant.text}` at {mutant.column}"
    return f"{place}, {mutant.change}: {mutant.before} -> {mutant.after}"


def check_unchanged(tests_of):
    """Return the longest that the tests of a file take; stop if they fail on the source as it is.

    Every mutant would count as killed then.
    """
    longest = 0.0
    for tests in {tuple(tests) for tests in tests_of.values()}:
        with tempfile.NamedTemporaryFile() as log:
            began = time.monotonic()
            _, status = os.waitpid(start(None, tests, log.name), 0)
            longest = max(longest, time.monotonic() - began)
            if status:
                sys.exit(
                    f"the tests {tests} fail without any mutant:\n{Path(log.name).read_text()[-3000:]}"
                )
    return longest


def report(group, verdicts, total, seed, took):
    """Return the lines on one group for the result file."""
    reasons = equivalent()
    left = [m for m, verdict in verdicts.items() if verdict == "survived"]
    same = [m for m in left if unplaced(m) in reasons]
    killed, counted = len(verdicts) - len(left), len(verdicts) - len(same)
    lines = [
        f"{group}: {killed} of {counted} killed ({100 * killed / max(counted, 1):.1f} %); a sample of "
        f"{len(verdicts)} from {total} mutants, seed {seed}, {len(same)} equivalent, "
        f"{sum(v == 'timeout' for v in verdicts.values())} by the time limit, {took}"
    ]
    lines += [f"  survived    {m}" for m in left if m not in same]
    lines += [f"  equivalent  {m}\n              {reasons[unplaced(m)]}" for m in same]
    return lines


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--group", nargs="*", default=list(GROUPS), choices=list(GROUPS))
    parser.add_argument("--sample", type=int, default=80, help="mutants of each group; 0 for all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--again", action="store_true", help="only what survived in --output, after new tests"
    )
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--output", type=Path, default=RESULT)
    given = parser.parse_args()
    os.chdir(ROOT)
    os.environ["FUZZ_EXAMPLES"] = "12"  # of each property in tests/fuzz, the same for every mutant
    os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"
    preload()
    lines = ["Mutation testing of what a wrong number would come from; see tests/mutants.py.", ""]
    for group in given.group:
        every = [m for path in GROUPS[group] for m in mutants_of(path)]
        chosen = random.Random(given.seed).sample(
            every, min(given.sample or len(every), len(every))
        )
        began = time.monotonic()
        chosen.sort(key=lambda m: (m.path, m.line))
        before = given.output.read_text(encoding="utf-8") if given.again else ""
        old = {m: "killed" for m in chosen if given.again and f"  {m}\n" not in before}
        limit = max(LEAST, PATIENCE * check_unchanged(GROUPS[group]))
        new = [m for m in chosen if m not in old]
        verdicts = judge(
            new, GROUPS[group], given.jobs, limit, say=lambda text: print(text, flush=True)
        )
        minutes = (time.monotonic() - began) / 60
        took = "the survivors of an earlier run alone" if given.again else f"{minutes:.0f} min"
        lines += [
            *report(group, old | verdicts, len(every), given.seed, took),
            "",
        ]
        print("\n".join(lines), flush=True)
    given.output.write_text("\n".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
