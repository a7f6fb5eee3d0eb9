# Residuals that run on (AR(1)): crossed readers and cases by glmmTMB, readers alone by nlme; a trial here and there missing.
# Run: Rscript tests/stats/r/autocorrelation.R; writes autocorrelation.csv (the data) and autocorrelation.json.
suppressPackageStartupMessages({library(glmmTMB); library(nlme); library(jsonlite)})
folder <- dirname(sub("--file=", "", grep("--file=", commandArgs(), value = TRUE)))
set.seed(29)
readers <- 14; cases <- 30; trials <- 24
data <- do.call(rbind, lapply(seq_len(readers), function(reader) data.frame(
  reader = letters[reader], trial = seq_len(trials), case = sample(cases, trials),
  run_on = as.numeric(arima.sim(list(ar = 0.55), trials, sd = sqrt(1 - 0.55^2))))))
at <- match(data$reader, letters)
data$years <- c(3, 21, 8, 12, 30, 1, 16, 5, 9, 2, 25, 11, 7, 18)[at]
data$prior <- rbinom(nrow(data), 1, 0.5)
data$seconds <- round(4 - 0.5 * data$prior + 0.02 * data$years + rnorm(readers, 0, 0.7)[at] +
  rnorm(cases, 0, 0.8)[data$case] + data$run_on, 4)
data$views <- 1 + rbinom(nrow(data), 3, 0.5)
data <- data[sample(nrow(data), round(0.9 * nrow(data))), c("reader", "trial", "case", "years", "prior", "views", "seconds")]
data$place <- factor(data$trial, levels = seq_len(trials))
tight <- glmmTMBControl(optCtrl = list(iter.max = 1e4, eval.max = 1e4, rel.tol = 1e-14))
crossed <- function(reml) {
  fit <- glmmTMB(seconds ~ prior + years + (1 | reader) + (1 | case) + ar1(place + 0 | reader), data, dispformula = ~0,
    REML = reml, control = tight)
  parts <- VarCorr(fit)$cond
  list(formula = "seconds ~ prior + years + (1 | reader) + (1 | case)", reml = reml, weights = NULL,
    log_likelihood = as.numeric(logLik(fit)), aic = AIC(fit),
    estimate = unname(fixef(fit)$cond), std_error = unname(sqrt(diag(vcov(fit)$cond))),
    ar1 = attr(parts[[3]], "correlation")[1, 2], sd_reader = attr(parts[[1]], "stddev")[[1]],
    sd_case = attr(parts[[2]], "stddev")[[1]], sd_residual = attr(parts[[3]], "stddev")[[1]])
}
within <- function(random, formula, weights, reml) {
  fit <- lme(seconds ~ prior + years, random = random, correlation = corAR1(form = ~ trial | reader), data = data,
    weights = weights, method = if (reml) "REML" else "ML",
    control = lmeControl(msMaxIter = 1000, msTol = 1e-12, tolerance = 1e-10, maxIter = 500))
  list(formula = formula, reml = reml, weights = if (is.null(weights)) NULL else "precision",
    log_likelihood = as.numeric(logLik(fit)), aic = AIC(fit), estimate = unname(fixef(fit)),
    # nlme's ML standard errors are scaled by n / (n - p); those of REML are not.
    std_error = unname(sqrt(diag(vcov(fit)))) * if (reml) 1 else sqrt(1 - 3 / nrow(data)),
    ar1 = unname(coef(fit$modelStruct$corStruct, unconstrained = FALSE)),
    sd_reader = as.numeric(VarCorr(fit)[1, "StdDev"]), sd_residual = fit$sigma)
}
data$precision <- data$views
found <- list(crossed_reml = crossed(TRUE), crossed_ml = crossed(FALSE),
  readers_reml = within(~ 1 | reader, "seconds ~ prior + years + (1 | reader)", NULL, TRUE),
  weighted = within(~ 1 | reader, "seconds ~ prior + years + (1 | reader)", varFixed(~ 1 / precision), TRUE))
data$place <- NULL
write.csv(data, file.path(folder, "autocorrelation.csv"), row.names = FALSE)
write_json(found, file.path(folder, "autocorrelation.json"), auto_unbox = TRUE, digits = 9, pretty = TRUE, null = "null")
