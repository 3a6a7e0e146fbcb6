# Golden values of exponential smoothing: R forecast::ets, ses, holt, hw.
# Run: Rscript tests/golden/ets.R m3.csv > tests/golden/ets.csv
# m3.csv has the columns unique_id,y: the first 40 ids, sorted, of data/m3_monthly.parquet. AirPassengers, USAccDeaths
# and lynx come with R. The three classics and ten of M3 have every one of the 15 models, the others ANN, AAA, MAM
# and the choice of ets ("ZZZ"). Fitted values are kept for the classics.
#
# loglik is -1/2 (n log sum e^2 + 2 sum log |mu|), without constants. beta and gamma are those of the recursions
# b <- phi b + beta e, s <- s + gamma e. state0 is l, b, then the season that is used first, second, ...; R keeps
# the seasons the other way round. ses, holt and hw minimise sum (y - mu)^2; hw(multiplicative) is the path of MAM.
# Known oddity of the reference: Nelder-Mead from one start stops after 2000 evaluations, so that likelihoods of
# seasonal models are often far from their maximum. Others: of ANA and MNA the interval of step m is too wide, since
# class1() and class2() put gamma into the third state, which without a trend is the wrong season; a path of MAN or
# MAdN may begin below zero (lynx); class3() adds the slope undamped (H1 is (1, 1)), so that forecasts of MAdM are
# too steep. hi is the upper end of the 95 % interval; it is left out
# where sim is 1, the multiplicative season: R has a closed form there (class3) that ours does not use.
suppressMessages(library(forecast))
m3 <- read.csv(commandArgs(trailingOnly = TRUE)[1])
series <- list(AirPassengers = AirPassengers, USAccDeaths = USAccDeaths, lynx = lynx)
classics <- names(series)
for (id in unique(m3$unique_id)) series[[id]] <- ts(m3$y[m3$unique_id == id], frequency = 12)
all15 <- c("ANN", "ANA", "AAN", "AAA", "AAdN", "AAdA", "MNN", "MNA", "MNM", "MAN", "MAA", "MAM", "MAdN", "MAdA", "MAdM")
some <- c("ANN", "AAA", "MAM", "ZZZ")
cat("# forecast", as.character(packageVersion("forecast")), "on", R.version.string, as.character(Sys.Date()), "\n")
cat("unique_id,fit,model,what,t,value\n")
keep <- function(id, name, f, fitted_too) {
  m <- f$m
  parts <- f$components
  model <- paste0(parts[1], parts[2], if (parts[4] == "TRUE") "d", parts[3])
  write <- function(what, values)
    cat(sprintf("%s,%s,%s,%s,%d,%.15g\n", id, name, model, what, seq_along(values), as.numeric(values)), sep = "")
  par <- f$par
  for (p in c("alpha", "beta", "gamma", "phi")) if (p %in% names(par)) write(p, par[[p]])
  states <- f$states  # row 1: before the first value; columns l, (b), (s1 .. sm), s1 the one used last
  turn <- function(row) {
    k <- 1 + (parts[2] != "N")
    c(row[1], if (k == 2) row[2] else 0, if (parts[3] != "N") rev(row[(k + 1):(k + m)]))
  }
  write("state0", turn(states[1, ]))
  write("state", turn(states[nrow(states), ]))
  write("loglik", f$loglik)
  write("aicc", f$aicc)
  write("sigma2", f$sigma2)
  if (fitted_too) write("fitted", fitted(f))
  fc <- suppressWarnings(forecast(f, h = 14, level = 95))
  simulated <- parts[3] == "M"
  write("sim", as.integer(simulated))
  write("mean", fc$mean)
  if (!simulated) write("hi", fc$upper)
}
for (id in names(series)) {
  y <- series[[id]]
  classic <- id %in% classics
  wanted <- if (classic || id %in% names(series)[4:13]) c(all15, "ZZZ") else some
  for (name in wanted) {
    if (frequency(y) == 1 && !substr(name, nchar(name), nchar(name)) %in% c("N", "Z")) next
    damped <- if (name == "ZZZ") NULL else grepl("d", name)
    f <- tryCatch(suppressWarnings(ets(y, model = sub("d", "", name), damped = damped)), error = function(e) NULL)
    if (!is.null(f)) keep(id, name, f, classic && name != "ZZZ")
  }
  if (classic || id %in% names(series)[4:13]) {
    keep(id, "ses", ses(y)$model, FALSE)
    keep(id, "holt", holt(y)$model, FALSE)
    keep(id, "holt-damped", holt(y, damped = TRUE)$model, FALSE)
    if (frequency(y) > 1) {
      keep(id, "hw-additive", hw(y, seasonal = "additive")$model, FALSE)
      keep(id, "hw-multiplicative", hw(y, seasonal = "multiplicative")$model, FALSE)
    }
  }
}
