"""Fixation sequences that a planted search strategy and the outcome of the reading shape.

Four ways to search a chest X-ray, each with its own measurable mark:

systematic
    A checklist of the organs in a fixed order: short saccades within an organ, few returns.
circumferential
    Around the outline of the lungs in one direction: far from the centre, steady turning.
central
    Long fixations near hila, mediastinum and heart: small saccades, little covered.
holistic
    Wide and brief glances first, then long fixations where something looks suspicious (global-focal search).

Lesions draw the eye as far as the outcome says: a hit is dwelt on, a miss is never fixated (search), left after too
short a dwell (recognition) or dwelt on and dismissed (decision); a false alarm dwells on a place without a lesion.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from gazeanalytics._kernels.simulate import scanpaths as kernels
from gazeanalytics.geometry import Box, Screen, Viewing, fit_box
from gazeanalytics.simulate.anatomy import FINDINGS, ORGANS, lesion_boxes, organ_boxes
from gazeanalytics.simulate.design import STRATEGIES
from gazeanalytics.simulate.outcomes import Simulated

__all__ = ["PURPOSES", "simulate_fixations", "viewing_of"]

PURPOSES = ("pattern", "target", "other", "decoy")
"""What a fixation is for: the strategy's pattern, the target's lesion, another lesion, or a harmless place."""

CURVATURE_DEG = 3.6
"""How soon speed saturates with amplitude (deg), the c of Dai et al. 2016, as in the recordings of Lund2013."""

_MAX_FIXATIONS = 60
_DWELL_MS = {
    "hit": (700, 1500),
    "decision": (1100, 2000),
    "recognition": (150, 450),
    "other": (300, 900),
    "decoy": (1000, 1800),
}
# A miss by recognition stays below the dwell time (1 s) from which a miss counts as one of decision.
_RECOGNITION_BUDGET_MS = 700.0
_USEFUL_FIELD_DEG = 2.5
_OTHER_SEEN = 0.7
_SKIPPED = 0.08
_CHECKLIST = (
    "trachea",
    "mediastinum",
    "right_apex",
    "right_lung_upper",
    "right_lung_middle",
    "right_lung_lower",
    "right_costophrenic_angle",
    "left_apex",
    "left_lung_upper",
    "left_lung_middle",
    "left_lung_lower",
    "left_costophrenic_angle",
    "right_hilum",
    "left_hilum",
    "heart",
    "abdomen",
)
_HUBS = ("right_hilum", "left_hilum", "mediastinum", "heart")
# Usual number of fixations of a pattern, before lesions add theirs.
_STEPS = {"systematic": 34, "circumferential": 28, "central": 19, "holistic": 17}


def viewing_of(images: pd.DataFrame, screen: Screen) -> Viewing:
    """Angles of images that are fitted on a screen, one element a row of `images` (columns width, height; px).

    Examples
    --------
    >>> images = pd.DataFrame({"width": [2000], "height": [2500]})
    >>> screen = Screen(2560, 1440, 597, 336, 650)  # px, px, mm, mm, mm
    >>> viewing_of(images, screen).px_per_deg.round(1).tolist()
    [84.4]
    """
    width, height = images["width"].to_numpy(float), images["height"].to_numpy(float)
    # Few sizes of image occur, and fitting one to the screen costs more than looking it up.
    sizes, place = np.unique(np.column_stack((width, height)), axis=0, return_inverse=True)
    rows = np.array([_fitted(screen, size) for size in sizes]).reshape(-1, 4)[place.ravel()]
    return Viewing(rows[:, 0], rows[:, 1], rows[:, 2], rows[:, 3])


def _fitted(screen: Screen, size: np.ndarray) -> np.ndarray:
    shown = Box(0, 0, float(size[0]), float(size[1]))
    return screen.viewing(shown, fit_box(shown.width, shown.height, screen.box)).rows(1)[0]


def simulate_fixations(study: Simulated, *, rng: np.random.Generator | int | None = None) -> pd.DataFrame:
    """Simulate scanpaths: where and when every person fixates, shaped by search strategy and outcome.

    Parameters
    ----------
    study : Simulated
        Readings with their strategy and outcome; those of models are left out, since models don't look.
    rng : numpy.random.Generator, int or None
        Randomness.

    Returns
    -------
    pandas.DataFrame
        A fixations table, with the column purpose (one of `PURPOSES`). Between two fixations lies the time that the
        saccade takes.

    Examples
    --------
    >>> from gazeanalytics.simulate import Design, simulate_readings
    >>> study = simulate_readings(Design(readers=2, cases=3), rng=1)
    >>> fixations = simulate_fixations(study, rng=2)
    >>> fixations["reading"].nunique()
    6
    """
    generator = np.random.default_rng(rng)
    study = study.persons()
    rows = len(study.readings)
    readings, anatomy = _plan(study, generator)
    draws = np.concatenate(
        (generator.random((rows, _MAX_FIXATIONS, 3)), generator.standard_normal((rows, _MAX_FIXATIONS, 3))), axis=2
    )
    shape, counts = (rows, _MAX_FIXATIONS), np.zeros(rows, np.int64)
    onset, duration, x, y = np.zeros((4, *shape))
    path = kernels.Scanpath(onset, duration, x, y, np.zeros(shape, np.int8))
    kernels.all_scanpaths(readings, anatomy, draws, path, counts)
    kept = np.arange(_MAX_FIXATIONS) < counts[:, None]
    table = pd.DataFrame({name: values[kept] for name, values in path._asdict().items()})
    table.insert(0, "reading", np.repeat(study.readings["reading"].to_numpy(), counts))
    table["purpose"] = pd.Categorical.from_codes(table["purpose"], dtype=pd.CategoricalDtype(list(PURPOSES)))
    return table


def _plan(study: Simulated, rng: np.random.Generator) -> tuple[kernels.Readings, kernels.Anatomy]:
    """Everything that guides each reading's path."""
    truth, images = study.truth, study.images()
    case = pd.Index(study.cases["case"]).get_indexer(pd.Index(study.readings["case"]))
    organs = organ_boxes(study.regions)
    strategy = pd.Index(STRATEGIES).get_indexer(pd.Index(truth["strategy"]))
    steps = _draw_steps(strategy, rng)
    spread, start_angle, turns, glances, tempo = _draw_traits(study, strategy, rng).T
    view = viewing_of(images, study.design.screen).rows(len(images))
    suspects, avoided = _draw_suspects(study, case, organs, rng), _avoided(study, case, view)
    suspects.step[:] = _draw_starts(strategy, steps, glances, suspects.box, organs[case], rng)
    readings = kernels.Readings(
        case=case,
        strategy=strategy,
        steps=steps,
        spread=spread,
        start_angle=start_angle,
        turns=turns,
        glances=glances,
        tempo=tempo,
        order=_draw_orders(len(case), rng),
        suspects=suspects,
        avoided=avoided,
        size=images[["width", "height"]].to_numpy(float),
        viewing=view,
        top_speed_deg_s=study.habits()["top_speed_deg_s"].to_numpy(float),
        curvature_deg=CURVATURE_DEG,
    )
    hubs = np.array([list(ORGANS).index(name) for name in _HUBS])
    return readings, kernels.Anatomy(organs, _outlines(organs), hubs)


def _draw_steps(strategy: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """How many fixations the pattern itself takes."""
    usual = np.array([_STEPS[name] for name in STRATEGIES])[strategy]
    return (usual * np.exp(0.15 * rng.standard_normal(len(strategy)))).round().clip(8, 44).astype(np.int64)


def _draw_traits(study: Simulated, strategy: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Spread, start angle, signed turns, glances and tempo of each reading, shape (readings, 5)."""
    count = len(strategy)
    return np.column_stack(
        (
            np.exp(0.15 * rng.standard_normal(count)),
            rng.uniform(0, 2 * np.pi, count),
            rng.choice([-1, 1], count) * rng.uniform(1.0, 2.0, count),
            rng.integers(4, 8, count),
            study.habits()["tempo"] * np.exp(0.08 * rng.standard_normal(count)),
        )
    )


def _draw_orders(count: int, rng: np.random.Generator) -> np.ndarray:
    """Organs in the order of the checklist; now and then one is skipped and the one before it kept."""
    usual = np.array([list(ORGANS).index(name) for name in _CHECKLIST])
    skipped = rng.random((count, len(usual))) < _SKIPPED
    skipped[:, 0] = False
    # A skipped organ is replaced by the one before it: the eye stays where it was.
    kept = np.maximum.accumulate(np.where(skipped, 0, np.arange(len(usual))), axis=1)
    return usual[kept]


def _outlines(organs: np.ndarray) -> np.ndarray:
    """Box about both lungs of each case, from the apices to the costophrenic angles, shape (cases, 4)."""
    lungs = organs[
        :, [place for place, name in enumerate(ORGANS) if "lung" in name or "apex" in name or "angle" in name]
    ]
    return np.column_stack((lungs[:, :, :2].min(axis=1), lungs[:, :, 2:].max(axis=1)))


def _draw_suspects(
    study: Simulated, case: np.ndarray, organs: np.ndarray, rng: np.random.Generator
) -> kernels.Suspects:
    """Places that draw the eye, four a reading: the target's lesion, two other lesions, a decoy; steps come later."""
    truth, lesions = study.truth, lesion_boxes(study.regions, study.cases)[case]
    target = pd.Index(list(FINDINGS)).get_indexer(pd.Index(study.cases["target"]))[case]
    rows = np.arange(len(case))
    box, dwell = np.full((len(case), 4, 4), np.nan), np.full((len(case), 4), np.nan)
    miss = truth["miss"].fillna("hit").to_numpy(str)
    seen = truth["present_truth"].to_numpy(bool) & (miss != "search")
    box[:, 0] = np.where(seen[:, None], lesions[rows, target], np.nan)
    dwell[:, 0] = _draw_dwell(miss, rng)
    box[:, 1:3] = _draw_others(lesions, target, rng)
    dwell[:, 1:3] = rng.uniform(*_DWELL_MS["other"], (len(case), 2))
    box[:, 3] = _draw_decoys(truth["decoy"], organs[case], rng)
    dwell[:, 3] = rng.uniform(*_DWELL_MS["decoy"], len(case))
    purpose = np.tile([kernels.TARGET, kernels.OTHER, kernels.OTHER, kernels.DECOY], (len(case), 1))
    return kernels.Suspects(box, dwell, np.full(dwell.shape, -1.0), purpose)


def _draw_dwell(kind: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """How long the eye is to stay on the target's lesion (ms)."""
    share, dwell = rng.random(len(kind)), np.zeros(len(kind))
    for name in ("hit", "decision", "recognition"):
        low, high = _DWELL_MS[name]
        dwell[kind == name] = low + (high - low) * share[kind == name]
    return dwell


def _draw_others(lesions: np.ndarray, target: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Two lesions beside the target's that the eye may visit, shape (readings, 2, 4); NaN for none."""
    chance = rng.random(lesions.shape[:2])
    chance[np.isnan(lesions[:, :, 0]) | (chance > _OTHER_SEEN)] = np.inf
    chance[np.arange(len(target)), target] = np.inf
    chosen = np.argsort(chance, axis=1)[:, :2]
    rows = np.arange(len(target))[:, None]
    return np.where(np.isfinite(chance[rows, chosen])[:, :, None], lesions[rows, chosen], np.nan)


def _draw_decoys(organ: pd.Series, organs: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A harmless place in the organ of each false alarm, shape (readings, 4); NaN for none."""
    home = pd.Index(list(ORGANS)).get_indexer(pd.Index(organ))
    box = organs[np.arange(len(home)), home]
    size = 0.35 * (box[:, 2:] - box[:, :2])
    corner = box[:, :2] + rng.random(size.shape) * (box[:, 2:] - box[:, :2] - size)
    return np.where((home >= 0)[:, None], np.hstack((corner, corner + size)), np.nan)


def _draw_starts(
    strategy: np.ndarray,
    steps: np.ndarray,
    glances: np.ndarray,
    boxes: np.ndarray,
    organs: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """Step at which each suspect draws the eye, shape (readings, 4).

    The checklist meets it at its organ, global-focal search right after its glances, the others at any time.
    """
    share = rng.uniform(0.1, 0.95, boxes.shape[:2])
    centre = (boxes[:, :, :2] + boxes[:, :, 2:]) / 2
    middles = (organs[:, :, :2] + organs[:, :, 2:]) / 2
    far = np.hypot(*np.moveaxis(centre[:, :, None] - middles[:, None], -1, 0))
    near = np.argmin(np.where(np.isnan(far), np.inf, far), axis=2)
    rank = np.argsort([list(ORGANS).index(name) for name in _CHECKLIST])[near]
    checklist = (strategy == kernels.SYSTEMATIC)[:, None]
    share = np.where(checklist, (rank + 0.9) / len(_CHECKLIST), share)
    start = np.ceil(share * steps[:, None])
    start = np.where((strategy == kernels.HOLISTIC)[:, None], glances[:, None] + np.round(2 * share), start)
    start = np.minimum(start, steps[:, None] - 1)
    return np.where(np.isnan(boxes[:, :, 0]), -1.0, start)


def _avoided(study: Simulated, case: np.ndarray, view: np.ndarray) -> kernels.Avoided:
    """Box where a missed target keeps the eye from staying, and for how long at most (ms), one row a reading.

    A lesion missed in search is never within the useful field of view of 2.5 deg (Kundel, Nodine & Carmody 1978).
    """
    finding = pd.Index(list(FINDINGS)).get_indexer(pd.Index(study.cases["target"]))[case]
    box = lesion_boxes(study.regions, study.cases)[case, finding]
    miss = study.truth["miss"].to_numpy()
    px_per_deg = view[:, 2:] * np.pi / 180
    centre, half = (box[:, :2] + box[:, 2:]) / 2, (box[:, 2:] - box[:, :2]) / 2
    search = np.maximum(half + px_per_deg, _USEFUL_FIELD_DEG * px_per_deg)
    half = np.where((miss == "search")[:, None], search, half + 0.5 * px_per_deg)
    budget = np.where(miss == "search", 0.0, _RECOGNITION_BUDGET_MS)
    avoided = np.isin(miss.astype(str), ("search", "recognition"))
    box = np.where(avoided[:, None], np.hstack((centre - half, centre + half)), np.nan)
    return kernels.Avoided(box, np.where(avoided, budget, np.nan))
