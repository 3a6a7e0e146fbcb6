"""``python -m benchmarks [NAME ...]``: every figure, measured here and kept in ``benchmarks/results/``."""

from __future__ import annotations

import contextlib
import importlib
import io
import platform
import sys
from importlib import metadata
from pathlib import Path

BENCHMARKS = (
    "import_cost",
    "m3_published",
    "seasonal_naive",
    "lag_regression",
    "adapters",
    "smoothing",
    "arima",
    "stl",
    "seasonal_ridge",
    "accuracy",
    "default",
    "default_cost",
    "scale_model",
    "leak_matrix",
    "coverage",
)
RESULTS = Path(__file__).with_name("results")
TAKE_WORDS = (
    "m3_published",
    "adapters",
    "smoothing",
    "arima",
    "stl",
    "default",
    "default_cost",
    "scale_model",
)
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
    """Run benchmarks, all by default, and keep what each prints in a file of its own."""
    status = 0
    RESULTS.mkdir(exist_ok=True)
    for name in names or BENCHMARKS:
        tee = Tee()
        with contextlib.redirect_stdout(tee):
            print(f"--- {name}\n{machine()}\n")
            run = importlib.import_module(f"benchmarks.{name}").main
            status |= int((run([]) if name in TAKE_WORDS else run()) or 0)
        (RESULTS / f"{name}.txt").write_text(tee.getvalue().partition("\n")[2], encoding="utf-8")
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
