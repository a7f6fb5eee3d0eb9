# Reference fits of outcomes that are censored, two-valued (probit, cloglog) or positive; writes outcomes.csv and
# outcomes.json beside itself. Run: Rscript outcomes.R
suppressMessages({library(survival); library(lme4); library(glmmTMB); library(ordinal); library(jsonlite)})
set.seed(17)
d <- expand.grid(reader = 1:12, case = 1:25)
n <- nrow(d)
d$x <- round(rnorm(n), 3)
d$late <- d$reader > 6
u <- rnorm(12, 0, .4)[d$reader] + rnorm(25, 0, .5)[d$case]
time <- exp(1 - .5 * d$x + u + rnorm(n, 0, .7))
limit <- exp(rnorm(n, 1.5, .5))
d$time <- round(pmin(time, limit), 2)
d$seen <- as.integer(time <= limit)
d$low <- floor(time)
d$high <- ifelse(time > 8, Inf, d$low + 1)
d$low <- pmin(d$low, 8)
d$found <- rbinom(n, 1, pnorm(.3 + .6 * d$x + u))
d$seconds <- round(exp(1 + .3 * d$x + .5 * u) * rgamma(n, 3, 3), 3)
level <- findInterval(qnorm(runif(n)) + .7 * d$x + u, c(-.5, .5, 1.5))
d$level <- level
d$late <- as.integer(d$late)
write.csv(d, "outcomes.csv", row.names = FALSE)

parts <- function(m) list(estimate = unname(coef(m)), std_error = unname(sqrt(diag(vcov(m)))),
                          log_likelihood = as.numeric(logLik(m)), names = names(coef(m)))
reg <- function(m) c(parts(m), list(scale = m$scale))
tmb <- function(m) {
  s <- summary(m)$coefficients$cond
  list(estimate = unname(s[, 1]), std_error = unname(s[, 2]), log_likelihood = as.numeric(logLik(m)),
       sd = lapply(VarCorr(m)$cond, function(v) unname(attr(v, "stddev"))), sigma = sigma(m))
}
glmer_parts <- function(m) list(
  estimate = unname(fixef(m)), log_likelihood = as.numeric(logLik(m)),
  sd = lapply(VarCorr(m), function(v) unname(attr(v, "stddev"))))
curve <- function(m, times) {
  s <- summary(m, times = times, extend = TRUE)
  list(time = s$time, survival = s$surv, std_error = s$std.err, low = s$lower, high = s$upper,
       strata = as.character(s$strata))
}

out <- list()
exact <- survreg.control(rel.tolerance = 1e-15)
out$survreg_right <- reg(survreg(Surv(time, seen) ~ x + late, d, dist = "lognormal", control = exact))
e <- d
e$low[e$low == 0] <- NA
e$high[is.infinite(e$high)] <- NA
out$survreg_interval <- reg(
  survreg(Surv(low, high, type = "interval2") ~ x + late, e, dist = "lognormal", control = exact))
m <- lmer(log(time) ~ x + (1 | reader) + (1 | case), d, REML = FALSE)
out$lmer_log <- list(estimate = unname(fixef(m)), log_likelihood = as.numeric(logLik(m)) - sum(log(d$time)),
  sd = lapply(VarCorr(m), function(v) unname(attr(v, "stddev"))), sigma = sigma(m))
tight <- glmmTMBControl(optCtrl = list(rel.tol = 1e-11, iter.max = 1e4, eval.max = 1e4))
for (link in c("probit", "cloglog")) {
  formula <- found ~ x + (1 | reader) + (1 | case)
  out[[paste0("glmmtmb_", link)]] <- tmb(glmmTMB(formula, d, family = binomial(link), control = tight))
  out[[paste0("glm_", link)]] <- parts(glm(found ~ x, binomial(link), d, epsilon = 1e-14))
}
out$glmer_probit_quadrature <- glmer_parts(
  glmer(found ~ x + (1 | case), d, family = binomial("probit"), nAGQ = 15, control = glmerControl(tolPwrss = 1e-12)))
out$glmmtmb_gamma <- tmb(glmmTMB(seconds ~ x + (1 | reader) + (1 | case), d, family = Gamma("log"), control = tight))
m <- glm(seconds ~ x, inverse.gaussian("log"), d, epsilon = 1e-14)
mu <- fitted(m)
out$glm_inverse_gaussian <- list(estimate = unname(coef(m)),
  shape = n / sum((d$seconds - mu)^2 / (mu^2 * d$seconds)))
m <- clm(factor(level) ~ x, data = d, threshold = "equidistant", control = clm.control(gradTol = 1e-10))
out$clm_equidistant <- list(estimate = unname(coef(m)), names = names(coef(m)), log_likelihood = as.numeric(logLik(m)))
m <- clmm(factor(level) ~ x + (1 | reader) + (1 | case), data = d, threshold = "equidistant")
out$clmm_equidistant <- list(estimate = unname(coef(m)), log_likelihood = as.numeric(logLik(m)))
at <- c(.5, 1, 2, 3, 5, 8)
out$survfit <- curve(survfit(Surv(time, seen) ~ 1, d, conf.type = "log-log"), at)
out$survfit_reader <- curve(survfit(Surv(time, seen) ~ 1, d, cluster = reader, conf.type = "log-log"), at)
out$survfit_case <- curve(survfit(Surv(time, seen) ~ 1, d, cluster = case, conf.type = "log-log"), at)
out$survfit_by <- curve(survfit(Surv(time, seen) ~ late, d, cluster = case, conf.type = "log-log"), at)
write_json(out, "outcomes.json", digits = NA, auto_unbox = TRUE, pretty = TRUE)
