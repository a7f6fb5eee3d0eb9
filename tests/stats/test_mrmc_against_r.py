"""Every number of MRMCaov's, pROC's, RJafroc's and the Iowa program's analyses of Van Dyke's study."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

_spec = importlib.util.spec_from_file_location("mrmc_reference", Path(__file__).with_name("mrmc_reference.py"))
reference = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(reference)

# How many numbers each source holds, so that none is passed over unseen.
NUMBERS = {
    "mrmcaov": 3432,
    "single_readers": 220,
    "pseudovalues": 21,
    "rjafroc": 456,
    "planning": 686,
    "against_cad": 20,
    "iowa": 205,
}


@pytest.mark.parametrize("source", reference.SOURCES, ids=lambda source: source.__name__)
def test_every_number_is_theirs(source, shared_reference):
    """To 1e-6 of theirs (of 1e-3 where theirs are smaller); printed ones to half their last digit."""
    count = 0
    for entry, quantity, ours, theirs in source(shared_reference / "mrmc"):
        count += np.size(theirs)
        if "last digit" in quantity:
            assert np.abs(np.asarray(ours) - theirs).max() <= 0.501, (entry, quantity)
        elif not (quantity in ("metrics", "covariances") and entry.startswith("VanDyke__binormal")):
            # fitted areas agree as far as theirs carry digits: test_mrmc_fitted_curves.py
            gap = reference.difference(ours, theirs)
            assert gap < 1e-6, (entry, quantity, gap)
    assert count == NUMBERS[source.__name__]
