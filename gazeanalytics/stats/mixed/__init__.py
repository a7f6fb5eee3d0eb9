"""Crossed mixed models: formula, likelihood, solver, inference, predictions."""
