"""Bootstrap of a mean difference over series and windows at once."""

from __future__ import annotations

import numpy as np

from forecasting._typing import FloatArray, IntArray

MANY_WINDOWS = 12  # from here on blocks allow for correlation between windows that do not overlap
CHUNK = 2_000_000  # numbers held at once per array: 16 MB


def choose_block_length(asked: int | None, lags: int, n_windows: int) -> int:
    """Return how many successive windows are drawn together: at least 1, at most half of them.

    Without a wish, enough to hold the overlap of the windows; from :data:`MANY_WINDOWS` on it also
    grows as the cube root of their number, the rate that is best for the variance of a mean (Künsch
    1989). Fewer windows cannot tell correlation that no overlap explains, and blocks would leave next
    to no degrees of freedom: of four windows in blocks of two, one. More than half would leave nothing
    to resample.
    """
    grown = round(n_windows ** (1 / 3)) if n_windows >= MANY_WINDOWS else 1
    wanted = max(lags + 1, grown) if asked is None else asked
    return max(1, min(wanted, n_windows // 2))


def block_counts(
    n_windows: int, length: int, n_resamples: int, rng: np.random.Generator
) -> FloatArray:
    """Return how often each window is drawn in each resample, (windows, resamples).

    Blocks of ``length`` successive windows, started anywhere, laid end to end and cut to
    ``n_windows`` (moving blocks, Künsch 1989). They wrap around at the end (Politis & Romano 1992),
    so that the first and last windows are drawn as often as the others: with six windows that
    matters more than the seam.
    """
    n_blocks = -(-n_windows // length)
    starts = rng.integers(0, n_windows, size=(n_resamples, n_blocks, 1))
    drawn = ((starts + np.arange(length)) % n_windows).reshape(n_resamples, -1)[:, :n_windows]
    flat = drawn + n_windows * np.arange(n_resamples)[:, None]  # (resamples, windows)
    counts = np.bincount(flat.ravel(), minlength=n_windows * n_resamples)
    return counts.reshape(n_resamples, n_windows).T.astype(np.float64)


def expansion(n: int, length: int, level: float) -> float:
    r"""Return the factor by which bootstrap deviations are stretched for a small sample.

    .. math:: \sqrt{\frac{n}{n - b}}\; \frac{t_{\nu}}{z}, \qquad \nu = \max(n/b - 1,\ 1)

    Resampling n things in blocks of b underestimates the variance of their mean by about 1 - b/n,
    and the normal quantile z is too small where t with few degrees of freedom is right: the
    expanded percentile interval of Hesterberg (2015, doi:10.1080/00031305.2015.1089789), with
    blocks. 1 for a single thing, which is not resampled.
    """
    from scipy.special import ndtri, stdtrit

    if n < 2:
        return 1.0
    upper = (100 + level) / 200
    quantile = stdtrit(max(n / length - 1, 1.0), upper) / ndtri(upper)
    return float(np.sqrt(n / max(n - length, 1)) * quantile)


def bootstrap_interval(
    total: FloatArray,
    count: FloatArray,
    weights: FloatArray,
    *,
    level: float,
    block_length: int,
    n_resamples: int,
    seed: int,
) -> tuple[float, float]:
    """Return the interval of the mean over series of the mean inside a series.

    Parameters
    ----------
    total, count : (series, windows) float arrays
        Sum and number of the differences in each window of each series; 0 where there are none.
        Every series and every window has at least one.
    weights : (series,) float array
        At least 0, not all 0.
    level : float
        In percent.
    block_length : int
        Successive windows that are drawn together.
    n_resamples, seed : int
        The generator is local; the same seed gives the same bits.
    """
    rng = np.random.default_rng(seed)
    n_series, n_windows = total.shape
    stretch_series = expansion(n_series, 1, level)
    stretch_windows = expansion(n_windows, block_length, level)
    windows = block_counts(n_windows, block_length, n_resamples, rng)
    mean = total.sum(axis=1) / count.sum(axis=1)  # (series,)
    centre = float(weights @ mean / weights.sum())
    rest = total - count * mean[:, None]
    means = np.empty(n_resamples)
    chunk = max(1, CHUNK // n_series)
    for start in range(0, n_resamples, chunk):
        drawn = windows[:, start : start + chunk]  # (windows, r)
        number = count @ drawn  # (series, r)
        shift = (rest @ drawn) / np.where(number > 0, number, 1.0)
        weight = _series_counts(n_series, drawn.shape[1], rng) * weights[:, None] * (number > 0)
        sums = weight.sum(axis=0)
        parts = stretch_series * (mean - centre)[:, None] + stretch_windows * shift
        above = (weight * parts).sum(axis=0)
        means[start : start + chunk] = centre + above / np.where(sums > 0, sums, np.nan)
    lo, hi = np.nanquantile(means, [(100 - level) / 200, (100 + level) / 200])
    return float(lo), float(hi)


def _series_counts(n_series: int, n_resamples: int, rng: np.random.Generator) -> FloatArray:
    """Return how often each series is drawn, with replacement, in each resample, (series, r)."""
    if n_series == 1:
        return np.ones((1, n_resamples))
    drawn: IntArray = rng.integers(0, n_series, size=(n_resamples, n_series))
    flat = drawn + n_series * np.arange(n_resamples)[:, None]
    counts = np.bincount(flat.ravel(), minlength=n_series * n_resamples)
    return counts.reshape(n_resamples, n_series).T.astype(np.float64)
