"""Continua: components that readings spread along, and the archetypes at their ends."""
