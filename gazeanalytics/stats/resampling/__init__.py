"""Bootstrap and permutation over readers and cases."""
