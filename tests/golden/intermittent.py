"""Write intermittent.json: what statsforecast answers for eight series of intermittent demand.

Run with statsforecast installed (it is not needed by the tests):

    pip install statsforecast==2.1.1
    python tests/golden/intermittent.py

Known differences, and why the tests allow for them:

* Its weights are searched by golden section to about 1e-6, ours to 2e-8 of the same bounds, so the
  optimised answers (CrostonOptimized, ADIDA, IMAPA) agree to 1e-6, the others to rounding.
* It counts demand sizes where y > 0 but intervals where y != 0; the series here are not negative.
"""

from __future__ import annotations

import json
import platform
from pathlib import Path

import numpy as np
import statsforecast
from statsforecast.models import ADIDA, IMAPA, TSB, CrostonClassic, CrostonOptimized, CrostonSBA

MODELS = {
    "croston": CrostonClassic(),
    "croston_sba": CrostonSBA(),
    "croston_optimised": CrostonOptimized(),
    "tsb": TSB(alpha_d=0.2, alpha_p=0.05),
    "adida": ADIDA(),
    "imapa": IMAPA(),
}


def series() -> dict[str, np.ndarray]:
    """Eight histories: smooth to very sparse, and the corners."""
    rng = np.random.default_rng(20261123)

    def sparse(n: int, share: float, mean: float) -> np.ndarray:
        return np.round((rng.random(n) < share) * rng.gamma(2.0, mean / 2.0, n), 2)

    return {
        "dense": sparse(60, 0.9, 20.0),
        "half": sparse(80, 0.5, 5.0),
        "fifth": sparse(120, 0.2, 8.0),
        "rare": sparse(200, 0.05, 30.0),
        "large": sparse(90, 0.3, 4e6),
        "last demand long ago": np.r_[sparse(40, 0.4, 3.0), np.zeros(50)],
        "one demand": np.r_[np.zeros(7), 3.0, np.zeros(4)],
        "zeros": np.zeros(12),
    }


def main() -> None:
    """Forecast one step after each full history and write all of it down."""
    made = {
        name: {
            "y": y.tolist(),
            "mean": {key: float(m.forecast(y=y, h=1)["mean"][0]) for key, m in MODELS.items()},
        }
        for name, y in series().items()
    }
    versions = {"python": platform.python_version(), "numpy": np.__version__}
    facts = {"statsforecast": statsforecast.__version__, **versions, "date": "2026-11-23"}
    path = Path(__file__).with_suffix(".json")
    path.write_text(json.dumps({"made with": facts, "series": made}, indent=1) + "\n")
    print(f"wrote {path}")


if __name__ == "__main__":
    main()
