from typing import Protocol

from forecasting._typing import FloatArray, IntArray

class Kernel(Protocol):
    def __call__(
        self,
        values: FloatArray,  # (n,)
        starts: IntArray,  # (S,)
        stops: IntArray,  # (S, K)
        first: float,
        second: float,
        out: FloatArray,  # (S, K, width), filled
    ) -> None: ...

croston: Kernel
tsb: Kernel
croston_optimised: Kernel
adida: Kernel
imapa: Kernel
ses_optimised: Kernel

def theta_fit(
    values: FloatArray,
    starts: IntArray,
    stops: IntArray,
    season_length: int,
    models: int,  # bit j: model j
    deseasonalise: int,
    decomposition: int,
    n_threads: int,
    out: FloatArray,  # (S, K, record), filled
) -> None: ...
def theta_project(
    records: FloatArray,  # (n, record)
    season_length: int,
    mean: FloatArray,  # (n, h), filled
    sd: FloatArray,  # (n, h), filled
) -> None: ...
def theta_advance(
    records: FloatArray,  # (n, record), moved
    season_length: int,
    values: FloatArray,
    lo: IntArray,  # (n,)
    hi: IntArray,  # (n,)
) -> None: ...
def theta_filter(
    values: FloatArray,
    model: int,
    alpha: float,
    omega: float,
    first_level: float,
    means: FloatArray,  # (n,), filled
    record: FloatArray,  # (record,), filled
) -> float: ...
