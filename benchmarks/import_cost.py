"""What ``import forecasting`` costs over ``import numpy, pandas``: seconds and megabytes, new processes."""

from __future__ import annotations

import json
import subprocess
import sys
from statistics import median

CODE = """
import json, sys, time
import numpy, pandas
def memory():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096 / 1e6
before, known, began = memory(), set(sys.modules), time.perf_counter()
import forecasting
seconds = time.perf_counter() - began
heavy = [m for m in ("prophet", "sktime", "statsmodels", "matplotlib", "scipy", "sklearn", "lightgbm", "arch")
         if m in sys.modules and m not in known]
print(json.dumps({"seconds": seconds, "megabytes": memory() - before, "heavy": heavy}))
"""


def main() -> int:
    """Print the median of nine imports."""
    runs = [
        json.loads(
            subprocess.run(
                [sys.executable, "-c", CODE], capture_output=True, check=True, text=True
            ).stdout
        )
        for _ in range(9)
    ]
    print(
        f"import forecasting over numpy and pandas: {median(r['seconds'] for r in runs):.2f} s "
        f"({min(r['seconds'] for r in runs):.2f} to {max(r['seconds'] for r in runs):.2f}), "
        f"{median(r['megabytes'] for r in runs):.0f} MB; heavy modules loaded: {runs[0]['heavy'] or 'none'}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
