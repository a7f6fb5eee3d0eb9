"""Reasoning traces: findings and their certainty, stages, and the bond between words and gaze."""

from gazeanalytics.reasoning.certainty import from_reflacx, hedges, status, to_chexpert
from gazeanalytics.reasoning.findings import conclude, label_findings, label_text
from gazeanalytics.reasoning.lexicons import FINDINGS, Lexicon, lexicon

__all__ = [
    "FINDINGS",
    "Lexicon",
    "conclude",
    "from_reflacx",
    "hedges",
    "label_findings",
    "label_text",
    "lexicon",
    "status",
    "to_chexpert",
]
