# Golden values of STL: R stats::stl.
# Run: Rscript tests/golden/stl.R > tests/golden/stl.csv
# The series come with R. Where the table says so, the defaults of R differ from ours: inner iterations 2 (robust: 1),
# jumps of a tenth of the windows, local constants for the season.
#
# Known fault of the reference: of an even number of values R 4.2.2 may take another median of the remainder than
# sort() gives (nottem to December 1926, s.window = 13, first outer iteration: 2.446 where the median is 1.523), because
# its partial sort is handed its two places in descending order. So all series here have an odd length.
odd <- function(y, n) ts(y[1:n], frequency = frequency(y))
series <- list(USAccDeaths = odd(USAccDeaths, 71), nottem = odd(nottem, 83), UKgas = odd(log(UKgas), 107))
cases <- list(
  plain = function(y) stl(y, s.window = 7, s.degree = 1, s.jump = 1, t.jump = 1, l.jump = 1),
  robust = function(y) stl(y, s.window = 13, s.jump = 1, t.jump = 1, l.jump = 1, robust = TRUE),
  jumps = function(y) stl(y, s.window = 21, s.degree = 1, robust = TRUE),
  periodic = function(y) stl(y, s.window = "periodic", t.jump = 1, l.jump = 1, s.jump = 1),
  periodic_robust = function(y) stl(y, s.window = "periodic", t.jump = 1, l.jump = 1, s.jump = 1, robust = TRUE)
)
cat("#", R.version.string, as.character(Sys.Date()), "\n")
cat("series,case,t,y,season,trend,weight\n")
for (id in names(series)) for (case in names(cases)) {
  y <- series[[id]]
  fit <- cases[[case]](y)
  parts <- fit$time.series
  cat(sprintf("%s,%s,%d,%.17g,%.17g,%.17g,%.17g\n", id, case, seq_along(y), as.numeric(y),
              parts[, "seasonal"], parts[, "trend"], fit$weights), sep = "")
}
