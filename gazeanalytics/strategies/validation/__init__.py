"""Whether clusters are there: cluster tendency, density gaps, stability, multiverse."""
