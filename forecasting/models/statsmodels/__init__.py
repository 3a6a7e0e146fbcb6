"""Adapters to statsmodels: exponential smoothing (ETS), Theta and ARIMA.

Each gives what the library gives, called with a plain array. Three things are done around it:

- A history that repeats itself exactly (a constant, or a perfect season) is forecast by repeating
  it, with a zero standard deviation. There the likelihood is unbounded, and the library answers
  nonsense: its Theta model forecasts 11.1, 11.7, 12.4 after 36 times 5.0.
- A history whose largest absolute value lies outside 1e-2 to 1e6 is divided by a power of two
  first. The library's optimiser takes finite differences of absolute size 1e-8 and stops by
  absolute tolerances; at 1e18 or 1e-300 it does not move at all.
- Warnings and the warning filters the library sets at import stay inside. Of its warnings, the one
  that an optimiser did not converge is passed on, once for each configuration, as
  :class:`~forecasting.errors.EstimationWarning`.
"""

from forecasting.models.statsmodels.arima import StatsmodelsARIMA
from forecasting.models.statsmodels.ets import StatsmodelsETS
from forecasting.models.statsmodels.theta import StatsmodelsTheta

__all__ = ["StatsmodelsARIMA", "StatsmodelsETS", "StatsmodelsTheta"]
