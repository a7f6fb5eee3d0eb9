"""Reasoning traces: findings and their certainty, stages, and the bond between words and gaze."""

from gazeanalytics.reasoning.ai.draft_audit import audit_errors, edit_share
from gazeanalytics.reasoning.ai.outputs import Output, parse_output, parse_outputs
from gazeanalytics.reasoning.ai.rewards import (
    Rewards,
    box_overlap,
    choice_reward,
    jaccard,
    reward_outputs,
    rewards,
    trace_consistency,
)
from gazeanalytics.reasoning.ai.text_overlap import compare_scores, text_overlap
from gazeanalytics.reasoning.alignment.eye_voice_span import (
    ReaderLags,
    eye_voice_span_by_reader,
    eye_voice_spans,
    gaze_speech_lag_by_reader,
)
from gazeanalytics.reasoning.alignment.gaze_speech_lag import (
    GazeSpeechLag,
    LagSettings,
    gaze_speech_lag,
    sentence_clock,
)
from gazeanalytics.reasoning.alignment.grounding import align_steps, ground_mentions, looked_and_said, retime
from gazeanalytics.reasoning.alignment.mentions import join_words, place_mentions
from gazeanalytics.reasoning.context_use import context_use
from gazeanalytics.reasoning.embeddings import (
    Embeddings,
    OutcomePrediction,
    embed_traces,
    embedding_components,
    predict_outcome,
)
from gazeanalytics.reasoning.labeler.benchmarks import label_benchmark, label_reports, read_labelled
from gazeanalytics.reasoning.labeler.certainty import ABSENT_TO, PRESENT_FROM, from_reflacx, hedges, status, to_chexpert
from gazeanalytics.reasoning.labeler.changes_of_mind import changes_of_mind
from gazeanalytics.reasoning.labeler.conclusions import conclude, trace_path
from gazeanalytics.reasoning.labeler.explain import Explanation, explain
from gazeanalytics.reasoning.labeler.extending import extend
from gazeanalytics.reasoning.labeler.findings import label_findings, label_text
from gazeanalytics.reasoning.labeler.label_scores import (
    claims_against_truth,
    compare_labels,
    disagreement,
    report_errors,
    score_labels,
)
from gazeanalytics.reasoning.labeler.languages import LANGUAGES, detect_language
from gazeanalytics.reasoning.labeler.lexicons import FINDINGS, Lexicon, lexicon
from gazeanalytics.reasoning.labeler.location_errors import detail_errors, place_scores
from gazeanalytics.reasoning.labeler.templates import labels_to_text
from gazeanalytics.reasoning.labeler.trained_labeler import TrainedLabeler, train_labeler
from gazeanalytics.reasoning.reading_labels import (
    ReasoningSettings,
    conclude_readings,
    label_readings,
    rule_sensitivity,
)
from gazeanalytics.reasoning.similarity import CaseSimilarity, Retrieval, case_similarity, retrieve_cases
from gazeanalytics.reasoning.stages import (
    carry_over,
    dialogue_traces,
    segment_stages,
    split_steps,
    stage_accuracy,
    stage_dwell,
    stage_order,
    stage_scheme,
)

__all__ = [
    "ABSENT_TO",
    "FINDINGS",
    "LANGUAGES",
    "PRESENT_FROM",
    "CaseSimilarity",
    "Embeddings",
    "Explanation",
    "GazeSpeechLag",
    "LagSettings",
    "Lexicon",
    "OutcomePrediction",
    "Output",
    "ReaderLags",
    "ReasoningSettings",
    "Retrieval",
    "Rewards",
    "TrainedLabeler",
    "align_steps",
    "audit_errors",
    "box_overlap",
    "carry_over",
    "case_similarity",
    "changes_of_mind",
    "choice_reward",
    "claims_against_truth",
    "compare_labels",
    "compare_scores",
    "conclude",
    "conclude_readings",
    "context_use",
    "detail_errors",
    "detect_language",
    "dialogue_traces",
    "disagreement",
    "edit_share",
    "embed_traces",
    "embedding_components",
    "explain",
    "extend",
    "eye_voice_span_by_reader",
    "eye_voice_spans",
    "from_reflacx",
    "gaze_speech_lag",
    "gaze_speech_lag_by_reader",
    "ground_mentions",
    "hedges",
    "jaccard",
    "join_words",
    "label_benchmark",
    "label_findings",
    "label_readings",
    "label_reports",
    "label_text",
    "labels_to_text",
    "lexicon",
    "looked_and_said",
    "parse_output",
    "parse_outputs",
    "place_mentions",
    "place_scores",
    "predict_outcome",
    "read_labelled",
    "report_errors",
    "retime",
    "retrieve_cases",
    "reward_outputs",
    "rewards",
    "rule_sensitivity",
    "score_labels",
    "segment_stages",
    "sentence_clock",
    "split_steps",
    "stage_accuracy",
    "stage_dwell",
    "stage_order",
    "stage_scheme",
    "status",
    "text_overlap",
    "to_chexpert",
    "trace_consistency",
    "trace_path",
    "train_labeler",
]
