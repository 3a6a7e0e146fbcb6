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
    free_level: bool,
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
def ets_fit(
    values: FloatArray,
    starts: IntArray,
    stops: IntArray,
    *,
    season_length: int,
    models: int,  # bit q: model number q is a candidate
    lower: FloatArray,  # (4,)
    upper: FloatArray,  # (4,)
    tied: bool,
    criterion: int,
    anchor_ratio: float,
    tolerance: float,
    margin: float,
    every: bool,
    n_threads: int,
    out: FloatArray,  # (S, K, record), or with `every` (S, K, candidates * short record), filled
) -> None: ...
def ets_project(
    records: FloatArray,  # (n, record)
    season_length: int,
    mean: FloatArray,  # (n, h), filled
    sd: FloatArray,  # (n, h), filled
) -> None: ...
def ets_weigh(
    records: FloatArray,  # (n * group, record)
    season_length: int,
    criterion: int,
    temperature: float,
    weights: FloatArray,  # (n, group), filled
) -> None: ...
def ets_mix(
    records: FloatArray,  # (n * group, record)
    season_length: int,
    weights: FloatArray,  # (n, group)
    mean: FloatArray,  # (n, h), filled
    sd: FloatArray,  # (n, h), filled
) -> None: ...
def ets_advance(
    records: FloatArray,  # (n, record), moved
    season_length: int,
    values: FloatArray,
    lo: IntArray,  # (n,)
    hi: IntArray,  # (n,)
) -> None: ...
def ets_evaluate(
    values: FloatArray,
    model: int,
    season_length: int,
    z: FloatArray,  # (p,)
    gradient: FloatArray,  # (p,), filled
    matrix: FloatArray,  # (p, p), filled
) -> float: ...
def ets_smooth(
    values: FloatArray,
    model: int,
    season_length: int,
    alpha: float,
    beta: float,
    gamma: float,
    phi: float,
    state: FloatArray,  # (2 + m,), moved
    means: FloatArray,  # (n,), filled
) -> bool: ...
def arima_fit(
    values: FloatArray,
    regressors: FloatArray,  # (n, r)
    starts: IntArray,
    stops: IntArray,
    order: IntArray,  # (6,): p, d, q, P, D, Q
    season_length: int,
    constant: bool,
    anchor_ratio: float,
    tolerance: float,
    n_threads: int,
    out: FloatArray,  # (S, K, record), filled
) -> None: ...
def arima_choose(
    values: FloatArray,
    regressors: FloatArray,  # (n, r)
    starts: IntArray,
    stops: IntArray,
    limits: IntArray,  # (6,)
    season_length: int,
    contenders: int,
    anchor_ratio: float,
    tolerance: float,
    margin: float,
    stepwise: bool,
    n_threads: int,
    out: FloatArray,  # (S, K, record), filled
) -> None: ...
def arima_project(
    values: FloatArray,
    starts: IntArray,
    stops: IntArray,
    records: FloatArray,
    limits: IntArray,  # (6,)
    season_length: int,
    contenders: int,
    n_regressors: int,
    n_threads: int,
    mean: FloatArray,  # (n, h), filled
    sd: FloatArray,  # (n, h), filled
) -> None: ...
def arima_widen(
    values: FloatArray,
    starts: IntArray,
    stops: IntArray,
    records: FloatArray,
    limits: IntArray,  # (6,)
    season_length: int,
    contenders: int,
    n_regressors: int,
    n_threads: int,
    ratio: FloatArray,  # (n, h), filled
) -> None: ...
def arima_evaluate(
    values: FloatArray,
    regressors: FloatArray,  # (n, r)
    order: IntArray,
    season_length: int,
    constant: bool,
    coefficients: FloatArray,  # (p + q + P + Q,)
    gradient: FloatArray,  # filled
    matrix: FloatArray,  # filled
    out: FloatArray,  # (record,), filled
) -> None: ...
def autoregression_fit(
    values: FloatArray,
    regressors: FloatArray,  # (n, q)
    starts: IntArray,
    stops: IntArray,
    season_length: int,
    n_lags: int,
    logs: int,
    n_threads: int,
    out: FloatArray,  # (S, K, record), filled
) -> None: ...
def autoregression_project(
    records: FloatArray,  # (n, record)
    season_length: int,
    n_lags: int,
    ahead: FloatArray,  # (n, h, q)
    mean: FloatArray,  # (n, h), filled
) -> None: ...
def autoregression_advance(
    records: FloatArray,  # (n, record), moved
    season_length: int,
    n_lags: int,
    values: FloatArray,
    regressors: FloatArray,  # rows of the values, q columns
    lo: IntArray,  # (n,)
    hi: IntArray,  # (n,)
) -> None: ...
def stl_decompose(
    values: FloatArray,
    lo: IntArray,  # (W,)
    hi: IntArray,  # (W,)
    offsets: IntArray,  # (W,)
    seasons: IntArray,  # (P, 13)
    n_threads: int,
    season: FloatArray,  # (P, total), filled
    trend: FloatArray,  # (total,), filled
    weights: FloatArray,  # (total,), filled
) -> None: ...
def weighted_quantiles(
    values: FloatArray,
    starts: IntArray,
    stops: IntArray,
    season_length: int,
    longest: int,
    alphas: FloatArray,
    season_weights: FloatArray,
    floor: float,
    power: float,
    probs: FloatArray,
    n_threads: int,
    weights: FloatArray,  # (S, K, alphas x season_weights), filled
    mean: FloatArray,  # (S, K, h), filled
    found: FloatArray,  # (S, K, h, probs), filled
) -> None: ...
def seasonal_ridge_fit(
    values: FloatArray,
    starts: IntArray,
    stops: IntArray,
    first: IntArray,  # (S,)
    X: FloatArray,  # (n, p)
    period: FloatArray,  # (n_seasonal,)
    harmonic: IntArray,  # (n_seasonal,)
    is_sine: IntArray,  # (n_seasonal,)
    penalty: FloatArray,  # (n_seasonal + n_days,)
    needed: FloatArray,  # (n_seasonal + n_days,)
    grows: FloatArray,  # (n_seasonal + n_days,)
    days: FloatArray,  # (D, n_days)
    first_day: int,
    logs: int,
    horizon: int,
    stride: int,
    origins: int,
    least: int,
    n_threads: int,
    out: FloatArray,  # (S, K, record), filled
) -> None: ...
def seasonal_ridge_project(
    records: FloatArray,  # (n, record)
    first: IntArray,  # (n,)
    X: FloatArray,  # (n, h, p)
    period: FloatArray,
    harmonic: IntArray,
    is_sine: IntArray,
    penalty: FloatArray,
    needed: FloatArray,
    grows: FloatArray,
    days: FloatArray,
    first_day: int,
    mean: FloatArray,  # (n, h), filled
) -> None: ...
def seasonal_ridge_advance(
    records: FloatArray,  # (n, record), moved
    values: FloatArray,
    X: FloatArray,
    lo: IntArray,  # (n,)
    hi: IntArray,  # (n,)
    first: IntArray,  # (n,)
    period: FloatArray,
    harmonic: IntArray,
    is_sine: IntArray,
    penalty: FloatArray,
    needed: FloatArray,
    grows: FloatArray,
    days: FloatArray,
    first_day: int,
) -> None: ...
