"""Readers nested in countries, cases with findings and clinical context, and who reads what."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gazeanalytics.simulate.anatomy import FINDINGS, TARGETS
from gazeanalytics.simulate.design import CONTEXTS, Design

__all__ = ["COUNTRIES", "draw_cases", "draw_pairs", "draw_readers"]

# fmt: off
COUNTRIES = (
    "United States", "India", "Brazil", "Germany", "Nigeria", "Japan", "Turkey", "United Kingdom", "Egypt",
    "Italy", "Mexico", "France", "Kenya", "Pakistan", "Spain", "South Korea", "Canada", "Argentina", "Poland",
    "South Africa", "Australia", "Netherlands", "Colombia", "Thailand", "Switzerland", "Vietnam", "Greece",
    "Israel", "Sweden", "Saudi Arabia", "Belgium", "Chile", "Portugal", "Indonesia", "Austria", "Ethiopia",
    "Denmark", "Peru", "Malaysia", "Romania", "Ghana", "Norway", "Bangladesh", "Czechia", "Morocco", "Finland",
    "Philippines", "Ireland", "Hungary", "Singapore", "Ecuador", "Jordan", "Ukraine", "Tunisia", "New Zealand",
    "Sri Lanka", "Serbia", "Uganda", "Croatia", "Nepal", "Lebanon", "Bulgaria", "Uruguay", "Tanzania",
    "Slovenia", "Kuwait", "Georgia", "Bolivia", "Estonia", "Cameroon", "Iceland",
)
# fmt: on
"""Names of countries; a design takes as many as it asks for, from the front."""

_CASES_AT_ONCE = 4096


def draw_readers(design: Design, rng: np.random.Generator) -> pd.DataFrame:
    """Draw people, then the models: a readers table.

    Every country has a reader before any has a second; experience runs from none to forty years, mean about twelve.

    Examples
    --------
    >>> readers = draw_readers(Design(readers=4, countries=2, models=()), np.random.default_rng(1))
    >>> sorted(readers["country"])
    ['India', 'India', 'United States', 'United States']
    """
    count = design.readers
    # Mean 1.8 * 6.7 = 12 years, skewed to the right as careers in a mixed sample are; cut at forty years.
    experience = np.minimum(rng.gamma(1.8, 6.7, count), 40.0).round(1)
    country = rng.permutation(np.arange(count) % design.countries)
    models, blank = list(design.models), [None] * len(design.models)
    return pd.DataFrame(
        {
            "reader": [*_names("reader", count), *(f"model_{model.name}" for model in models)],
            "kind": ["person"] * count + ["model"] * len(models),
            "experience_years": np.append(experience, np.full(len(models), np.nan)),
            "country": [*(COUNTRIES[place] for place in country), *blank],
            "specialty": [*_specialties(experience, rng), *blank],
            "model": [None] * count + [model.name for model in models],
            "version": [None] * count + [model.version for model in models],
        }
    )


def _names(what: str, count: int) -> list[str]:
    digits = max(3, len(str(count)))
    return [f"{what}_{number:0{digits}d}" for number in range(1, count + 1)]


def _specialties(experience_years: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Residents first, then general and thoracic radiologists, now and then another physician."""
    senior = rng.choice(
        ["radiology", "thoracic radiology", "pulmonology", "emergency medicine"],
        len(experience_years),
        p=[0.6, 0.2, 0.1, 0.1],
    )
    return np.where(experience_years < 5, "radiology resident", senior).astype(object)


def draw_cases(design: Design, rng: np.random.Generator) -> pd.DataFrame:
    """Draw images, their truth and their clinical context: a cases table.

    `truth_<finding>` says what the image shows, `target` the finding its readings are scored on. The findings are
    independent of one another, and `truth_no_finding` says that none but a device is there.

    Examples
    --------
    >>> cases = draw_cases(Design(cases=40, prevalence=0.5), np.random.default_rng(1))
    >>> there = [bool(row[f"truth_{row['target']}"]) for _, row in cases.iterrows()]
    >>> sum(there)
    20
    """
    count = design.cases
    height = rng.integers(2000, 3050, count)
    cases = pd.DataFrame(
        {
            "case": _names("case", count),
            "width": (height * rng.uniform(0.82, 1.2, count)).round().astype(np.int64),
            "height": height,
            "context": np.array(CONTEXTS, dtype=object)[rng.permutation(np.arange(count) % len(CONTEXTS))],
            "age": rng.normal(60, 16, count).clip(18, 95).round().astype(np.int64),
            "sex": rng.choice(["female", "male"], count).astype(object),
            "target": rng.choice(TARGETS, count).astype(object),
        }
    )
    target_there = rng.permutation(np.arange(count) < round(design.prevalence * count))
    truth = {
        finding: np.where(cases["target"] == finding, target_there, rng.random(count) < share)
        for finding, (share, _, _) in FINDINGS.items()
    }
    disease = [there for finding, there in truth.items() if finding != "support_devices"]
    cases["truth_no_finding"] = ~np.any(disease, axis=0)
    return pd.concat((cases, pd.DataFrame(truth).add_prefix("truth_")), axis=1)


def draw_pairs(design: Design, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draw who reads what: rows of `readers` and of `cases`, both of shape (readings,), sorted by reader, then case.

    In an incomplete design some people read far more than others, as volunteers do.

    Examples
    --------
    >>> reader, case = draw_pairs(Design(readers=2, cases=3, models=()), np.random.default_rng(1))
    >>> reader.tolist(), case.tolist()
    ([0, 0, 0, 1, 1, 1], [0, 1, 2, 0, 1, 2])
    """
    people, cases = design.readers, design.cases
    if design.readings_per_case is None:
        reader, case = np.repeat(np.arange(people), cases), np.tile(np.arange(cases), people)
    else:
        reader, case = _draw_incomplete(design, rng)
    models = people + np.repeat(np.arange(len(design.models)), cases)
    return np.concatenate((reader, models)), np.concatenate((case, np.tile(np.arange(cases), len(design.models))))


def _draw_incomplete(design: Design, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Give each case `readings_per_case` different people, drawn in proportion to their zeal (Gumbel top-k)."""
    asked = design.readings_per_case or design.readers
    each = int(np.ceil(asked))
    zeal = rng.normal(0, 0.8, design.readers)
    # Gumbel top-k (Kool, van Hoof & Welling 2019): the k largest of log weight + Gumbel noise are a draw without
    # replacement in proportion to the weights. In blocks of cases, so that memory stays bounded.
    chosen = [
        np.argpartition(
            -(zeal + rng.gumbel(size=(min(_CASES_AT_ONCE, design.cases - first), design.readers))), each - 1
        )[:, :each]
        for first in range(0, design.cases, _CASES_AT_ONCE)
    ]
    reader = np.concatenate(chosen).ravel()
    case = np.repeat(np.arange(design.cases), each)
    if each != asked:
        # Whose place falls away in a case is drawn as well: chosen stand in no order of zeal.
        short = rng.permutation(design.cases)[: design.cases * each - design.person_readings]
        kept = np.ones((design.cases, each), bool)
        kept[short, rng.integers(0, each, len(short))] = False
        reader, case = reader[kept.ravel()], case[kept.ravel()]
    order = np.lexsort((case, reader))
    return reader[order], case[order]
