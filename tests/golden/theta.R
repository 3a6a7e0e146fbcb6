# Golden values of the Theta method: R forecast::thetaf, horizon 18.
# Run: Rscript tests/golden/theta.R m3.csv > tests/golden/theta.csv
# m3.csv has the columns unique_id,y: the series of data/m3_monthly.parquet that are named below (the header of
# tests/golden/theta_statsforecast.py says how to write it). AirPassengers, USAccDeaths and lynx come with R.
#
# What differs from the standard Theta model of Fiorucci et al. (2016), and so from ours: thetaf smooths without
# a line (alpha and first level by ets("ANN"), maximum likelihood, all errors count), and adds half the slope
# afterwards: mean_j = l_n + b/2 (j - 1 + (1 - w^n) / alpha). With the same alpha and l_0 the model of the paper gives
# exactly (a + b) w^n / 2 more. Its fitted values are those of the smoothing alone. Seasonal test (n > 2 m) and
# multiplicative decomposition are the same; the season never becomes additive.
suppressMessages(library(forecast))
m3 <- read.csv(commandArgs(trailingOnly = TRUE)[1])
series <- list(AirPassengers = AirPassengers, USAccDeaths = USAccDeaths, lynx = lynx)
for (id in unique(m3$unique_id)) series[[id]] <- ts(m3$y[m3$unique_id == id], frequency = 12)
cat("# forecast", as.character(packageVersion("forecast")), "on", R.version.string, as.character(Sys.Date()), "\n")
cat("unique_id,what,t,value\n")
for (id in names(series)) {
  y <- series[[id]]
  m <- frequency(y)
  n <- length(y)
  write <- function(what, values)
    cat(sprintf("%s,%s,%d,%.17g\n", id, what, seq_along(values), as.numeric(values)), sep = "")
  f <- thetaf(y, h = 18)
  index <- rep(1, m)  # the index of the first observation first
  seasonal <- FALSE
  if (m > 1) {
    r <- as.numeric(acf(y, lag.max = m, plot = FALSE)$acf)[-1]
    seasonal <- abs(r[m]) / sqrt((1 + 2 * sum(r[-m]^2)) / n) > qnorm(0.95)
    if (seasonal) index <- as.numeric(decompose(y, type = "multiplicative")$seasonal)[1:m]
  }
  write("y", y)
  write("season_length", m)
  write("seasonal", as.integer(seasonal))
  write("index", index)
  smoothing <- ses(y / rep(index, length.out = n), h = 1)
  write("first_level", smoothing$model$initstate[1])
  write("alpha", f$model$alpha)  # the same as that of smoothing
  write("fitted", fitted(smoothing))
  write("mean", f$mean)
}
