# Golden values of regression with ARIMA errors: forecast::Arima(xreg =) and auto.arima(xreg =).
# Run: Rscript tests/golden/arima_regression.R m3.csv > tests/golden/arima_regression.csv
# m3.csv has the columns unique_id,y: all of data/m3_monthly.parquet, in order. To every series two effects are added,
# of a pulse and of a wave, in units of its mean absolute difference; the regressors are formulas, so that the test
# has the same numbers. The last 14 values are left off; forecasts take the regressors of these steps.
#
# coef: ar, ma, sar, sma, then the constant (per step; at D = 1 times 12, as in arima.R), then pulse and wave.
# exact is the likelihood of the differenced series regressed on differenced regressors at the same coefficients.
# mean and se: forecasts of 14 steps; R's se leaves out that coefficients are estimated.
# order: p, d, q, P, D, Q, constant of auto.arima, then its loglik and AICc in "chosen".
suppressMessages(library(forecast))
m3 <- read.csv(commandArgs(trailingOnly = TRUE)[1])
H <- 14
pulse <- function(t) as.numeric((t * t) %% 11 == 4)
wave <- function(t) 10 + 3 * sin(0.9 * t) + cos(t * t / 50)
models <- list(
  "111011" = list(c(1, 1, 1), c(0, 1, 1), FALSE), "100110c" = list(c(1, 0, 0), c(1, 1, 0), TRUE),
  "101000c" = list(c(1, 0, 1), c(0, 0, 0), TRUE), "012002c" = list(c(0, 1, 2), c(0, 0, 2), TRUE),
  "022000" = list(c(0, 2, 2), c(0, 0, 0), FALSE))
cat("# forecast", as.character(packageVersion("forecast")), "on", R.version.string, as.character(Sys.Date()), "\n")
cat("unique_id,model,what,t,value\n")
differenced <- function(y, order, seasonal, m) {
  for (i in seq_len(seasonal[2])) y <- diff(y, lag = m)
  for (i in seq_len(order[2])) y <- diff(y)
  y
}
exact <- function(y, X, order, seasonal, coef, constant) {
  m <- frequency(y)
  w <- differenced(y, order, seasonal, m)
  x <- apply(X, 2, function(column) as.numeric(differenced(ts(column, frequency = m), order, seasonal, m)))
  arima(w, order = c(order[1], 0, order[3]), seasonal = list(order = c(seasonal[1], 0, seasonal[3]), period = m),
        xreg = x, include.mean = constant, fixed = coef, transform.pars = FALSE, method = "ML",
        optim.control = list(maxit = 0), SSinit = "Rossignol2011")$loglik
}
write <- function(id, name, what, values)
  cat(sprintf("%s,%s,%s,%d,%.17g\n", id, name, what, seq_along(values), as.numeric(values)), sep = "")
for (id in unique(m3$unique_id)[1:18]) {
  raw <- m3$y[m3$unique_id == id]
  t <- seq_along(raw)
  X <- cbind(pulse = pulse(t), wave = wave(t))
  raw <- raw + mean(abs(diff(raw))) * (2 * X[, 1] + 0.5 * X[, 2])
  past <- t <= length(raw) - H
  y <- ts(raw[past], frequency = 12)
  for (name in names(models)) {
    order <- models[[name]][[1]]
    seasonal <- models[[name]][[2]]
    constant <- models[[name]][[3]]
    fit <- function(method) tryCatch(suppressWarnings(Arima(y, order = order, seasonal = seasonal, xreg = X[past, ],
      include.constant = constant, method = method)), error = function(e) NULL)
    f <- fit("CSS-ML")
    if (is.null(f)) f <- fit("ML")
    if (is.null(f)) next
    coef <- f$coef
    scale <- ifelse(names(coef) == "drift" & seasonal[2] == 1, 12, 1)
    coef <- coef * scale
    linear <- names(coef) %in% c("intercept", "drift", "pulse", "wave")
    coef <- c(coef[!linear], coef[names(coef) %in% c("intercept", "drift")], coef["pulse"], coef["wave"])
    write(id, name, "coef", coef)
    write(id, name, "loglik", f$loglik)
    write(id, name, "aicc", f$aicc)
    write(id, name, "sigma2", f$sigma2)
    write(id, name, "exact", exact(y, X[past, ], order, seasonal, as.numeric(coef), constant))
    p <- forecast(f, xreg = X[!past, ], level = 95)
    write(id, name, "mean", p$mean)
    write(id, name, "se", (p$upper - p$mean) / qnorm(0.975))
  }
  f <- auto.arima(y, xreg = X[past, ])
  a <- arimaorder(f)
  a <- c(a, rep(0, 7 - length(a)))[1:6]
  write(id, "auto", "order", c(a, any(names(f$coef) %in% c("intercept", "drift"))))
  write(id, "auto", "chosen", c(f$loglik, f$aicc))
}
