# Denominator degrees of freedom of nlme's lme for readers within countries, and glmer's estimates beside them.
# Run: Rscript tests/stats/r/between_within.R; writes between_within.csv (the data) and between_within.json.
suppressPackageStartupMessages({library(nlme); library(lme4); library(jsonlite)})
folder <- dirname(sub("--file=", "", grep("--file=", commandArgs(), value = TRUE)))
set.seed(17)
readers <- data.frame(reader = sprintf("r%02d", 1:24), country = rep(letters[1:6], each = 4))
readers$years <- round(runif(24, 1, 30), 1)
readers$resident <- rep(c(0, 1, 0, 0, 1, 1), 4)
beds <- setNames(round(runif(6, 1, 9), 1), letters[1:6])
readers$beds <- beds[readers$country]
data <- readers[rep(1:24, each = 12), ]
data$prior <- rep(0:1, 144)
land <- setNames(rnorm(6, 0, 0.5), letters[1:6])
skill <- setNames(rnorm(24, 0, 0.6), readers$reader)
data$score <- round(0.5 + 0.3 * data$prior + land[data$country] + skill[data$reader] + rnorm(288), 4)
data$correct <- as.integer(data$score > 0.3)
fits <- list(
  nested = lme(score ~ prior + years + resident + beds, random = ~ 1 | country/reader, data = data),
  readers = lme(score ~ prior + years + resident + beds, random = ~ 1 | reader, data = data),
  countries = lme(score ~ prior + years + beds, random = ~ 1 | country, data = data)
)
df <- lapply(fits, function(fit) as.list(setNames(fit$fixDF$X, names(fit$fixDF$X))))
glmm <- glmer(correct ~ prior + years + resident + beds + (1 | country) + (1 | reader), data, family = binomial,
  control = glmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-9, maxfun = 1e5), tolPwrss = 1e-11))
found <- coef(summary(glmm))
write.csv(data, file.path(folder, "between_within.csv"), row.names = FALSE)
write_json(list(df = df, glmer = list(estimate = as.list(found[, 1]), std_error = as.list(found[, 2]),
  log_likelihood = as.numeric(logLik(glmm)))), file.path(folder, "between_within.json"),
  auto_unbox = TRUE, digits = 8, pretty = TRUE)
