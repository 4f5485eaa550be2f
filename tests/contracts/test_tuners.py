"""What every registered tuner promises, whatever it proposes."""

import time
import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.linear_model import Ridge
from sklearn.model_selection import check_cv

from contracts.cases import KINDS, LARGE, SMALL, continuous, every_kind, every_tuner
from setpoint.tuning import TimeLimitWarning


def space(kind):
    """A small space over the hyperparameters that a search takes by default."""
    searched = {
        name: list(item.search.grid)[:2]
        for name, item in kind.declared.items()
        if item.search is not None and item.search.grid
    }
    searched |= {name: [value, 2 * value] for name, value in kind.only(SMALL).items()}
    return searched or pytest.skip(f"{kind} declares nothing to search")


def fitted(search, X, y):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return search.fit(X, y)


def scores(search):
    return {
        name: column for name, column in search.cv_results_.items() if not name.endswith("_time")
    }


def assert_same_results(one, other):
    assert one.best_params_ == other.best_params_
    assert scores(one).keys() == scores(other).keys()
    for name, column in scores(one).items():
        assert repr(list(column)) == repr(list(scores(other)[name])), name


@every_tuner
@every_kind
def test_threads_change_no_score(tuner, kind):
    X, y = continuous(kind.task)
    one, two, again = (
        fitted(tuner(kind.small(), space(kind), cv=3, n_jobs=n_jobs), X, y) for n_jobs in (1, 2, 2)
    )
    assert_same_results(one, two)
    assert_same_results(two, again)
    np.testing.assert_array_equal(one.predict(X), two.predict(X))


@every_tuner
@every_kind
def test_scores_are_those_of_fitting_alone(tuner, kind):
    if not tuner.sees_all_rows:
        pytest.skip("scores candidates on a part of the rows")
    X, y = continuous(kind.task)
    search = fitted(tuner(kind.small(), space(kind), cv=3), X, y)
    folds = list(check_cv(3, y, classifier=kind.task == "classification").split(X, y))
    for i, params in enumerate(search.cv_results_["params"]):
        for k, (train, test) in enumerate(folds):
            model = clone(search.estimator).set_params(**params).fit(X[train], y[train])
            expected = search.cv_results_[f"split{k}_test_score"][i]
            near = pytest.approx(expected, rel=1e-12, abs=10 * kind.agreement)
            assert model.score(X[test], y[test]) == near


@every_tuner
@every_kind
def test_fewer_fits_than_candidates(tuner, kind):
    """Sharing is reported; a family without free hyperparameters shares nothing."""
    X, y = continuous(kind.task)
    search = fitted(tuner(kind.small(), space(kind), cv=3), X, y)
    evaluations = 3 * len(search.cv_results_["params"])
    assert 0 < search.n_fits_ <= evaluations
    free = [n for n in space(kind) if kind.declared[n].cost == "free" and len(space(kind)[n]) > 1]
    assert (search.n_fits_ < evaluations) == bool(free)


@every_tuner
@every_kind
@pytest.mark.filterwarnings("ignore:One or more of the test scores are non-finite")
def test_time_limit(tuner, kind):
    """The search returns soon after the limit and says what it left out."""
    large = kind.only(LARGE)
    if not large:
        pytest.skip("nothing makes its training long")
    X, y = continuous(kind.task)
    (name, size), *_ = large.items()
    search = tuner(kind.small(), {name: [2, size]}, cv=3, refit=False, time_limit=0.5)
    start = time.perf_counter()
    with pytest.warns(TimeLimitWarning, match="1"):
        search.fit(X, y)
    assert time.perf_counter() - start < 3.0
    assert [params[name] for params in search.skipped_] == [size]


@every_tuner
@every_kind
def test_candidates_are_plain_values_of_the_space(tuner, kind):
    X, y = continuous(kind.task)
    grid = space(kind)
    search = fitted(tuner(kind.small(), grid, cv=3), X, y)
    for params in search.cv_results_["params"]:
        assert params.keys() == grid.keys()
        for name, value in params.items():
            assert any(value is known or value == known for known in grid[name])
            assert not isinstance(value, np.generic)


@every_tuner
def test_seeded_runs_are_equal(tuner):
    kind = KINDS[0]
    X, y = continuous(kind.task)
    one, other = (fitted(tuner(kind.small(), space(kind), cv=3), X, y) for _ in range(2))
    assert_same_results(one, other)


@every_tuner
def test_illegal_values_in_the_space(tuner):
    """As scikit-learn: `error_score` or an error; never a model of another candidate."""
    kind = KINDS[0]
    X, y = continuous(kind.task)
    for name, item in kind.declared.items():
        value = item.illegal()[0]
        search = tuner(kind.small(), {name: [value]}, cv=3, error_score="raise")
        with pytest.raises((ValueError, TypeError), match=name):
            search.fit(X, y)
        assert not hasattr(search, "best_params_")


@every_tuner
def test_unknown_name_in_the_space(tuner):
    kind = KINDS[0]
    X, y = continuous(kind.task)
    with pytest.raises(ValueError, match="no_such_thing"):
        tuner(kind.small(), {"no_such_thing": [1]}, cv=3).fit(X, y)


@every_tuner
def test_other_estimators(tuner):
    """Anybody's estimator goes through clone, fit and score."""
    X, y = continuous("regression")
    search = tuner(Ridge(), {"alpha": [0.1, 1.0, 10.0]}, cv=3).fit(X, y)
    assert search.n_fits_ == 3 * len(search.cv_results_["params"])
    assert search.best_score_ == max(search.cv_results_["mean_test_score"])


@every_tuner
def test_clone(tuner):
    search = tuner(KINDS[0].small(), space(KINDS[0]), cv=4, time_limit=5.0)
    other = clone(search)
    assert other.get_params().keys() == search.get_params().keys()
    assert other.cv == 4
    assert other.time_limit == 5.0
