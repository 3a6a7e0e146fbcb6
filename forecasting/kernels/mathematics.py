r"""The mathematics of the kernels, each part once: docstrings are made from these texts.

Sources are named at the end of each part. ``:math:`` is written so that it can be read in a terminal, too.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TypeVar

Documented = TypeVar("Documented", bound=type)

ETS = r"""
**States.** Level l_t, trend b_t, seasonal states s_t, ..., s_{t-m+1}; an observation y_t has the one-step
mean mu_t and the error e_t = y_t - mu_t. Trend: none (N), additive (A), damped (Ad, 0 < phi < 1). Season:
none (N), additive (A), multiplicative (M). With q_t = l_{t-1} + phi b_{t-1} (phi = 1 undamped, b = 0
without a trend) and s = s_{t-m}::

    additive season (or none, s = 0)      multiplicative season
    mu_t = q_t + s                        mu_t = q_t s
    l_t  = q_t + alpha e_t                l_t  = q_t + alpha e_t / s
    b_t  = phi b_{t-1} + beta e_t         b_t  = phi b_{t-1} + beta e_t / s
    s_t  = s + gamma e_t                  s_t  = s + gamma e_t / q_t

This path of y is the same for additive (A) and multiplicative (M) errors, if beta and gamma are read so, as R
does: Hyndman et al. (2008, Table 2.2-2.3) with beta for alpha beta*. They differ in what has constant variance:
e_t, or eps_t = e_t / mu_t.

**Objective.** Minus twice the logarithm of the Gaussian likelihood, the variance concentrated out and
constants left away, as in R's ``forecast::ets`` (Hyndman et al. 2008, eq. 5.3)::

    A: f = n log sum e_t^2            M: f = n log sum eps_t^2 + 2 sum log mu_t

over smoothing parameters *and* first states, z = (alpha, beta, gamma, phi, l_0, b_0, s_0, ..., s_{m-2}); the
last first seasonal state follows from sum s = 0 (or m, multiplicative). n counts the values that are not
missing. With k = dim z + 1: AIC = f + 2 k, AICc = AIC + 2 k (k + 1) / (n - k - 1), BIC = f + k log n.

**One pass.** Beside the states run their derivatives D = d/dz_j, one lane a parameter::

    Dq = Dl + phi Db + b [j = phi]          Dmu = Dq + Ds            | s Dq + q Ds
    E = e, F = e                            | e / s, e / q
    DE = -Dmu, DF = -Dmu                    | -Dq - (y / s^2) Ds, -(y / q^2) Dq - Ds
    Dl <- Dq + alpha DE + E [j = alpha]
    Db <- phi Db + b [j = phi] + beta DE + E [j = beta]
    Ds <- Ds + gamma DF + F [j = gamma]     (the slot of the season that was used; the others rest)

With J_t = D e_t (A) or D eps_t = -(y_t / mu_t^2) Dmu (M) the pass adds up A = sum J J', g = sum J e,
S = sum e^2 and for M c = sum Dmu / mu. These are sums over t: *a copy at t = T is the Gauss-Newton system of
the window that ends at T*, so one pass serves every cutoff. With G the geometric mean of mu, r_t = G eps_t has
f = n log sum r^2, so that M is a least-squares problem too, and::

    A: gradient = (2n/S) g              Hessian ~ (2n/S) A
    M: gradient = (2n/S) g + 2 c        Hessian ~ (2n/S) (A + (c g' + g c') / n + c c' S / n^2)

**Steps.** Gauss-Newton plus a symmetric rank-one estimate of what it leaves out, damped (Levenberg-Marquardt)
after a step that failed; the free states are eliminated, and the step of at most four smoothing parameters is
a quadratic programme under lower <= z <= upper, beta <= alpha, gamma <= 1 - alpha, solved exactly. Accepted
where less than the tolerance is to be had by plain Gauss-Newton, too.

**Starts.** Without a multiplicative component e is linear in the first states: for given smoothing parameters
the best states are one step away. Starts are a grid of smoothing parameters with their best states, and the
bottoms of models that differ in one component (the error additive, the season additive with
s = 1 + s_add / level, the trend not damped or none). The four most promising that lie apart are gone down from,
and up to three distinct bottoms are kept.

**Anchors.** A window of n values does not search from nothing: its anchor is the longest of the lengths a, a r,
a r^2, ... (rounded up; r = 1.5, a = 48 for seasons up to 6, else 24) that is not longer than n. The search is
made on the first so many values, roughly; from each bottom there one pass over the whole series gives every
window that shares the anchor its first step. So what is found at a window is a function of the values in that
window alone - not of which other windows are asked for, and of nothing behind it - while windows that end near
one another share the search. Windows shorter than a, and those whose anchor says nothing (its values are all
the same, or the error variance is e times what it was there), search for themselves.

**Selection.** Of several models the one with the least criterion. Models whose criterion after the first step
is worse than the best by more than the margin (8), or that are not expected to get below it, are not polished;
of each model only the bottoms that may yet be the deepest are.

**Forecasts.** The mean is the path without errors, mu_{n+h|n}. With c_j = alpha + beta (phi + ... + phi^j) +
gamma [m divides j], and sigma^2 = sum e^2 / (n - dim z) (eps for M)::

    A error (class 1): v_h = sigma^2 (1 + sum_{j<h} c_j^2)
    M error, additive components (class 2): v_h = (1 + sigma^2) theta_h - mu_h^2,
        theta_h = mu_h^2 + sigma^2 sum_{j<h} c_j^2 theta_{h-j}

(Hyndman et al. 2008, Table 6.1 and eq. 6.2). With a multiplicative season there are simulated paths instead.
These take z as known. In an interval the standard deviation at each step is multiplied by what estimating z
adds to it (``forecasting.models.smoothing.estimation``; phi counts as known), and the quantiles are those of
Student's t with n - dim z degrees of freedom.

**Sources.** R. J. Hyndman, A. B. Koehler, J. K. Ord, R. D. Snyder (2008), Forecasting with Exponential
Smoothing: The State Space Approach, Springer, doi:10.1007/978-3-540-71918-2. A. R. Conn, N. I. M. Gould,
Ph. L. Toint (1991), Convergence of quasi-Newton matrices generated by the symmetric rank one update,
Mathematical Programming 50, 177-195, doi:10.1007/BF01594934.
"""


THETA = r"""
**Model.** Observations Y_t, t = 1, ..., n, one-step means mu_t, errors e_t = Y_t - mu_t, level l_t, and a
line with intercept A and slope B. With omega = 1 - 1/theta, theta >= 1, and w = 1 - alpha::

    mu_t = l_{t-1} + omega [ w^{t-1} A_{t-1} + (1 - w^t) / alpha B_{t-1} ]
    l_t  = alpha Y_t + w l_{t-1}

*Static* models (STM, OTM) take for A, B the least-squares line of all n observations, A_t = A_n, B_t = B_n:
they are simple exponential smoothing with drift omega B. *Dynamic* models (DSTM, DOTM) take the line of the
observations so far, A_0 = Y_1, B_0 = B_1 = 0, Ybar_t = the mean so far::

    B_t = [ (t - 2) B_{t-1} + (6 / t) (Y_t - Ybar_{t-1}) ] / (t + 1)
    A_t = Ybar_t - (t + 1) / 2 B_t

so that the first line of one observation is that observation. *Standard* models (STM, DSTM) have theta = 2,
the *optimised* (OTM, DOTM) estimate it.

**Objective.** S = sum_{t=4..n} e_t^2 over alpha in [0.1, 0.99], theta in [1, 1e10] and, if it is to be
estimated, l_0; the first three errors are left out, since a line through one or two observations is none.
Bounds and objective are those of statsforecast, the models and the free l_0 those of the paper. Otherwise l_0
is such that mu_1 = Y_1. A free l_0 decays with w^{t-1}: where n is small or alpha is, it is a second trend
that the data can be bent to.

**Solution.** For a given alpha, e_t = r_t - w^{t-1} l_0 - omega q_t with r_t the error of smoothing from
level 0 and q_t the bracket above: linear in l_0 and omega. The best of both is a two-column least-squares
problem whose omega is moved into its range, l_0 following; S is then a function of alpha alone. One pass over
the data takes the six sums for several alphas at once: twelve over the whole range, then four at a time
around the least of a cubic through four neighbours, until it moves by less than 1e-7. Every valley of the
first twelve that may hold the minimum is gone down. There is no start value and no local optimum to be caught
in. The first twelve start from mu_1 = Y_1 and omega = 1/2, later passes from the best so far, and the sums
are those of the correction, so that nothing cancels.

**Season.** With m >= 4 and n >= 2 m a season is looked for: r_k the autocorrelations, |r_m| > 1.645 sqrt((1 +
2 sum_{k<m} r_k^2) / n). If found (or asked for), the classical decomposition: the centred moving mean over m
(2 x m, even m), the ratios to it (differences, additive) averaged by season, then divided by their mean (less
their mean). Additive where an observation is not positive or an index falls below 0.01. The model is fitted
to what is left, and the indices are put back into the forecast.

**Forecasts.** The mean is the path without errors, Y_{n+j} = mu_{n+j} put into all recursions, A and B among
them for dynamic models. The models are linear in their states, so with errors of variance sigma^2 the
variance follows exactly: static models v_h = sigma^2 (1 + (h - 1) alpha^2), since c_j = alpha; for dynamic
models an error moves the line, too, and the covariance of (l, Ybar, B) is carried through the recursions
above::

    v = g' P g + sigma^2,   P <- F P F' + (F P g) k' + k (F P g)' + v k k'
    g = (1,  omega w^{t-1},  omega [ (1 - w^t) / alpha - t/2 w^{t-1} ])
    k = (alpha, 1/t, 6 / (t (t + 1)))

with F the recursions without Y_t. sigma^2 = S / (n - 3 - p), p counts alpha, and l_0 and theta if they are
estimated. A multiplicative season multiplies the standard deviation by its index. This takes everything
that was estimated as known; in an interval it is multiplied by what estimation adds to smoothing around a free
line (``forecasting.models.smoothing.estimation``) and m / n for a seasonal index, and the quantiles are those
of Student's t with n - 3 - p degrees of freedom. *Approximated*: that line is not the member's own.

**Sources.** J. A. Fiorucci, T. R. Pellegrini, F. Louzada, F. Petropoulos, A. B. Koehler (2016), Models for
optimising the theta method and their relationship to state space models, International Journal of Forecasting
32, 1151-1161, doi:10.1016/j.ijforecast.2016.02.005. R. J. Hyndman, B. Billah (2003), Unmasking the Theta
method, International Journal of Forecasting 19, 287-290, doi:10.1016/S0169-2070(01)00143-1. V.
Assimakopoulos, K. Nikolopoulos (2000), The theta model: a decomposition approach to forecasting,
International Journal of Forecasting 16, 521-530, doi:10.1016/S0169-2070(00)00066-2.
"""

ARIMA = r"""
**Model.** With the seasonal difference w_t = (1 - B)^d (1 - B^m)^D y_t and white noise e_t (Box and Jenkins
1970)::

    phi(B) Phi(B^m) (w_t - c) = theta(B) Theta(B^m) e_t
    phi(B) = 1 - ar_1 B - ... - ar_p B^p          theta(B) = 1 + ma_1 B + ... + ma_q B^q

Phi and Theta the same in B^m with P and Q coefficients. c is the mean of w: of y where nothing is
differenced, a drift where d + D = 1 (per step if d = 1, per season if D = 1). Below phi* = phi Phi and theta*
= theta Theta.

**Likelihood.** Let x_t = w_t - c filtered by 1 / theta*. The only unknowns are u, the q + m Q values of x
before the first w. Given u the x follow by a sparse recursion, and phi* x = e; the first p + m P values of x
are predicted from those before them (step-down recursion), with variances f_t in units of sigma^2. So the
one-step errors v are *linear* in u and c::

    x_t = w_t - c - sum theta*_l x_{t-l}     v_t = (x_t - sum phi_l x_{t-l}) / sqrt(f_t)
    v = v_y + Z u + C c

The map from (u, w) to x is triangular with unit diagonal, so that integrating a Gaussian density over u gives
the exact likelihood; c and sigma^2 are at their maximum::

    -2 log L = n log(S / n) + log|Z'Z| + sum log f_t + n (1 + log 2 pi),   S = min |v|^2 over u and c

One recursion carries the columns [u, c, y] in lanes; their matrix of products, eliminated, gives S (the last
pivot), log|Z'Z| (the first pivots), u and c. No initial covariance, no diffuse prior, nothing truncated.

**Missing values** are further unknowns: one column each, its input the weights of the differences. They are
integrated out like u and not counted in n. With d + D > 0 that is the diffuse likelihood of a Kalman filter.

**Regression with ARIMA errors.** With regressors X the errors y - X b follow the model. Differenced alike and
filtered like w, they are further columns beside that of c: b and c come out of the same elimination by
generalised least squares, at their maximum, counted among the estimated numbers. Beside a missing value a
regressor cancels. A regressor of which differences, c, missing values and the regressors before it leave
less than 10^-13 of its sum of squares, or rounding, is refused by name.

**Gradient.** By an adjoint recursion over the same rows. With a = (u, c, 1) at the minimum and Z'Z of u
alone::

    d f / d V_t = (2 n / S) v_t a + 2 V_t (Z'Z)^-1

run backwards through the recursions and the step-down, at a cost that does not grow with the number of
coefficients. The Gauss-Newton matrix takes forward sensitivities of v, with u and c projected out.

**Coordinates.** Partial autocorrelations r of each of the four factors, |r| <= 1 - 10^-6 (Durbin-Levinson),
so that every point is stationary and invertible, and a model of a higher order begins as one of a lower with
a zero. Steps are Gauss-Newton plus a symmetric rank-one estimate of what it leaves out, damped, in the box.
Near a unit root, where valleys are long or double, the optimum is probed on both sides.

**Starts and anchors.** Four points far apart (six with p, q > 1: two cycles), and where two orders of growing
one coefficient at a time lead. A window does not search from nothing: its anchor is the longest of the
lengths 48, 72, 108, 162, ... that is not longer; the search is made on the first so many values, roughly, and
up to three distinct optima are polished in the window; with four or more coefficients the window grows a
model of its own besides. So what is found at a window is a function of the values in that window alone.
Windows shorter than 48, and those whose error variance is e times what it was at the anchor, search for
themselves.

**Choice of the order** (AutoARIMA). With regressors, d and D are chosen on what least squares on them and a
constant leave, and lowered while a differenced regressor would be redundant beside a constant (as R does for
constant ones). The season is differenced once if its strength, 1 - var(remainder) / var(remainder + season)
of a decomposition by STL (seasonal window 11, degree 0; two inner iterations, none robust), exceeds 0.64 and
there are more than two seasons; then y as often as the KPSS test around a level rejects at 5 % (int(3 sqrt(n)
/ 13) lags). The first models are (2, 2)(1, 1), (0, 0)(0, 0), (1, 0)(1, 0), (0, 1)(0, 1), with a constant
where d + D <= 1, and (0, 0)(0, 0) without; then P, Q, both, p, q, both move by one from the best, and the
constant comes or goes, the first that is better being the next centre, until none is (at most 94). p and q
are at most 5, and less than m, P and Q at most 2; none is more than a third of the values, or seasons. The
least AICc wins. A model with a root of modulus less than 1.01 is not admitted. Every order is fitted by exact
likelihood, however long the series. An order begins where the best one is, with what is new near zero, and at
two points of its own; it is given up when it is foretold to stay 2 worse than the best. A window has an
anchor here, too (lengths 48, 60, 75, 94, ..., ratio 1.25): the same search is made there and each order of
the window's search begins where the anchor's ended. So a window has the search of its own values, begun
better.

**Forecasts.** The recursions go on without errors from the conditional mean of x (and of missing y). With psi
= theta* / (phi* times the differences) and R_h how the mean of step h moves with the unknowns::

    v_h = sigma^2 (sum_{j<h} psi_j^2 + R_h (Z'Z)^-1 R_h'),    sigma^2 = S / (n - p - q - P - Q - [c] - [b])

the exact variance at given parameters. AICc = -2 log L + 2 k + 2 k (k + 1) / (n - k - 1), with
k = p + q + P + Q + [c] + [b] + 1 and [b] the number of regressors.

**Estimation.** The interval multiplies v_h by what estimating coefficients and c adds (delta method; Ansley and
Kohn 1986). With r the partial autocorrelations, I half their Gauss-Newton matrix plus 3 (one over the variance
of a number between -1 and 1, which matters where factors nearly cancel) and gradients by differences::

    v_h + g_h' I^-1 g_h + sigma^2 sum_{j<h} dpsi_j' I^-1 dpsi_j + what c adds to R_h (Z'Z)^-1 R_h'

g_h and dpsi_j the derivatives of mean and psi weight by r; c becomes one more unknown, its variance that of
generalised least squares. Quantiles are Student's t with the degrees of freedom of sigma^2. That the order
was chosen, and that slopes of regressors are estimated, is not in it.

**Sources.** C. F. Ansley, R. Kohn (1986), Prediction mean squared error for state space models with estimated
parameters, Biometrika 73, 467-473, doi:10.1093/biomet/73.2.467. G. E. P. Box, G. M. Jenkins (1970), Time
Series Analysis: Forecasting and Control, Holden-Day. P. J. Brockwell, R. A. Davis (1991), Time Series: Theory
and Methods, 2nd ed., Springer, doi:10.1007/978-1-4419-0320-4 (ch. 3, 5, 8). G. Gardner, A. C. Harvey, G. D.
A. Phillips (1980), Algorithm AS 154, Applied Statistics 29, 311-322, doi:10.2307/2346910. J. F. Monahan
(1984), A note on enforcing stationarity in autoregressive-moving average models, Biometrika 71, 403-404,
doi:10.1093/biomet/71.2.403. G. H. Golub, V. Pereyra (1973), The differentiation of pseudo-inverses and
nonlinear least squares problems whose variables separate, SIAM Journal on Numerical Analysis 10, 413-432,
doi:10.1137/0710036. R. J. Hyndman, Y. Khandakar (2008), Automatic time series forecasting: the forecast
package for R, Journal of Statistical Software 27 (3), doi:10.18637/jss.v027.i03. D. Kwiatkowski, P. C. B.
Phillips, P. Schmidt, Y. Shin (1992), Testing the null hypothesis of stationarity against the alternative of a
unit root, Journal of Econometrics 54, 159-178, doi:10.1016/0304-4076(92)90104-Y. X. Wang, K. Smith, R.
Hyndman (2006), Characteristic-based clustering for time series data, Data Mining and Knowledge Discovery 13,
335-364, doi:10.1007/s10618-005-0039-x.
"""


STL = r"""
**Decomposition.** y = T + S + R, trend, season and remainder (Cleveland et al. 1990). Loess at x is the value
at x of the line (degree 1; or the constant, degree 0) that fits the q nearest points best, point j weighted
by rho_j (1 - (|j - x| / h)^3)^3, h the distance to the farthest of them; h grows by (q - n) / 2 where q > n.
One inner iteration, from T (0 at first)::

    1.  C   loess (q = n_s) of each cycle-subseries of y - T, e.g. all Januaries, one step further at both ends
    2.  L   moving means of C over m, m and 3, then loess (q = n_l)
    3.  S = C - L
    4.  T   loess (q = n_t) of y - S

Five inner iterations; robust: two, then fifteen times new rho from the remainder and two more::

    rho_t = (1 - (|R_t| / (6 median |R|))^2)^2, 0 where |R_t| is larger

n_l is the least odd number above m, n_t that of at least 1.5 m / (1 - 1.5 / n_s). A periodic season is loess
of degree 0 over all cycles, and the mean over them at the end. Conventions of the authors' own program, which R
and statsmodels follow, are kept: a weight by distance is 1 within 0.001 h and 0 beyond 0.999 h (bisquare: of
the six medians), and a line whose points spread less than 0.001 (n - 1) becomes a constant.

**Sums.** Points are evenly spaced, so the weights by distance are known before there are data: with rho = 1 a
fit is one sum w_j y_j with fixed w. With weights, and d = j - x, it is keep * sum w rho y + tilt * sum w rho d
y, where keep and tilt follow from sum w rho (1, d, d^2) once an outer iteration. Values are scaled by a power
of two before, so that no square overflows.

**Differences to statsmodels.** A series that repeats itself exactly is its level and its season, without the
rounding errors of loess. A median remainder that is rounding error alone (below 2 10^-12 of the largest value)
makes nothing an outlier.

**Several seasons** (MSTL, Bandara et al.): each in turn, in ascending order, from what the others leave; twice.

**Sources.** R. B. Cleveland, W. S. Cleveland, J. E. McRae, I. Terpenning (1990), STL: a seasonal-trend
decomposition procedure based on loess, Journal of Official Statistics 6, 3-73. W. S. Cleveland (1979), Robust
locally weighted regression and smoothing scatterplots, Journal of the American Statistical Association 74,
829-836, doi:10.1080/01621459.1979.10481038. K. Bandara, R. J. Hyndman, C. Bergmeir (2021), MSTL: a
seasonal-trend decomposition algorithm for time series with multiple seasonal patterns, arXiv:2107.13462.
"""


SEASONAL_RIDGE = r"""
**Model.** Observations z_t (y_t or its logarithm, less the first), a row x_t of columns that are known for
every t: a constant, seasons, days of the calendar, regressors. What they leave is a level that is smoothed
with a weight alpha::

    z_t = x_t' b + u_t,    u_t = l_{t-1} + e_t,    l_t = l_{t-1} + alpha e_t,    l_0 = 0

so b is the generalised least-squares estimate for these errors: the filter that makes e_t of u_t, applied to
z and to each column (z~, X~), leaves white errors. A missing value leaves every level where it is.

**Ridge.** With a penalty lambda and a weight p_j for each column (0 for the constant)::

    b(alpha, lambda) = argmin |z~ - X~ b|^2 + lambda sum_j p_j b_j^2 = (X~'X~ + lambda P)^-1 X~'z~

A season of P <= 24 whole steps has an effect for each step, p = 1 (as cosines and sines cos(2 pi k t / P),
...: p = P / 2, which is the same prior); so has a longer one that is a whole multiple of a shorter one, up to
30 pairs and from three seasons on. Another has smooth pairs, p_k = (0.2 + 0.05 k^2)(1 + 6 max(0, 2 - n / P)),
from 1.2 seasons on: 8 pairs if P > 100, else 10, and 16 from four seasons on. A day of the calendar has p =
1, a regressor its variance, as if it had been scaled. X~'X~ of a window is a sum over its rows: one pass over
a series meets all its windows.

**Averages.** alpha in {.01, .03, .07, .15, .3, .5, .75}, lambda in {.3, 3, 30}: 21 estimates, each forecast
as x_t' b + l at up to K origins within the window, H / 2 apart, H steps each. With M the mean absolute error
of the y::

    w(alpha, lambda) ~ exp(-20 (M(alpha, lambda) / min M - 1)),    b = sum w b(alpha, lambda)

**Forecast.** The rests r_t = z_t - x_t' b are smoothed with each alpha, whose weight is w_alpha = sum_lambda
w; what the last value was off its level, d = r_n - l_n, fades with the lag-one autocorrelation of these offs,
phi = 0.8 min(0.9, max(-0.3, rho))::

    z_{n+j} = x_{n+j}' b + sum_alpha w_alpha (l_n + phi^j d)

exp of it for logarithms: a median. A forecast is cut three ranges beyond the values of the window, and at 0
if none was negative.

**Sources.** J. Durbin, S. J. Koopman (2012), Time Series Analysis by State Space Methods, 2nd ed., Oxford
(section 6.2.3: regression by filtered columns). A. E. Hoerl, R. W. Kennard (1970), Ridge regression: biased
estimation for nonorthogonal problems, Technometrics 12, 55-67, doi:10.1080/00401706.1970.10488634. R. J.
Hyndman, A. B. Koehler, J. K. Ord, R. D. Snyder (2008), Forecasting with Exponential Smoothing, Springer,
doi:10.1007/978-3-540-71918-2 (ch. 9: regressors). P. C. Young, D. J. Pedregal, W. Tych (1999), Dynamic
harmonic regression, Journal of Forecasting 18, 369-394.
"""


def documented(text: str) -> Callable[[Documented], Documented]:
    """Return a class decorator that puts a text of this module under the class's ``Notes``."""

    def add(cls: Documented) -> Documented:
        own = inspect.cleandoc(cls.__doc__ or "")
        cls.__doc__ = f"{own}\n\nMathematics\n-----------\n{inspect.cleandoc(text)}\n"
        return cls

    return add
