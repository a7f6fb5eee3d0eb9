"""Map measures against the numbers of pysaliency 0.2.22 (pysaliency_reference.py), Mann-Whitney and SciPy.

Differences by definition: a constant second map has CC 0 here, NaN there; a map with cells below 0 is refused by SIM,
KL and IG here, there the least value is subtracted.
"""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import mannwhitneyu

from gazeanalytics.gaze.attention import auc_judd, auc_shuffled, cc, information_gain, kl, nss, sim

_spec = importlib.util.spec_from_file_location(
    "pysaliency_reference", Path(__file__).with_name("pysaliency_reference.py")
)
reference = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(reference)

MAPS, THEIRS = reference.surfaces(), reference.read()
X, Y, IMAGE = reference.points()
OWN, OTHERS = (X[IMAGE == 0], Y[IMAGE == 0]), (X[IMAGE == 1], Y[IMAGE == 1])
JUDD = {"negatives": "unfixated", "sweep": "points"}


def jittered(surface):
    """pysaliency's jitter comes from NumPy's legacy generator, whose numbers are repeated here."""
    return surface + np.random.RandomState(42).randn(*surface.shape) * 1e-7


AREAS = {
    "AUC": lambda s: auc_judd(s, *OWN),
    "AUC at points": lambda s: auc_judd(s, *OWN, sweep="points"),
    "AUC, unfixated": lambda s: auc_judd(s, *OWN, negatives="unfixated"),
    "AUC_Judd": lambda s: auc_judd(s, *OWN, **JUDD),
    "AUC_Judd, jitter": lambda s: auc_judd(jittered(s), *OWN, **JUDD),
    "sAUC": lambda s: auc_shuffled(s, *OWN, OTHERS),
}
OVERLAPS = {
    "NSS": lambda s, other: nss(s, *OWN),
    "CC": cc,
    "SIM": sim,
    "KL, floor 1e-20": lambda s, other: kl(s, other, eps=1e-20, form="floor"),
    "KL, MIT": lambda s, other: kl(s, other, eps=2.2204e-16),
    "IG": lambda s, other: information_gain(s + 1e-20, other + 1e-20, *OWN),
}


@pytest.mark.parametrize("measure", AREAS)
@pytest.mark.parametrize("kind", reference.KINDS)
def test_areas_are_those_of_pysaliency(kind, measure):
    assert AREAS[measure](MAPS[kind]) == pytest.approx(THEIRS[kind][measure], abs=1e-12)


@pytest.mark.parametrize("measure", OVERLAPS)
@pytest.mark.parametrize("kind", reference.KINDS)
def test_measures_are_those_of_pysaliency(kind, measure):
    found = OVERLAPS[measure](MAPS[kind], np.roll(MAPS["smooth"], 90, axis=1))
    wanted = THEIRS[kind][measure]
    if kind == "constant" and measure in ("CC", "NSS"):
        assert found == 0
        assert np.isnan(wanted) or wanted == 0
    else:
        assert found == pytest.approx(wanted, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("kind", reference.KINDS)
def test_areas_are_mann_whitney_s(kind):
    surface = MAPS[kind]
    values = surface[OWN[1], OWN[0]]
    rest = np.delete(surface.ravel(), np.unique(OWN[1] * reference.COLUMNS + OWN[0]))
    for pool, negatives in ((surface.ravel(), "all"), (rest, "unfixated")):
        wanted = mannwhitneyu(values, pool, method="asymptotic").statistic / (len(values) * len(pool))
        assert auc_judd(surface, *OWN, negatives=negatives) == pytest.approx(wanted, abs=1e-12)
