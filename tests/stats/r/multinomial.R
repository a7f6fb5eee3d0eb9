# Reference of tests/stats/test_multinomial.py: nnet::multinom without random effects; glmmTMB by the Poisson trick with them,
# the rows' intercepts being normal with SD 10,000 held, as in gazeanalytics/stats/mixed/multinomial.py.
#
# Run in this folder: Rscript multinomial.R
# Writes multinomial.csv (the data) and multinomial.json (the numbers).
suppressMessages({library(nnet); library(glmmTMB); library(jsonlite)})
set.seed(11)
readers <- 20; cases <- 24
d <- expand.grid(reader = seq_len(readers), case = seq_len(cases))
d$years <- round(runif(readers, 0, 3), 2)[d$reader]
d$context <- sample(c("none", "prior"), cases, TRUE)[d$case]
b <- matrix(rnorm(2 * readers, 0, .9), readers); b[, 2] <- .5 * b[, 1] + b[, 2]
k <- matrix(rnorm(2 * cases, 0, .7), cases)
score <- cbind(0, .3 - .3 * d$years + b[d$reader, 1] + k[d$case, 1],
               -.5 + .6 * d$years + .5 * (d$context == "prior") + b[d$reader, 2] + k[d$case, 2])
score <- score - log(-log(matrix(runif(3 * nrow(d)), ncol = 3)))
d$strategy <- c("a", "b", "c")[max.col(score)]
write.csv(d, "multinomial.csv", row.names = FALSE)

plain <- multinom(factor(strategy) ~ years + context, d, maxit = 1000, reltol = 1e-14, trace = FALSE, Hess = TRUE)
out <- list(plain = list(coefficients = unname(coef(plain)), errors = unname(summary(plain)$standard.errors),
                         log_likelihood = as.numeric(logLik(plain))))

long <- merge(data.frame(row = seq_len(nrow(d)), d), data.frame(level = c("a", "b", "c")))
long <- long[order(long$row, long$level), ]
long$y <- as.numeric(long$strategy == long$level)
long$b <- as.numeric(long$level == "b"); long$c <- as.numeric(long$level == "c")
long$prior <- as.numeric(long$context == "prior")
fit <- glmmTMB(y ~ 0 + b + b:years + b:prior + c + c:years + c:prior + (1 | row) + (0 + b + c | reader) +
                 (0 + b + c | case), long, poisson, map = list(theta = factor(c(NA, 1:6))),
               start = list(theta = c(log(1e4), rep(0, 6))))
beta <- fixef(fit)$cond; se <- sqrt(diag(vcov(fit)$cond))
place <- c("b", "b:years", "b:prior", "c", "c:years", "c:prior")
stopifnot(all(place %in% names(beta)))
out$mixed <- list(coefficients = matrix(unname(beta[place]), 2, byrow = TRUE),
                  errors = matrix(unname(se[place]), 2, byrow = TRUE),
                  reader = matrix(VarCorr(fit)$cond$reader, 2), case = matrix(VarCorr(fit)$cond$case, 2),
                  log_likelihood = as.numeric(logLik(fit)), rows = nrow(d))
write_json(out, "multinomial.json", digits = 10, auto_unbox = TRUE, matrix = "rowmajor", pretty = TRUE)
