# Golden values of ARIMA: R stats::arima through forecast::Arima, and its exact likelihood.
# Run: Rscript tests/golden/arima.R m3.csv > tests/golden/arima.csv
# m3.csv has the columns unique_id,y: all ids of data/m3_monthly.parquet, in order, and then the first eleven, sorted, of
# data/tourism_monthly.parquet. AirPassengers, USAccDeaths and lynx come with R; lynx has no season.
#
# coef: ar, ma, sar, sma, then the mean of the differenced series (R's drift is per step; at D = 1 it is times 12).
# loglik is what R reports: of a differenced series under a diffuse prior of variance 1e6, so that it is off by about
# 1e-6. exact is the likelihood of the differenced series at the same coefficients (no differences left, no optimiser;
# Rossignol's initial covariance, since Gardner's is inexact near a unit root). mean and se are forecasts of 14 steps
# with sigma2 = S / (n - coefficients), as forecast::Arima has it; R's se also holds what is open of the states.
# "gaps": the same with every seventh value missing from the 20th on, and the last one.
suppressMessages(library(forecast))
m3 <- read.csv(commandArgs(trailingOnly = TRUE)[1])
series <- list(AirPassengers = AirPassengers, USAccDeaths = USAccDeaths, lynx = ts(as.numeric(lynx)))
for (id in unique(m3$unique_id)) series[[id]] <- ts(m3$y[m3$unique_id == id], frequency = 12)
models <- list(
  "111011" = list(c(1, 1, 1), c(0, 1, 1), FALSE), "011011" = list(c(0, 1, 1), c(0, 1, 1), FALSE),
  "212111" = list(c(2, 1, 2), c(1, 1, 1), FALSE), "100110c" = list(c(1, 0, 0), c(1, 1, 0), TRUE),
  "012002c" = list(c(0, 1, 2), c(0, 0, 2), TRUE), "201110" = list(c(2, 0, 1), c(1, 1, 0), FALSE),
  "300100c" = list(c(3, 0, 0), c(1, 0, 0), TRUE), "101000c" = list(c(1, 0, 1), c(0, 0, 0), TRUE),
  "022000" = list(c(0, 2, 2), c(0, 0, 0), FALSE))
cat("# forecast", as.character(packageVersion("forecast")), "on", R.version.string, as.character(Sys.Date()), "\n")
cat("unique_id,model,what,t,value\n")
exact <- function(y, order, seasonal, coef, constant) {
  w <- y
  for (i in seq_len(seasonal[2])) w <- diff(w, lag = frequency(y))
  for (i in seq_len(order[2])) w <- diff(w)
  m <- frequency(y)
  f <- arima(w, order = c(order[1], 0, order[3]), seasonal = list(order = c(seasonal[1], 0, seasonal[3]), period = m),
             include.mean = constant, fixed = coef, transform.pars = FALSE, method = "ML",
             optim.control = list(maxit = 0), SSinit = "Rossignol2011")
  c(f$loglik, f$sigma2)
}
keep <- function(id, name, y, forecasts) {
  order <- models[[name]][[1]]
  seasonal <- models[[name]][[2]]
  constant <- models[[name]][[3]]
  fit <- function(method) tryCatch(suppressWarnings(Arima(y, order = order, seasonal = seasonal, include.constant = constant,
                                                         method = method)), error = function(e) NULL)
  f <- fit("CSS-ML")
  if (is.null(f)) f <- fit("ML")
  if (is.null(f)) return()
  write <- function(what, values)
    cat(sprintf("%s,%s,%s,%d,%.17g\n", id, name, what, seq_along(values), as.numeric(values)), sep = "")
  coef <- as.numeric(f$coef)
  if (constant && seasonal[2] == 1) coef[length(coef)] <- coef[length(coef)] * frequency(y)
  write("coef", coef)
  write("loglik", f$loglik)
  write("aicc", f$aicc)
  write("sigma2", f$sigma2)
  if (!anyNA(y)) write("exact", exact(y, order, seasonal, coef, constant))
  if (forecasts) {
    p <- forecast(f, h = 14, level = 95)
    write("mean", p$mean)
    write("se", (p$upper - p$mean) / qnorm(0.975))
  }
}
for (id in names(series)) {
  y <- series[[id]]
  for (name in names(models)) {
    if (frequency(y) == 1 && any(models[[name]][[2]] > 0)) next
    keep(id, name, y, id %in% names(series)[1:12])
  }
}
gaps <- function(y) {
  y[c(seq(20, length(y), by = 7), length(y))] <- NA
  y
}
for (id in c("AirPassengers", "USAccDeaths")) for (name in names(models)) keep(paste0(id, "-gaps"), name, gaps(series[[id]]), TRUE)
