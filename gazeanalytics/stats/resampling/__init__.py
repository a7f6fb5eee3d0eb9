"""Bootstrap confidence intervals and permutation tests over readers and cases."""
