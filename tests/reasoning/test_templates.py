"""Labels written out and read back."""

import numpy as np
import pandas as pd
import pytest

from gazeanalytics import reasoning, tables
from gazeanalytics.reasoning.labeler.templates import labels_to_text

OTHERS = [name for name in reasoning.FINDINGS if name != "no_finding"]


def test_labels_come_back_from_their_own_text():
    rng = np.random.default_rng(0)
    labels = pd.DataFrame(rng.choice([1.0, 0.0, -1.0, np.nan], (300, 13)), columns=OTHERS)
    traces = tables.check(labels_to_text(labels, rng=1), "traces")
    wide = reasoning.to_chexpert(reasoning.conclude(reasoning.label_findings(traces), no_finding=False))
    pd.testing.assert_frame_equal(wide.reindex(index=labels.index, columns=OTHERS), labels, check_names=False)


def test_no_finding_is_said_as_health_and_read_as_such():
    traces = labels_to_text(pd.DataFrame({"no_finding": [1.0, 0.0]}, index=[4, 5]), rng=0)
    assert traces.reading.tolist() == [4]
    assert reasoning.label_findings(traces, implied=False)[["finding", "status"]].to_numpy().tolist() == [
        ["no_finding", "present"]
    ]


def test_what_cannot_be_said_is_reported():
    with pytest.raises(ValueError, match="finding 'rickets' has no name in words; there are no_finding"):
        labels_to_text(pd.DataFrame({"rickets": [1.0]}))
    with pytest.raises(ValueError, match="a label is 1, 0 or -1, or missing; got 2"):
        labels_to_text(pd.DataFrame({"edema": [2.0]}))
