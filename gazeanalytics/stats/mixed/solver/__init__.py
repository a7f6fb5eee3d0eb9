"""The solver of mixed models: arrays in, estimates out; it knows nothing of formulas, tables or names of columns."""
