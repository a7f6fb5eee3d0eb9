# Reference fits of formulas: natural splines, relevel, interaction, type III tests, and marginal means of which some
# can't be estimated; writes formulas.csv and formulas.json beside itself. Run: Rscript formulas.R
suppressMessages({library(splines); library(lmerTest); library(emmeans); library(jsonlite)})
emm_options(lmer.df = "satterthwaite")
set.seed(23)
d <- expand.grid(reader = 1:10, case = 1:18)
n <- nrow(d)
d$site <- c("a", "b", "c")[1 + d$case %% 3]
d$help <- c("no", "yes")[1 + rbinom(n, 1, .5)]
d$z <- round(rnorm(n), 2)
effect <- c(a = 0, b = .4, c = 1)[d$site] + .5 * (d$help == "yes") * (d$site != "a") + sin(d$z)
d$y <- round(2 + effect + rnorm(10, 0, .5)[d$reader] + rnorm(n, 0, .6), 3)
d$never <- as.integer(!(d$site == "a" & d$help == "no"))
write.csv(d, "formulas.csv", row.names = FALSE)

tight <- lmerControl(optCtrl = list(ftol_abs = 1e-14, xtol_abs = 1e-12))
fit <- function(formula, data = d) lmer(formula, data, control = tight)
fixed <- function(m) list(estimate = unname(fixef(m)), std_error = unname(sqrt(diag(as.matrix(vcov(m))))),
                          log_likelihood = as.numeric(logLik(m)))
means <- function(e) {
  s <- as.data.frame(summary(e))
  list(estimate = s[[which(names(s) %in% c("emmean", "estimate"))]], std_error = s$SE)
}
type3 <- function(m) {
  a <- anova(m, type = 3, ddf = "Satterthwaite")
  list(term = rownames(a), statistic = a[["F value"]], df = a$NumDF, df_residual = a$DenDF, p_value = a[["Pr(>F)"]])
}
met <- fit(y ~ site * help + (1 | reader), d[d$never == 1, ])
at <- ref_grid(met)
write_json(list(
  ns = fixed(fit(y ~ ns(z, 3) + (1 | reader))),
  ns_knots = fixed(fit(y ~ ns(z, knots = c(-.5, .4)) + (1 | reader))),
  ns_beyond = unname(predict(fit(y ~ ns(z, 3) + (1 | reader)), data.frame(z = c(-6, 0, 6)), re.form = NA)),
  relevel = fixed(fit(y ~ relevel(factor(site), ref = "b") * help + (1 | reader))),
  interaction = fixed(fit(y ~ interaction(site, help) + (1 | reader))),
  means_help = means(emmeans(at, "help")),
  means_site = means(emmeans(at, "site")),
  differences_site = means(pairs(emmeans(at, "site"))),
  type3_interaction = type3(fit(y ~ site * help + z + (1 | reader))),
  type3_slopes = type3(fit(y ~ site * z + help + (1 | reader) + (1 | case))),
  type3_unbalanced = type3(fit(y ~ site * help * z + (1 | reader), d[d$never == 1 | d$case > 9, ]))
), "formulas.json", digits = 10, auto_unbox = TRUE, na = "null", pretty = TRUE)
