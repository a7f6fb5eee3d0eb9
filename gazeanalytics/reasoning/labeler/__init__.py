"""The report labeler: findings, negation, hedging and certainty out of text."""
