"""Strategies as an outcome known by posteriors: certain ones change nothing, doubtful ones are drawn rightly."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import softmax

from gazeanalytics import stats
from gazeanalytics.stats.mixed import multinomial_misclassified as imputation

NAMES = ["a", "b", "c"]
MODEL = "strategy ~ years + (1 | reader) + (1 | case)"


def study(seed=1, readers=20, cases=25, apart=2.5):
    rng = np.random.default_rng(seed)
    reader, case = np.divmod(np.arange(readers * cases), cases)
    years = rng.uniform(0, 3, readers)[reader]
    scores = np.column_stack([np.zeros(reader.size), 0.5 * years, years - 1])
    scores[:, 1:] += rng.normal(0, 0.5, (readers, 2))[reader]
    follows = (scores + rng.gumbel(size=scores.shape)).argmax(axis=1)
    measures = apart * np.eye(3)[follows] + rng.normal(size=scores.shape)
    shares = np.bincount(follows, minlength=3) / follows.size
    known = pd.DataFrame(softmax(apart * measures + np.log(shares), axis=1), columns=NAMES)
    return pd.DataFrame({"reader": reader, "case": case, "years": years}), follows, known


def certain(follows):
    return pd.DataFrame(np.eye(3)[follows], columns=NAMES)


def test_certain_strategies_are_the_plain_model():
    data, follows, _ = study()
    found = stats.multinomial_misclassified(MODEL, data, certain(follows), n_imputations=2, rng=1)
    plain = stats.multinomial(MODEL, data.assign(strategy=pd.Categorical(np.array(NAMES)[follows], NAMES)))
    for fit in (found.assigned, found.corrected):
        np.testing.assert_allclose(fit.coefficients, plain.coefficients, atol=1e-8)
    np.testing.assert_allclose(found.corrected.covariance, plain.covariance * outer_signs(plain), atol=1e-8)
    assert found.misplaced == 0


def outer_signs(fit):
    count = fit.theta.size // 3
    diagonal = np.sign(fit.theta.reshape(count, 3)[:, [0, 2]])
    signs = np.append(diagonal[:, [0, 0, 1]].ravel(), np.ones(fit.coefficients.size))
    return np.outer(signs, signs)


def test_doubtful_strategies_widen_the_errors_and_undo_the_pull_to_nothing():
    data, follows, known = study(readers=60, apart=2.0)
    found = stats.multinomial_misclassified(MODEL, data, known, rng=1)
    truth = stats.multinomial(MODEL, data.assign(strategy=pd.Categorical(np.array(NAMES)[follows], NAMES)))
    assert 0.1 < found.misplaced < 0.25
    slopes = [abs(fit.coefficients[:, 1]).sum() for fit in (found.assigned, found.corrected, truth)]
    assert slopes[0] < 0.85 * slopes[2]
    assert slopes[1] == pytest.approx(slopes[2], rel=0.25)
    errors = [fit.estimates()["std_error"].iloc[[1, 3]].sum() for fit in (found.corrected, truth)]
    assert errors[0] > 1.1 * errors[1]


def test_draws_follow_model_and_evidence():
    data, follows, _ = study(readers=30)
    fit = stats.multinomial(MODEL, data.assign(strategy=pd.Categorical(np.array(NAMES)[follows], NAMES)))
    rng = np.random.default_rng(1)
    nothing, sure = np.ones((len(data), 3)), np.where(np.eye(3)[follows] > 0, 1.0, 1e-12)
    np.testing.assert_array_equal(imputation._drawn(fit, sure, rng), follows)
    drawn = np.array([imputation._drawn(fit, nothing, rng) for _ in range(200)])
    of_reader = pd.DataFrame(np.eye(3)[follows]).groupby(data["reader"].to_numpy()).mean()
    in_draws = pd.DataFrame(np.mean(np.eye(3)[drawn], axis=0)).groupby(data["reader"].to_numpy()).mean()
    # Without evidence of their own, readings follow what the model says of their reader.
    assert np.corrcoef(of_reader.to_numpy().ravel(), in_draws.to_numpy().ravel())[0, 1] > 0.9
    np.testing.assert_allclose(in_draws.mean(), of_reader.mean(), atol=0.03)


def test_one_seed_one_result_and_rows_join_by_reading():
    data, _, known = study(readers=12)
    one, two = (stats.multinomial_misclassified(MODEL, data, known, n_imputations=2, rng=7).corrected for _ in range(2))
    np.testing.assert_array_equal(one.coefficients, two.coefficients)
    named = data.assign(reading=np.arange(len(data))[::-1])
    turned = known.assign(reading=named["reading"]).sample(frac=1, random_state=1)
    again = stats.multinomial_misclassified(MODEL, named, turned, n_imputations=2, rng=7).corrected
    np.testing.assert_allclose(again.coefficients, one.coefficients, atol=1e-10)


def test_what_cannot_be_imputed_is_refused():
    data, follows, known = study(readers=6)
    with pytest.raises(stats.ModelError, match="n_imputations: expected a whole number from 2"):
        stats.multinomial_misclassified(MODEL, data, known, n_imputations=1)
    with pytest.raises(stats.ModelError, match="hardly a row is of 'c'"):
        stats.multinomial_misclassified(MODEL, data, certain(np.minimum(follows, 1)))
    with pytest.raises(stats.ModelError, match="expected 150 rows, as in data, or a column 'reading'; got 3"):
        stats.multinomial_misclassified(MODEL, data, known.head(3))
