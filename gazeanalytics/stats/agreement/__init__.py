"""Inter-rater agreement and disagreement: kappa coefficients, AC1, alpha, ICC, and predicting disagreement."""
