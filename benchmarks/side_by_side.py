"""Run two pieces of code in turn, each in a process of its own, and compare CPU seconds and memory.

The peer's libraries live in an environment of their own, because they pin other versions:
``FORECASTING_PEER_PYTHON`` names its interpreter, else ``.venv-peers`` beside the project, which
``make bench`` sets up. A figure is a ratio of medians from runs that alternate, ours, theirs, ours, ...
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parent.parent

#: Around the measured code: prints one JSON line with seconds, memory (at rest before, and the highest seen
#: while it ran, in MB) and what the code reports.
FRAME = """
import gc, json, resource, sys, threading, time, warnings
warnings.simplefilter("ignore")
{setup}
gc.collect()
def rss():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096 / 1e6
seen, running = [rss()], [True]
def watch():
    while running[0]:
        seen.append(rss())
        time.sleep(0.005)
watcher = threading.Thread(target=watch, daemon=True)
watcher.start()
cpu, wall = time.process_time(), time.perf_counter()
{code}
facts = dict(cpu=time.process_time() - cpu, wall=time.perf_counter() - wall)
running[0] = False
watcher.join()
facts["before"], facts["peak"] = seen[0], max(seen)
{report}
print(json.dumps(facts))
"""

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


@dataclass(frozen=True)
class Side:
    """One side of a comparison: an interpreter and three pieces of code."""

    name: str
    python: str
    setup: str
    code: str
    report: str = ""

    def run(self) -> dict[str, float]:
        """Run once in a new process."""
        text = FRAME.format(setup=self.setup, code=self.code, report=self.report)
        found = subprocess.run(
            [self.python, "-c", text],
            capture_output=True,
            text=True,
            cwd=ROOT,
            env=os.environ | ONE_THREAD,
        )
        if found.returncode:
            raise RuntimeError(f"{self.name} failed:\n{found.stderr[-2000:]}")
        result: dict[str, float] = json.loads(found.stdout.strip().splitlines()[-1])
        return result


def peer_python() -> str | None:
    """Return the interpreter that has the peers, or None."""
    named = os.environ.get("FORECASTING_PEER_PYTHON", str(ROOT / ".venv-peers/bin/python"))
    return named if Path(named).is_file() else None


def alternate(ours: Side, theirs: Side, runs: int = 5) -> tuple[dict[str, float], dict[str, float]]:
    """Run both in turn after one warm-up each; return the median of every figure."""
    sides: tuple[list[dict[str, float]], list[dict[str, float]]] = ([], [])
    ours.run(), theirs.run()
    for _ in range(runs):
        for side, kept in zip((ours, theirs), sides, strict=True):
            kept.append(side.run())
    mine, peer = ({k: median(r[k] for r in kept) for k in kept[0]} for kept in sides)
    return mine, peer


def our_side(name: str, setup: str, code: str, report: str = "") -> Side:
    """Return a side that runs in this environment."""
    return Side(name, sys.executable, setup, code, report)
