"""A labeler that learns from a teacher: the rules' mentions, the words around them, and logistic regression.

The rules find what is named; the classifier learns what is meant, from labels of any origin (people, or a column of a
language model's labels). It is small and fast, and is saved as plain numbers and text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

from gazeanalytics.brief import Brief
from gazeanalytics.reasoning.labeler.conclusions import conclude
from gazeanalytics.reasoning.labeler.findings import label_findings
from gazeanalytics.reasoning.labeler.lexicons import SCHEMES, lexicon
from gazeanalytics.reasoning.labeler.phrase_matching import words
from gazeanalytics.reasoning.labeler.sentences import lower
from gazeanalytics.saved_models import Array, Fault, Part, Texts, naming, read_store

__all__ = ["TrainedLabeler", "train_labeler"]

_CLASSES = ("present", "absent", "uncertain", "blank")
_CODES = {"present": 1.0, "absent": 0.0, "uncertain": -1.0, "blank": np.nan}
# What a file holds, and the limits of it.
_PARTS: Mapping[str, Part] = {
    "scheme": Texts(max_characters=1_000),
    "window": Array((), "i", low=0, high=1_000_000),
    "clues": Texts(("clues",), max_characters=10_000),
    "classes": Texts(("classes",), known=_CLASSES),
    "weights": Array(("classes", "clues")),
    "bias": Array(("classes",)),
}
_LONGEST_WORD = 100  # letters
_RARE = 2  # clues seen in fewer reports than this are left out


@dataclass(frozen=True, slots=True, eq=False)
class TrainedLabeler(Brief):
    """A trained labeler.

    Attributes
    ----------
    scheme : str
        The lexicon whose mentions it weighs.
    window : int
        Words to each side of a mention that it reads.
    clues : tuple of str
        What it looks at.
    classes : tuple of str
        What it may answer.
    weights : numpy.ndarray, shape (classes, clues)
        Of the logistic regression.
    bias : numpy.ndarray, shape (classes,)
        Of the logistic regression.

    Examples
    --------
    A labeler of one clue: what the rules call present near "of a sort" is uncertain.

    >>> weights = np.array([[0.0], [1.0]])
    >>> found = TrainedLabeler("chexpert", 5, ("after of a",), ("present", "uncertain"), weights, np.array([0.5, 0.0]))
    >>> found(pd.Series(["Edema of a sort.", "Edema."]))["edema"].tolist()
    [-1.0, 1.0]
    """

    scheme: str
    window: int
    clues: tuple[str, ...]
    classes: tuple[str, ...]
    weights: np.ndarray
    bias: np.ndarray

    def __call__(self, texts: pd.Series) -> pd.DataFrame:
        """Label reports: a row each, a column a finding, 1 / 0 / -1, and NaN where nothing is named or meant."""
        cells = _Cells.of(texts, self.scheme, self.window)
        place = {clue: at for at, clue in enumerate(self.clues)}
        score = _matrix(cells.clues, place) @ self.weights.T + self.bias
        said = [_CODES[self.classes[best]] for best in np.asarray(score).argmax(1)]
        wide = np.full((len(texts), len(lexicon(self.scheme).findings)), np.nan)
        wide[cells.report, cells.finding] = said
        return pd.DataFrame(wide, index=texts.index, columns=list(lexicon(self.scheme).findings))

    def save(self, path: str | Path) -> None:
        """Write the labeler to one `.npz` file of numbers and text (no pickle)."""
        with Path(path).open("wb") as file:
            np.savez_compressed(
                file,
                scheme=np.array(self.scheme),
                window=np.array(self.window),
                clues=np.array(self.clues, str),
                classes=np.array(self.classes, str),
                weights=self.weights,
                bias=self.bias,
            )

    @classmethod
    def load(cls, path: str | Path, *, scheme: str | None = None) -> TrainedLabeler:
        """Read a labeler that `save` wrote, all of it checked.

        Parameters
        ----------
        path : str or path
            Nothing in the file is run; it may come from anyone.
        scheme : str, optional
            The lexicon, of a labeler that was trained with a TOML file of word lists: a file of weights doesn't decide
            which other file is opened.

        Raises
        ------
        InputError
            If the file is absent, damaged, or its parts have other types, shapes or values than a labeler has, or if it
            was trained with word lists that aren't built in.
        """
        with naming(path):
            store = read_store(path)
            if store.arrays.keys() != _PARTS.keys():
                raise Fault(f"expected a labeler saved with {cls.__name__}.save")
            parts = {name: part.read(None, name, store) for name, part in _PARTS.items()}
            stored = parts["scheme"]
            if scheme is None and stored not in SCHEMES:
                raise Fault(f"was trained with the word lists {stored!r:.100}; say where they are, load(..., scheme=)")
            if not parts["classes"] or len(set(parts["clues"])) < len(parts["clues"]):
                raise Fault("expected some classes, and each clue once")
        return cls(**parts | {"scheme": scheme or stored, "window": int(parts["window"])})


def train_labeler(
    texts: pd.Series, labels: pd.DataFrame, *, scheme: str = "chexpert", window: int = 5, strength: float = 1.0
) -> TrainedLabeler:
    """Train a labeler from a teacher's labels.

    Parameters
    ----------
    texts : pandas.Series
        Reports.
    labels : pandas.DataFrame
        The teacher's: same index, a column a finding (those of the scheme that it knows), 1 / 0 / -1 and NaN for not
        mentioned.
    scheme : str
        Whose findings and mentions: see `lexicon`. What the rules never find named, the labeler can't learn.
    window : int
        Words to each side of a mention that count.
    strength : float
        Inverse strength of the L2 penalty of the logistic regression.

    Raises
    ------
    ValueError
        If labels lack a report, share no finding with the scheme, or show one kind of answer only.

    Examples
    --------
    >>> texts = pd.Series(["Edema of a sort.", "Edema of a sort, I say.", "Plain edema.", "Edema, plainly."])
    >>> teacher = pd.DataFrame({"edema": [-1, -1, 1, 1]})  # to the rules, all four are present
    >>> labeler = train_labeler(texts, teacher)
    >>> labeler(pd.Series(["Edema of a sort, again."]))["edema"].tolist()
    [-1.0]
    """
    from sklearn.linear_model import LogisticRegression

    missing = texts.index.difference(labels.index)
    if len(missing):
        raise ValueError(f"the teacher's labels lack report {missing[0]!r}")
    names = list(lexicon(scheme).findings)
    if not set(names) & set(labels.columns):
        raise ValueError(f"the teacher's labels name no finding of {scheme!r}; expected some of {', '.join(names)}")
    cells = _Cells.of(texts, scheme, window)
    taught = labels.reindex(index=texts.index, columns=names).to_numpy(float)[cells.report, cells.finding]
    known = np.isin(cells.finding, [names.index(name) for name in labels.columns if name in names])
    answers = np.select([taught == 1, taught == 0, taught == -1], _CLASSES[:3], _CLASSES[3])[known]
    if len(np.unique(answers)) < 2:
        raise ValueError(f"the teacher gives one kind of answer only ({answers[0] if len(answers) else 'none'})")
    clues = [clue for clue, kept in zip(cells.clues, known, strict=True) if kept]
    kinds, times = np.unique([clue for own in clues for clue in own], return_counts=True)
    vocabulary = tuple(kinds[times >= _RARE].tolist())
    matrix = _matrix(clues, {clue: at for at, clue in enumerate(vocabulary)})
    fitted = LogisticRegression(C=strength, max_iter=2000).fit(matrix, answers)
    weights, bias = fitted.coef_, fitted.intercept_
    if len(fitted.classes_) == 2:  # scikit-learn keeps one row for two classes
        weights, bias = np.vstack([np.zeros_like(weights), weights]), np.append(0.0, bias)
    return TrainedLabeler(scheme, window, vocabulary, tuple(fitted.classes_.tolist()), weights, bias)


@dataclass(frozen=True, slots=True)
class _Cells:
    """The reports and findings that the rules find named, with the clues of each."""

    report: np.ndarray
    finding: np.ndarray
    clues: list[set[str]]

    @classmethod
    def of(cls, texts: pd.Series, scheme: str, window: int) -> _Cells:
        traces = pd.DataFrame({"reading": np.arange(len(texts)), "step": 0, "text": texts.to_numpy()})
        found = label_findings(traces, lexicon=scheme, implied=False)
        decided = conclude(found, rule="any", no_finding=False).set_index(["reading", "finding"])["status"]
        places = {name: place for place, name in enumerate(lexicon(scheme).findings)}
        around: dict[tuple[int, str], set[str]] = {}
        texts_lower = [lower(str(text)) for text in texts.fillna("")]
        columns = ("reading", "finding", "status", "start", "stop")
        for reading, finding, status, start, stop in zip(*(found[name].tolist() for name in columns), strict=True):
            clues = around.setdefault((reading, finding), set())
            clues.add(f"said {status}")
            clues.update(_neighbours(texts_lower[reading], start, stop, window))
        for (reading, finding), clues in around.items():
            status = decided[(reading, finding)]
            clues.update((f"finding {finding}", f"concluded {status}", f"{finding} concluded {status}"))
        return cls(
            np.array([reading for reading, _ in around], np.int64),
            np.array([places[finding] for _, finding in around], np.int64),
            list(around.values()),
        )


def _neighbours(text: str, start: int, stop: int, window: int) -> Iterator[str]:
    """Words and pairs of words near a mention, kept apart by side."""
    # A bounded stretch on each side: a text that names findings without end would be read anew for each of them.
    reach = _LONGEST_WORD * (window + 1)
    left = [word for word, _, _ in words(text[max(0, start - reach) : start])]
    left = left[max(0, len(left) - window) :]
    right = [word for word, _, _ in words(text[stop : stop + reach])][:window]
    for side, near in (("before", left), ("after", right)):
        yield from (f"{side} {word}" for word in near)
        yield from (f"{side} {first} {second}" for first, second in pairwise(near))


def _matrix(clues: list[set[str]], place: dict[str, int]) -> csr_matrix:
    rows = [[place[clue] for clue in own if clue in place] for own in clues]
    ends = np.cumsum([0, *(len(row) for row in rows)])
    columns = np.array([at for row in rows for at in sorted(row)], np.int64)
    return csr_matrix((np.ones(len(columns)), columns, ends), shape=(len(clues), len(place)))
