# Reference of tests/stats/test_marginal_effects.py: conditional means and contrasts by emmeans, population-averaged ones
# by numerical integration with the delta method over all parameters, random effects' included.
#
# Run in this folder: Rscript marginal_effects.R
# Writes marginal_effects.csv (the data) and marginal_effects.json (the numbers).
suppressMessages({library(lme4); library(lmerTest); library(emmeans); library(ordinal); library(glmmTMB); library(jsonlite)})
set.seed(20)
readers <- 24; cases <- 30
d <- expand.grid(reader = seq_len(readers), case = seq_len(cases))
d$strategy <- sample(c("a", "b", "c"), nrow(d), TRUE, c(.5, .3, .2))
d$years <- round(runif(readers, 0, 3), 2)[d$reader]
effect <- c(a = 0, b = .6, c = -.4)[d$strategy] + .25 * d$years
random <- rnorm(readers, 0, .8)[d$reader] + rnorm(cases, 0, 1.1)[d$case]
d$hit <- rbinom(nrow(d), 1, plogis(.3 + effect + random))
d$count <- rpois(nrow(d), exp(.2 + .5 * effect + .4 * random))
p <- plogis(-.3 + effect + .6 * random)
d$share <- round(rbeta(nrow(d), 8 * p, 8 * (1 - p)), 6)
d$share <- pmin(pmax(d$share, 1e-6), 1 - 1e-6)
d$grade <- cut(effect + random + rlogis(nrow(d)), c(-Inf, -.5, .8, 2, Inf), labels = FALSE)
d$seconds <- round(10 + 2 * effect + random + rnorm(nrow(d)), 4)
write.csv(d, "marginal_effects.csv", row.names = FALSE)

levels3 <- c("a", "b", "c")
numbers <- function(e) unname(as.matrix(as.data.frame(e)[, c(2, 3)]))
# Mean over the data of E g(x'b + sd Z), Z standard normal, by adaptive quadrature of each distinct row.
averaged <- function(beta, sd, inverse, level) {
  x <- cbind(1, level == "b", level == "c", unique(d$years))
  w <- as.numeric(table(d$years)[as.character(unique(d$years))]) / nrow(d)
  eta <- as.vector(x %*% beta)
  sum(w * sapply(eta, function(one) if (sd == 0) inverse(one) else integrate(
    function(z) inverse(one + sd * z) * dnorm(z), -9, 9, rel.tol = 1e-10)$value))
}
slope <- function(f, at) sapply(seq_along(at), function(k) {
  h <- 1e-4; up <- at; down <- at; up[k] <- at[k] + h; down[k] <- at[k] - h; (f(up) - f(down)) / (2 * h) })
delta <- function(f, at, v) { g <- slope(f, at); c(f(at), sqrt(as.numeric(t(g) %*% v %*% g))) }
population <- function(at, v, sd_of, inverse) {
  means <- lapply(levels3, function(one) function(a) averaged(a[seq_len(4)], sd_of(a), inverse, one))
  pairs <- list(c(2, 1), c(3, 1), c(3, 2))
  list(means = t(sapply(means, delta, at, v)),
       differences = t(sapply(pairs, function(k) delta(function(a) means[[k[1]]](a) - means[[k[2]]](a), at, v))),
       log_ratios = t(sapply(pairs, function(k) delta(function(a) log(means[[k[1]]](a) / means[[k[2]]](a)), at, v))))
}
# Conditional (random effects 0): emmeans on the response scale, each row of the reference grid weighted alike.
conditional <- function(fit) {
  at <- regrid(emmeans(fit, "strategy"))
  pairs <- contrast(at, "revpairwise")
  list(average_means = numbers(at), average_differences = numbers(pairs), mean_years = mean(d$years))
}
out <- list()

# By glmmTMB, whose covariance is by exact derivatives; glmer's by differences agrees to two digits.
log_sd <- function(fit) fit$fit$par[names(fit$fit$par) == "theta"]
with_spreads <- function(fit, inverse) {
  v <- vcov(fit, full = TRUE)
  keep <- c(1:4, grep("theta", rownames(v)))
  c(population(c(fixef(fit)$cond, log_sd(fit)), v[keep, keep], function(a) sqrt(sum(exp(2 * a[5:6]))), inverse),
    conditional(fit))
}
fit <- glmmTMB(hit ~ strategy + years + (1 | reader) + (1 | case), d, binomial)
out$binomial <- with_spreads(fit, plogis)
# emmeans' own approximation of the population mean: second order in the random variance (bias.adjust).
sigma <- sqrt(sum(exp(2 * log_sd(fit))))
out$binomial$bias_adjusted <- summary(emmeans(fit, "strategy", type = "response", bias.adjust = TRUE, sigma = sigma))$prob

out$poisson <- with_spreads(glmmTMB(count ~ strategy + years + (1 | reader) + (1 | case), d, poisson), exp)
out$beta <- with_spreads(glmmTMB(share ~ strategy + years + (1 | reader) + (1 | case), d, beta_family()), plogis)

fit <- lmer(seconds ~ strategy + years + (1 | reader) + (1 | case), d)
at <- emmeans(fit, "strategy", lmer.df = "satterthwaite")
out$gaussian <- list(means = numbers(at), differences = numbers(contrast(at, "revpairwise")),
                     df = as.data.frame(contrast(at, "revpairwise"))$df)

fit <- clmm(factor(grade) ~ strategy + years + (1 | reader) + (1 | case), data = d, gradTol = 1e-7)
v <- vcov(fit)                                                         # of thresholds, effects, standard deviations
at <- c(fit$beta, fit$alpha, unlist(fit$ST))
order <- c(4:6, 1:3, 7:8)
below <- function(a, k, level) averaged(c(a[3 + k], -a[1:3]), sqrt(a[7]^2 + a[8]^2), plogis, level)
level_of <- function(a, k, level) (if (k == 4) 1 else below(a, k, level)) - (if (k == 1) 0 else below(a, k - 1, level))
out$ordinal <- list(means = do.call(rbind, lapply(levels3, function(one) t(sapply(1:4, function(k)
  delta(function(a) level_of(a, k, one), at, v[order, order]))))))
write_json(out, "marginal_effects.json", digits = 10, auto_unbox = TRUE, matrix = "rowmajor", pretty = TRUE)
