"""A student that learns what the rules don't know, and is kept without pickle."""

import numpy as np
import pandas as pd
import pytest

from gazeanalytics import reasoning
from gazeanalytics.reasoning.labeler.trained_labeler import TrainedLabeler, train_labeler
from gazeanalytics.tables import InputError

NAMES = {"edema": "edema", "pneumonia": "pneumonia", "atelectasis": "atelectasis", "fracture": "rib fracture"}
# How a teacher with words of his own speaks; to the rules, the first two lines of each kind are unknown.
WAYS = {
    1.0: ["glaring {}.", "{} as plain as day.", "there is {}."],
    0.0: ["nowt of {}.", "{} my foot.", "no {}."],
    -1.0: ["a whiff of {}.", "{} or so i fancy.", "possible {}."],
}


def spoken(count, rng):
    texts, labels = [], []
    for _ in range(count):
        row, parts = dict.fromkeys(NAMES, np.nan), []
        for finding, name in NAMES.items():
            if rng.random() < 0.6:
                row[finding] = float(rng.choice([1.0, 0.0, -1.0]))
                parts.append(str(rng.choice(WAYS[row[finding]])).format(name).capitalize())
        texts.append(" ".join(parts))
        labels.append(row)
    return pd.Series(texts), pd.DataFrame(labels)


@pytest.fixture(scope="module")
def student():
    return train_labeler(*spoken(300, np.random.default_rng(0)))


def micro(labels, truth, target):
    return reasoning.score_labels(labels, truth, target=target).set_index("finding").loc["micro", "f1"]


def test_student_understands_a_teacher_that_the_rules_do_not(student):
    texts, truth = spoken(200, np.random.default_rng(1))
    rules = reasoning.label_reports(texts)
    for target in ("positive", "negative", "uncertain"):
        assert micro(student(texts), truth, target) > 0.95 > micro(rules, truth, target)


def test_student_taught_by_the_rules_says_what_they_say():
    texts, _ = spoken(200, np.random.default_rng(2))
    rules = reasoning.label_reports(texts)
    found = train_labeler(texts, rules[list(NAMES)])(texts)
    assert micro(found[list(NAMES)], rules[list(NAMES)], "negative") > 0.97


def test_kept_and_read_again_it_answers_alike(student, tmp_path):
    path = tmp_path / "student.npz"
    student.save(path)
    texts, _ = spoken(20, np.random.default_rng(3))
    pd.testing.assert_frame_equal(TrainedLabeler.load(path)(texts), student(texts))


FAULTS = {
    "pickle": ({"scheme": np.array([{}], object)}, "is damaged, or not a file saved by this package"),
    "names": ({"extra": np.zeros(1)}, r"expected a labeler saved with TrainedLabeler\.save"),
    "type": ({"window": np.array(5.0)}, "array 'window' expected numbers of type int64; got float64"),
    "range": ({"window": np.array(-1)}, "array 'window' expected values from 0 to 1e\\+06; got -1 to -1"),
    "shape": ({"weights": np.zeros((3, 2))}, "array 'weights' expected the shape .classes = 2, clues = 2.; got .3, 2"),
    "finite": ({"bias": np.array([0, np.nan])}, "array 'bias' holds values that are not finite"),
    "class": ({"classes": np.array(["present", "sure"])}, "array 'classes' expected present, absent, .*; got 'sure'"),
    "text": ({"clues": np.zeros(2)}, "array 'clues' expected text; got float64"),
    "letters": ({"clues": np.full(2, 2**31, np.uint32).view("<U1")}, "array 'clues' holds what is no text"),
    "halves": ({"clues": np.array(["a", "\ud800"])}, "array 'clues' holds what is no text"),
    "twice": ({"clues": np.array(["a", "a"])}, "expected some classes, and each clue once"),
    "file": ({"scheme": np.array("/etc/my.toml")}, "was trained with the word lists '/etc/my.toml'; say where"),
    "long": ({"scheme": np.array("a" * 2_000)}, "array 'scheme' expected at most .* texts of at most 1,000 characters"),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_file_is_checked_before_it_labels(tmp_path, fault):
    change, words = FAULTS[fault]
    weights = np.array([[0.0, 1.0], [1.0, 0.0]])
    TrainedLabeler("chexpert", 5, ("after of", "said present"), ("present", "uncertain"), weights, np.zeros(2)).save(
        tmp_path / "good.npz"
    )
    assert TrainedLabeler.load(tmp_path / "good.npz").window == 5
    with np.load(tmp_path / "good.npz") as stored:
        np.savez(tmp_path / "bad.npz", allow_pickle=True, **dict(stored) | change)
    with pytest.raises(InputError, match=rf"bad\.npz: {words}"):
        TrainedLabeler.load(tmp_path / "bad.npz")


def test_own_word_lists_are_named_by_whoever_loads(tmp_path):
    lists = tmp_path / "own.toml"
    lists.write_text('rib_notching = ["rib notching"]\n')
    own = TrainedLabeler(str(lists), 5, (), ("present", "absent"), np.zeros((2, 0)), np.array([0.0, 1.0]))
    own.save(tmp_path / "own.npz")
    again = TrainedLabeler.load(tmp_path / "own.npz", scheme=str(lists))
    assert again(pd.Series(["Rib notching."]))["rib_notching"].tolist() == [0.0]
    with pytest.raises(InputError, match=r"own\.npz: was trained with the word lists"):
        TrainedLabeler.load(tmp_path / "own.npz")


def test_two_kinds_of_answer_suffice_and_empty_text_is_blank():
    texts = pd.Series(["Edema.", "Edema.", "No edema.", "No edema.", ""])
    labels = pd.DataFrame({"edema": [1, 1, 0, 0, np.nan]})
    assert train_labeler(texts, labels)(texts)["edema"].fillna(9).tolist() == [1, 1, 0, 0, 9]


def test_teachers_that_cannot_teach_are_reported():
    texts = pd.Series(["Edema.", "No edema."])
    with pytest.raises(ValueError, match="lack report 1"):
        train_labeler(texts, pd.DataFrame({"edema": [1]}))
    with pytest.raises(ValueError, match="name no finding of 'chexpert'"):
        train_labeler(texts, pd.DataFrame({"oedema": [1, 0]}))
    with pytest.raises(ValueError, match=r"one kind of answer only \(present\)"):
        train_labeler(texts, pd.DataFrame({"edema": [1, 1]}))


def test_a_window_of_no_words_gives_no_neighbours(student):
    texts, labels = spoken(60, np.random.default_rng(1))
    alone = train_labeler(texts, labels, window=0)
    assert not [clue for clue in alone.clues if clue.startswith(("before ", "after "))]
    assert [clue for clue in student.clues if clue.startswith("before ")]
