# Reference fits of Student's t and equidistant thresholds; writes robust.csv and robust.json beside itself.
# Run: Rscript robust.R
suppressMessages({library(glmmTMB); library(ordinal); library(jsonlite)})
set.seed(29)
d <- expand.grid(case = 1:24, reader = 1:14)
n <- nrow(d)
d$x <- round(rnorm(n), 3)
d$late <- as.integer(d$case > 12)
u <- rnorm(14, 0, .7)[d$reader] + rnorm(24, 0, .5)[d$case]
d$y <- round(1 + .6 * d$x - .3 * d$late + u + .5 * rt(n, 3), 3)
d$grade <- findInterval(.8 * d$x + u + rlogis(n), c(-1.5, -.4, .9, 1.6))
write.csv(d, "robust.csv", row.names = FALSE)

tmb <- function(m) {
  s <- summary(m)$coefficients$cond
  list(estimate = unname(s[, 1]), std_error = unname(s[, 2]), log_likelihood = as.numeric(logLik(m)),
       sd = lapply(VarCorr(m)$cond, function(v) unname(attr(v, "stddev"))), scale = sigma(m),
       df = unname(family_params(m)))
}
cumulative <- function(m) list(
  coefficients = coef(m), std_error = unname(sqrt(diag(vcov(m)))[seq_along(coef(m))]), log_likelihood = as.numeric(logLik(m)),
  sd = lapply(VarCorr(m), function(v) unname(attr(v, "stddev"))), thresholds = unname(as.vector(m$Theta)))
d$level <- ordered(d$grade)
tight <- glmmTMBControl(optCtrl = list(iter.max = 1000, eval.max = 1000, rel.tol = 1e-13))
one <- clm(level ~ x + late, data = d, threshold = "equidistant")
write_json(list(
  student_one = tmb(glmmTMB(y ~ x + late + (1 | reader), d, family = t_family(), control = tight)),
  student_crossed = tmb(glmmTMB(y ~ x + late + (1 | reader) + (1 | case), d, family = t_family(), control = tight)),
  student_none = tmb(glmmTMB(y ~ x + late, d, family = t_family(), control = tight)),
  clm = list(coefficients = as.list(coef(one)), std_error = unname(sqrt(diag(vcov(one)))), log_likelihood = as.numeric(logLik(one))),
  clmm = cumulative(clmm(level ~ x + late + (1 | reader) + (1 | case), data = d, threshold = "equidistant",
                         control = clmm.control(gradTol = 1e-8))),
  clmm_probit = cumulative(clmm(level ~ x + late + (1 | reader), data = d, threshold = "equidistant", link = "probit",
                                control = clmm.control(gradTol = 1e-8)))
), "robust.json", digits = 10, auto_unbox = TRUE, pretty = TRUE)
