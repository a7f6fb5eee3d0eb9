# People and AI readers in one model of lme4, with variances of their own; lmerTest's contrast of both.
# Run: Rscript tests/stats/r/human_against_ai.R; writes human_against_ai.csv (the data) and human_against_ai.json.
suppressPackageStartupMessages({library(lme4); library(lmerTest); library(jsonlite)})
folder <- dirname(sub("--file=", "", grep("--file=", commandArgs(), value = TRUE)))
set.seed(4)
data <- expand.grid(case = sprintf("c%02d", 1:40), reader = c(sprintf("p%02d", 1:12), sprintf("m%d", 1:6)))
data$person <- as.integer(substr(data$reader, 1, 1) == "p")
data$ai <- 1 - data$person
hard <- rnorm(40, 0, 0.8)
own <- rnorm(40, 0, 0.6)
skill <- c(rnorm(12, 0, 0.7), rnorm(6, 0, 0.3))
case <- as.integer(data$case)
data$score <- round(0.4 + 0.5 * data$ai + skill[as.integer(data$reader)] + hard[case] + data$ai * own[case] +
  rnorm(nrow(data)), 4)
data$correct <- as.integer(data$score > 0)
right <- "0 + person + ai + (1 | case) + (0 + person | reader) + (0 + ai | case) + (0 + ai | reader)"
binomial <- glmer(paste("correct ~", right), data, family = "binomial",
  control = glmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-9, maxfun = 1e5), tolPwrss = 1e-11))
gaussian <- lmer(paste("score ~", right), data,
  control = lmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-9, maxfun = 1e5)))
contrast <- contest(gaussian, c(1, -1), joint = FALSE)
fixed <- coef(summary(binomial))
write.csv(data, file.path(folder, "human_against_ai.csv"), row.names = FALSE)
write_json(list(
  binomial = list(estimate = as.list(fixed[, 1]), difference = as.numeric(fixef(binomial) %*% c(1, -1)),
    difference_error = as.numeric(sqrt(c(1, -1) %*% vcov(binomial) %*% c(1, -1))),
    log_likelihood = as.numeric(logLik(binomial)), sd = as.data.frame(VarCorr(binomial))[, c("grp", "var1", "sdcor")]),
  gaussian = list(difference = contrast$Estimate, difference_error = contrast[["Std. Error"]], df = contrast$df,
    p_value = contrast[["Pr(>|t|)"]], low = contrast$lower, high = contrast$upper)
), file.path(folder, "human_against_ai.json"), auto_unbox = TRUE, digits = 8, pretty = TRUE)
