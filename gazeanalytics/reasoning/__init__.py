"""Reasoning traces: findings and their certainty, stages, and the bond between words and gaze."""

from gazeanalytics.reasoning.benchmarks import label_benchmark, label_reports, read_labelled
from gazeanalytics.reasoning.certainty import from_reflacx, hedges, status, to_chexpert
from gazeanalytics.reasoning.findings import conclude, label_findings, label_text
from gazeanalytics.reasoning.lexicons import FINDINGS, Lexicon, lexicon
from gazeanalytics.reasoning.outputs import Output, Rewards, box_overlap, jaccard, parse_output, parse_outputs, rewards
from gazeanalytics.reasoning.scoring import (
    claims_against_truth,
    compare_labels,
    disagreement,
    report_errors,
    score_labels,
)
from gazeanalytics.reasoning.stages import (
    carry_over,
    dialogue_traces,
    segment_stages,
    split_steps,
    stage_dwell,
    stage_order,
    stage_scheme,
)

__all__ = [
    "FINDINGS",
    "Lexicon",
    "Output",
    "Rewards",
    "box_overlap",
    "carry_over",
    "claims_against_truth",
    "compare_labels",
    "conclude",
    "dialogue_traces",
    "disagreement",
    "from_reflacx",
    "hedges",
    "jaccard",
    "label_benchmark",
    "label_findings",
    "label_reports",
    "label_text",
    "lexicon",
    "parse_output",
    "parse_outputs",
    "read_labelled",
    "report_errors",
    "rewards",
    "score_labels",
    "segment_stages",
    "split_steps",
    "stage_dwell",
    "stage_order",
    "stage_scheme",
    "status",
    "to_chexpert",
]
