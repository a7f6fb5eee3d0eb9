# Profile intervals of standard deviations and correlations of random slopes; writes profiles.csv and profiles.json
# beside itself. Run: Rscript profiles.R
suppressMessages({library(lme4); library(jsonlite)})
set.seed(31)
d <- expand.grid(case = 1:15, reader = 1:20)
n <- nrow(d)
d$x <- round(rnorm(n), 3)
d$help <- rbinom(n, 1, .5)
b <- matrix(rnorm(60), 20) %*% chol(matrix(c(1, .4, .2, .4, 1, -.2, .2, -.2, 1), 3))
d$y <- round(1 + d$x + .9 * b[d$reader, 1] + .6 * b[d$reader, 2] * d$x + .8 * b[d$reader, 3] * d$help +
             rnorm(15, 0, .4)[d$case] + rnorm(n), 3)
d$hit <- rbinom(n, 1, plogis(.4 + .8 * d$x + 1.2 * b[d$reader, 1] + 1.1 * b[d$reader, 2] * d$x))
write.csv(d, "profiles.csv", row.names = FALSE)
ends <- function(m) {
  p <- confint(m, parm = "theta_", method = "profile", oldNames = FALSE, quiet = TRUE)
  list(names = rownames(p), low = unname(p[, 1]), high = unname(p[, 2]))
}
# lme4's profiles of some correlations aren't monotonic (it warns): their ends by the deviance itself, lowest over theta
# with the correlation of the first two coefficients held.
cor_ends <- function(formula, width) {
  deviance <- lmer(formula, d, REML = FALSE, devFunOnly = TRUE)
  across <- 2; own <- width + 1
  fit <- lmer(formula, d, REML = FALSE, control = lmerControl(optCtrl = list(ftol_abs = 1e-13, xtol_abs = 1e-10)))
  theta <- getME(fit, "theta")
  spread <- sqrt(theta[across]^2 + theta[own]^2)
  start <- replace(theta, own, spread)[-across]
  profile <- function(r) {
    held <- function(free) {
      all <- append(free, 0, after = across - 1)
      s <- all[own]
      all[across] <- r * s; all[own] <- sqrt(1 - r^2) * s
      deviance(all)
    }
    best <- optim(start, held, method = "BFGS", control = list(reltol = 1e-13, maxit = 500))
    optim(best$par, held, method = "Nelder-Mead", control = list(reltol = 1e-13, maxit = 2000))$value
  }
  at <- theta[across] / spread
  drop <- function(r) profile(r) - deviance(theta) - qchisq(.95, 1)
  c(uniroot(drop, c(-.98, at), tol = 1e-6)$root, uniroot(drop, c(at, .98), tol = 1e-6)$root)
}
d$one <- 1
write_json(list(
  cor_two = unname(cor_ends(y ~ x + (1 + x | reader), 2)),
  cor_three = unname(cor_ends(y ~ x + help + (0 + x + help + one | reader), 3)),
  two = ends(lmer(y ~ x + (1 + x | reader), d, REML = FALSE)),
  three = ends(lmer(y ~ x + help + (1 + x + help | reader), d, REML = FALSE))
), "profiles.json", digits = 8, auto_unbox = TRUE, na = "null", pretty = TRUE)
