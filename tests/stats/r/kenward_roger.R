# Kenward and Roger's standard errors and degrees of freedom by pbkrtest, for crossed groups and a random slope.
# Run: Rscript tests/stats/r/kenward_roger.R; writes kenward_roger.csv (the data) and kenward_roger.json.
suppressPackageStartupMessages({library(lme4); library(pbkrtest); library(jsonlite)})
folder <- dirname(sub("--file=", "", grep("--file=", commandArgs(), value = TRUE)))
set.seed(23)
data <- expand.grid(case = 1:12, reader = letters[1:7])
data$years <- c(3, 21, 8, 12, 30, 1, 16)[as.integer(data$reader)]
data$prior <- (data$case + as.integer(data$reader)) %% 2
data$time <- data$case / 12
data$seconds <- round(4 - 0.5 * data$prior + 0.02 * data$years + rnorm(7, 0, 0.8)[as.integer(data$reader)] +
  rnorm(7, 0, 1)[as.integer(data$reader)] * data$time + rnorm(12, 0, 0.6)[data$case] + rnorm(84), 4)
data <- data[-c(3, 17, 40, 41, 77), ]
right <- c(crossed = "prior + years + (1 | reader) + (1 | case)", slope = "prior + years + time + (1 + time | reader)")
control <- lmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-10, maxfun = 1e5))
found <- lapply(right, function(side) {
  fit <- lmer(as.formula(paste("seconds ~", side)), data, control = control)
  adjusted <- vcovAdj(fit)
  names <- names(fixef(fit))
  df <- sapply(seq_along(names), function(k) get_Lb_ddf(fit, as.numeric(seq_along(names) == k)))
  list(formula = paste("seconds ~", side), term = names, estimate = unname(fixef(fit)),
    std_error = unname(sqrt(diag(as.matrix(adjusted)))), df = df)
})
write.csv(data, file.path(folder, "kenward_roger.csv"), row.names = FALSE)
write_json(found, file.path(folder, "kenward_roger.json"), auto_unbox = TRUE, digits = 8, pretty = TRUE)
