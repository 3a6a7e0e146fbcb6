# Golden values of the Diebold-Mariano test: R forecast::dm.test, both variance estimators.
# Run: Rscript tests/golden/dm_test.R > tests/golden/dm_test.csv
# The errors come from a small exact generator (Park & Miller 1988), which the Python test rebuilds.
# Known oddity of the reference: with a negative variance (acf) it warns and falls back on h = 1;
# such rows have 1 in the column fell_back.
suppressMessages(library(forecast))
noise <- function(n, seed) {
  u <- numeric(n)
  for (i in seq_len(n)) { seed <- (16807 * seed) %% 2147483647; u[i] <- seed / 2147483647 - 0.5 }
  u
}
smooth <- function(u, k) sapply(k:length(u), function(i) sum(u[(i - k + 1):i]))
cat("# forecast", as.character(packageVersion("forecast")), "on", R.version.string, "\n")
cat("n,h,power,variance,statistic,p_value,fell_back\n")
for (n in c(8, 30, 100)) for (h in c(1, 2, 4)) {
  e1 <- smooth(noise(n + h - 1, 1), h)
  e2 <- 0.2 + 1.1 * smooth(noise(n + h - 1, 2), h)
  for (power in c(1, 2)) for (v in c("acf", "bartlett")) {
    fell_back <- 0
    r <- withCallingHandlers(
      dm.test(e1, e2, h = h, power = power, varestimator = v),
      warning = function(w) { fell_back <<- 1; invokeRestart("muffleWarning") })
    cat(n, h, power, v, sprintf("%.15g", r$statistic), sprintf("%.15g", r$p.value), fell_back, sep = ",")
    cat("\n")
  }
}
