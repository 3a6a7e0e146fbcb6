"""``python -m benchmarks [NAME ...]``: every figure, measured here; kept in ``benchmarks/results.md``."""

from __future__ import annotations

import contextlib
import importlib
import io
import platform
import sys
from importlib import metadata
from pathlib import Path

BENCHMARKS = ("import_cost", "m3_published", "seasonal_naive", "lag_regression", "adapters")
RESULTS = Path(__file__).with_name("results.md")
PACKAGES = ("numpy", "pandas", "statsmodels", "prophet", "sktime", "lightgbm")


def machine() -> str:
    """Return the processor, Python and the versions that the figures stand on."""
    cpu = platform.processor() or platform.machine()
    with contextlib.suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        cpu = next((li.split(":")[1].strip() for li in lines if li.startswith("model name")), cpu)
    found = ", ".join(f"{name} {metadata.version(name)}" for name in PACKAGES)
    return f"{cpu}; Python {platform.python_version()}; {found}"


class Tee(io.StringIO):
    """Keeps what is printed and prints it."""

    def write(self, text: str) -> int:
        sys.__stdout__.write(text) if sys.__stdout__ else None
        return super().write(text)


def main(names: list[str]) -> int:
    """Run the benchmarks; write the results file when all of them were run."""
    parts, status = [], 0
    for name in names or BENCHMARKS:
        tee = Tee()
        with contextlib.redirect_stdout(tee):
            print(f"--- {name}")
            status |= int(importlib.import_module(f"benchmarks.{name}").main(*_no_arguments(name)))
        parts.append(tee.getvalue().partition("\n")[2].rstrip())
    if not names:
        RESULTS.write_text(_page(parts), encoding="utf-8")
        print(f"written to {RESULTS.name}")
    return status


def _no_arguments(name: str) -> tuple[list[str], ...]:
    return ([],) if name == "m3_published" else ()


def _page(parts: list[str]) -> str:
    sections = [
        f"## {name}\n\n```\n{text}\n```" for name, text in zip(BENCHMARKS, parts, strict=True)
    ]
    head = (
        "# Figures\n\nWritten by `make bench`. A speed is a ratio of two sides that ran in turn in one run; "
        f"the seconds alone say little.\n\n{machine()}\n"
    )
    return "\n".join([head, "\n\n".join(sections)]) + "\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
