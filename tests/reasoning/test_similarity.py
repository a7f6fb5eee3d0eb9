"""CaseSimilarity and retrieval against plain loops, on planted cases, and under the null."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.metrics import roc_auc_score

from gazeanalytics import reasoning, tables
from gazeanalytics.reasoning import Embeddings, case_similarity, predict_outcome, retrieve_cases


def study(readers, cases, rng, *, share=0.8):
    """Each reader reads most cases."""
    rows = [(r, c) for r in range(readers) for c in range(cases) if rng.random() < share]
    table = pd.DataFrame(rows, columns=["reader", "case"])
    return table.assign(reading=rng.permutation(len(table)))


def planted(table, rng, *, case=1.0, reader=1.0, size=8):
    """Vectors with something of the case, something of the reader, and noise."""
    of_case, of_reader = rng.normal(size=(table.case.max() + 1, size)), rng.normal(size=(table.reader.max() + 1, size))
    noise = rng.normal(size=(len(table), size))
    return Embeddings.of(case * of_case[table.case] + reader * of_reader[table.reader] + noise, table.reading)


def test_likeness_is_that_of_plain_loops():
    rng = np.random.default_rng(0)
    table = study(4, 6, rng)
    vectors = planted(table, rng)
    dense = vectors.vectors
    rows = list(zip(table.reader, table.case, strict=True))
    for kind in (vectors, Embeddings(vectors.keys, sparse.csr_array(dense))):
        result = case_similarity(kind, table, n_permutations=0).readings
        for i, (reader, case) in enumerate(rows):
            same = [dense[i] @ dense[j] for j, (r, c) in enumerate(rows) if r != reader and c == case]
            other = [dense[i] @ dense[j] for j, (r, c) in enumerate(rows) if r != reader and c != case]
            if not same:
                assert result.loc[i, ["same", "different", "auroc"]].isna().all()
                continue
            assert result.same[i] == pytest.approx(np.mean(same))
            assert result.different[i] == pytest.approx(np.mean(other))
            assert result.auroc[i] == pytest.approx(roc_auc_score([1] * len(same) + [0] * len(other), same + other))


def test_retrieval_is_that_of_plain_loops():
    rng = np.random.default_rng(1)
    table = study(4, 6, rng)
    vectors = planted(table, rng)
    result = retrieve_cases(vectors, table, ks=[1, 2]).readings
    for i, (reader, case) in enumerate(zip(table.reader, table.case, strict=True)):
        others = {c: vectors.vectors[(table.case == c) & (table.reader != reader)].sum(0) for c in range(6)}
        likes = {c: vectors.vectors[i] @ v / np.linalg.norm(v) for c, v in others.items() if np.linalg.norm(v)}
        assert result["rank"][i] == 1 + sum(like > likes[case] for like in likes.values())
        assert result.cases[i] == len(likes)


def test_given_targets_take_the_place_of_other_readers():
    table = pd.DataFrame({"reading": [5, 6], "reader": [0, 1], "case": ["a", "b"]})
    vectors, targets = Embeddings.of(np.eye(2), [5, 6]), Embeddings.of(np.eye(2)[::-1], ["b", "a"])
    found = retrieve_cases(vectors, table, targets=targets, ks=[1, 2])
    assert tables.check(found.estimates, "estimates").estimate.tolist() == [1, 1, 0.5, 1, 1]
    with pytest.raises(ValueError, match="targets must have the readings' 2 columns; got 3"):
        retrieve_cases(vectors, table, targets=Embeddings.of(np.eye(3), list("abc")))


def test_planted_cases_are_told_and_readers_habits_are_not():
    rng = np.random.default_rng(2)
    table = study(6, 30, rng)
    found = case_similarity(planted(table, rng), table, n_permutations=99, rng=3).estimates.set_index("term")
    assert tables.check(found.reset_index(), "estimates") is not None
    assert found.loc["difference", "p_value"] == 0.01
    assert found.loc["difference", "conf_low"] > 0
    assert found.loc["auroc", "estimate"] > 0.6
    habits = case_similarity(
        planted(table, rng, case=0, reader=3), table, n_permutations=99, rng=3
    ).estimates.set_index("term")
    assert habits.loc["difference", "p_value"] > 0.05
    assert retrieve_cases(planted(table, rng), table).estimates.estimate[0] > 0.3


@pytest.mark.slow
def test_permutation_holds_its_level_and_intervals_cover():
    rng = np.random.default_rng(4)
    p, covered = [], []
    for _ in range(300):
        table = study(6, 20, rng)
        p.append(
            case_similarity(planted(table, rng, case=0), table, n_permutations=59, rng=rng).estimates.p_value.max()
        )
    assert 0.02 <= np.mean(np.array(p) <= 0.05) <= 0.09
    truth = np.mean([_difference(study(20, 150, rng, share=1), rng) for _ in range(12)])
    for _ in range(200):
        row = (
            case_similarity(*_drawn(study(8, 40, rng), rng), n_permutations=0)
            .estimates.set_index("term")
            .loc["difference"]
        )
        covered.append(row.conf_low <= truth <= row.conf_high)
    assert 0.91 <= np.mean(covered) <= 1


def _drawn(table, rng):
    return planted(table, rng), table


def _difference(table, rng):
    return case_similarity(*_drawn(table, rng), n_permutations=0).estimates.estimate[2]


def test_whole_cases_are_drawn_when_there_are_too_many():
    rng = np.random.default_rng(5)
    table = study(4, 50, rng, share=1)
    result = case_similarity(planted(table, rng), table, n_permutations=0, max_readings=41, rng=0).readings
    assert len(result) == 40
    assert (result.groupby("case").size() == 4).all()


def test_traces_of_a_case_are_alike_in_words():
    rng = np.random.default_rng(6)
    words = ["effusion", "edema", "fracture", "nodule", "clear", "heart", "lungs", "normal"]
    table = study(5, 12, rng, share=1)
    topics = [rng.choice(words, 3, replace=False) for _ in range(12)]
    text = [" ".join([*topics[c], *rng.choice(words, 2)]) for c in table.case]
    vectors = reasoning.embed_traces(pd.DataFrame({"reading": table.reading, "text": text}))
    assert case_similarity(vectors, table, n_permutations=19, rng=0).estimates.estimate[2] > 0.2


def test_words_and_attention_stand_side_by_side():
    words = Embeddings.of(sparse.csr_array(np.eye(3)), [1, 2, 3])
    both = words.joined(Embeddings.of(np.ones((2, 2)), [3, 1]))
    assert list(both.keys) == [1, 3]
    np.testing.assert_allclose(
        both.vectors.toarray() * np.sqrt(2), [[1, 0, 0, 0.5**0.5, 0.5**0.5], [0, 0, 1, 0.5**0.5, 0.5**0.5]]
    )


def test_components_join_readings_as_predictors():
    rng = np.random.default_rng(7)
    x = rng.normal(size=(40, 6)) @ np.diag([5, 3, 1, 1, 1, 1])
    for vectors in (Embeddings(pd.RangeIndex(40), x), Embeddings(pd.RangeIndex(40), sparse.csr_array(x))):
        table = reasoning.embedding_components(vectors, n_components=2)
        centred = x - x.mean(0)
        _, s, v = np.linalg.svd(centred, full_matrices=False)
        target = centred @ v[:2].T
        for k in range(2):
            assert abs(np.corrcoef(table[f"embedding_{k + 1}"], target[:, k])[0, 1]) == pytest.approx(1)
        assert table.attrs["explained"] == pytest.approx((s[:2] ** 2 / (s**2).sum()).tolist())
    with pytest.raises(ValueError, match=r"n_components must be at least 1.*got 7"):
        reasoning.embedding_components(vectors, n_components=7)


@pytest.mark.parametrize("choice", [False, True])
def test_only_what_holds_for_new_readers_and_cases_is_foretold(choice):
    rng = np.random.default_rng(8)
    table = study(12, 24, rng)
    score = rng.normal(size=len(table))
    habit = rng.normal(size=12)[table.reader] * 3  # of no use for another reader
    signal, noise = score + 0.5 * rng.normal(size=len(table)), rng.normal(size=len(table))
    known = table.assign(score=score > 0 if choice else score, habit=habit > 0 if choice else habit)
    vectors = Embeddings(pd.Index(table.reading), np.column_stack([signal, noise, np.eye(12)[table.reader]]))
    found = predict_outcome(vectors, known, "score", rng=0)
    row = tables.check(found.estimates, "estimates").iloc[0]
    assert row.term == ("auroc" if choice else "r_squared")
    assert row.conf_low > (0.7 if choice else 0.4)
    if choice:
        assert row.estimate == pytest.approx(roc_auc_score(found.table.outcome, found.table.predicted))
    fooled = predict_outcome(vectors, known, "habit", rng=0).estimates.iloc[0]
    assert fooled.conf_low < (0.5 if choice else 0)


@pytest.mark.parametrize(
    ("array", "keys", "message"),
    [
        (np.eye(2), [1], r"expected an array of 1 rows, one a key; got shape \(2, 2\)"),
        (np.eye(2), [1, 1], "each key has one row; 1 comes twice"),
        (np.array([[np.nan]]), [1], "embeddings must be finite"),
    ],
)
def test_arrays_that_are_no_embeddings_are_reported(array, keys, message):
    with pytest.raises(ValueError, match=message):
        Embeddings.of(array, keys)


def test_nothing_to_compare_is_reported():
    table = pd.DataFrame({"reading": [0, 1], "reader": [0, 1], "case": [0, 1]})
    with pytest.raises(ValueError, match="no case was read by two readers"):
        case_similarity(Embeddings.of(np.eye(2), [0, 1]), table)
    with pytest.raises(ValueError, match="no reading has a vector"):
        case_similarity(Embeddings.of(np.eye(2), [8, 9]), table)
    with pytest.raises(ValueError, match="at least two cases to choose from"):
        retrieve_cases(Embeddings.of(np.eye(2), [0, 1]), table)
    with pytest.raises(ValueError, match="no more than the 2 of reader; got 4"):
        predict_outcome(Embeddings.of(np.eye(2), [0, 1]), table.assign(y=0.5), "y")
