"""Agreement and disagreement of raters."""
