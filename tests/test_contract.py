"""Every forecaster of ours that needs no heavy library is under the public contract."""

import forecasting as fc
from forecasting.testing import parametrize_forecasters

OURS = [
    fc.Naive(),
    fc.SeasonalNaive(12),
    fc.SeasonalNaiveDrift(12),
    fc.SeasonalNaiveDrift(1),
    fc.YearAgo(12, window=6),
    fc.RandomWalkWithDrift(),
    fc.HistoricAverage(),
    fc.WindowAverage(5),
    fc.SeasonalWindowAverage(12, 2),
    fc.Croston(),
    fc.CrostonSBA(),
    fc.TSB(),
    fc.ADIDA(),
    fc.IMAPA(),
    fc.SES(),
    fc.Holt(damped=True),
    fc.HoltWinters(12, "multiplicative"),
    fc.ETS(12, "AAA"),
    fc.ETS(12, "MAdM"),
    fc.AutoETS(12),
    fc.AveragedETS(12),
    fc.AveragedETS(12, errors="additive"),
    fc.AggregatedETS(7),
    fc.Theta(12),
    fc.OptimizedTheta(12),
    fc.DynamicTheta(12, "additive"),
    fc.DynamicOptimizedTheta(),
    fc.DynamicOptimizedTheta(12),
    fc.AutoTheta(12, deseasonalize=True),
    fc.ARIMA(),
    fc.AutoARIMA(),
    fc.AutoARIMA(12),
    fc.ARIMA(12),
    fc.ARIMA(12, order=(1, 0, 0), seasonal_order=(1, 0, 0)),
    fc.ARIMA(12, order=(0, 0, 1), seasonal_order=(0, 1, 0), constant=True),
    fc.AutoRegressiveRidge(),
    fc.AutoRegressiveRidge(12),
    fc.AutoRegressiveRidge(4, log=False, n_lags=2),
    fc.WeightedQuantiles(),
    fc.WeightedQuantiles(12),
    fc.SeasonalRidge(12),
    fc.SeasonalRidge((5, 12.5), log=False, horizon=4),
    fc.Ensemble((fc.Naive(), fc.HistoricAverage()), weights=(3, 1)),
    fc.Ensemble((fc.Naive(), fc.WindowAverage(3), fc.SeasonalNaive(12)), how="median"),
    fc.WeightedEnsemble(
        {"ses": fc.SES(), "seasonal": fc.SeasonalNaive(12), "mean": fc.HistoricAverage()},
        season_length=12,
    ),
    fc.WeightedEnsemble(
        (fc.Naive(), fc.Holt(), fc.WindowAverage(3)), "select", intervals="blend", pooled=False
    ),
    fc.WeightedEnsemble(
        (fc.Naive(), fc.SeasonalNaive(48)), "median", 12, intervals="scale", on_failure="leave_out"
    ),
    fc.PanelBooster(fc.WeightedEnsemble((fc.SES(), fc.SeasonalNaive(12)), season_length=12)),
    fc.Calibrated(fc.RandomWalkWithDrift(), n_windows=8),
    fc.SkipZeros(fc.SES()),
    fc.SkipZeros(fc.Transformed(fc.SES(), fc.Log(), bias_correction=False)),
    fc.AutoForecaster(),
    fc.AutoForecaster(7, pooled=False),
    fc.Fallback((fc.SeasonalNaive(60), fc.Naive())),
    fc.Transformed(fc.RandomWalkWithDrift(), fc.Log()),
    fc.Transformed(fc.SeasonalNaive(12), fc.BoxCox(0.3)),
    fc.Transformed(fc.HistoricAverage(), fc.Difference(12)),
    fc.Transformed(fc.AveragedETS(12, errors="additive"), fc.Log(), bias_correction=False),
    fc.Transformed(fc.ETS(12, "MAM"), fc.BoxCox(0.5)),
]


@parametrize_forecasters(OURS)
def test_contract(forecaster_check):
    forecaster_check()
