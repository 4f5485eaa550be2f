"""What every registered tuner promises, whatever it proposes."""

import inspect
import math
import sqlite3
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import numpy as np
import pytest
from sklearn.base import BaseEstimator, clone
from sklearn.linear_model import Ridge
from sklearn.model_selection import check_cv

from contracts.cases import DRAWS, KINDS, LARGE, SMALL, continuous, every_kind, every_tuner
from setpoint import Choice, Integer, Race, Real, Space
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


class Bowl(BaseEstimator):
    """Its score is a bowl over its hyperparameters, whatever the rows."""

    def __init__(self, x=0.0, rate=0.1, n=5, kind="good"):
        self.x = x
        self.rate = rate
        self.n = n
        self.kind = kind

    def fit(self, X, y):
        self.fitted_ = True
        return self

    def score(self, X, y):
        distance = ((self.x - 0.7) / 4) ** 2 + (math.log10(self.rate) + 3) ** 2 / 16
        return -distance - ((self.n - 7) / 9) ** 2 - (self.kind == "bad")


VALUES = {"x": [-2.0, -1.0, 0.0, 1.0, 2.0], "rate": [1e-4, 1e-3, 1e-2], "n": [1, 5, 8]}
RANGES = {
    "x": Real(-2.0, 2.0),
    "rate": Real(1e-4, 1.0, log=True),
    "n": Integer(1, 9, step=2),
    "kind": Choice("good", "bad"),
}


@every_tuner
def test_better_than_the_centre_on_a_bowl(tuner):
    X, y = continuous("regression")
    search = tuner(Bowl(), VALUES, cv=2).fit(X, y)
    assert search.best_score_ > Bowl(x=0.0, rate=1e-2, n=5).score(X, y)


@every_tuner
def test_points_of_ranges_are_inside_and_native(tuner):
    if "param_grid" in inspect.signature(tuner.cls).parameters:
        pytest.skip("takes lists of values only")
    X, y = continuous("regression")
    candidates = tuner(Bowl(), RANGES, cv=2).fit(X, y).cv_results_["params"]
    space = Space(RANGES)
    for params in candidates:
        space.encode(params)  # an error if it is not in the space
        assert {name: type(value) for name, value in params.items()} == {
            "x": float, "rate": float, "n": int, "kind": str,
        }  # fmt: skip
        assert params["n"] % 2 == 1
    assert min(params["rate"] for params in candidates) < 1e-2


@every_tuner
def test_the_budget_is_kept_exactly(tuner):
    X, y = continuous("regression")
    search = tuner(Bowl(), VALUES, cv=2).fit(X, y)
    n_first = np.atleast_1d(search.n_candidates_)[0]
    draws = {"n_iter", "n_candidates"} & inspect.signature(tuner.cls).parameters.keys()
    assert n_first == (DRAWS if draws else 45)
    assert len(search.cv_results_["params"]) == np.sum(search.n_candidates_)
    assert search.n_fits_ == 2 * len(search.cv_results_["params"])


@every_tuner
@every_kind
def test_resumed_equals_uninterrupted(tuner, kind, tmp_path):
    """Whatever part of a journal is left."""
    X, y = continuous(kind.task)
    path = tmp_path / "search.db"
    whole = fitted(tuner(kind.small(), space(kind), cv=3, journal=path), X, y)
    with closing(sqlite3.connect(path)) as database:
        ((n_groups,),) = database.execute("SELECT max(number) FROM groups").fetchall()
        database.execute("DELETE FROM evaluations WHERE in_group > ?", (n_groups // 2,))
        database.execute("DELETE FROM groups WHERE number > ?", (n_groups // 2,))
        database.commit()
    resumed = fitted(tuner(kind.small(), space(kind), cv=3, journal=path), X, y)
    assert_same_results(resumed, whole)
    assert resumed.n_fits_ == whole.n_fits_
    np.testing.assert_array_equal(resumed.predict(X), whole.predict(X))


def raced(tuner, kind, data, **settings):
    """A race that drops much, on five folds."""
    if "race" not in inspect.signature(tuner.cls).parameters:
        pytest.skip("its rounds are a race of their own")
    race = Race(alpha=0.9, min_folds=2)
    return fitted(tuner(kind.small(), space(kind), cv=5, race=race, **settings), *data)


@every_tuner
@every_kind
def test_a_race_leaves_folds_out_and_changes_no_score(tuner, kind):
    X, y = data = continuous(kind.task)
    search = raced(tuner, kind, data)
    table = search.cv_results_
    folds = np.column_stack([table[f"split{k}_test_score"] for k in range(5)])
    n_done = np.isfinite(folds).sum(axis=1)
    assert (np.isfinite(folds) == (np.arange(5) < n_done[:, None])).all()
    assert n_done.min() >= 2
    np.testing.assert_array_equal(table["dropped"], n_done < 5)
    assert search.dropped_ == [table["params"][k] for k in np.flatnonzero(n_done < 5)]
    assert search.skipped_ == []
    assert n_done[search.best_index_] == 5
    ranks = table["rank_test_score"]
    assert max(ranks[n_done == 5]) < min(ranks[n_done < 5], default=np.inf)
    assert search.n_fits_ <= n_done.sum()
    splits = list(check_cv(5, y, classifier=kind.task == "classification").split(X, y))
    for params, row, n in zip(table["params"], folds, n_done, strict=True):
        for (train, test), expected in zip(splits[:n], row, strict=False):
            model = clone(search.estimator).set_params(**params).fit(X[train], y[train])
            near = pytest.approx(expected, rel=1e-12, abs=10 * kind.agreement)
            assert model.score(X[test], y[test]) == near


@every_tuner
@every_kind
def test_a_race_resumes_and_is_the_same_wherever_it_runs(tuner, kind, tmp_path):
    data = continuous(kind.task)
    path = tmp_path / "search.db"
    whole = raced(tuner, kind, data, journal=path)
    with closing(sqlite3.connect(path)) as database:
        ((n_groups,),) = database.execute("SELECT max(number) FROM groups").fetchall()
        database.execute("DELETE FROM evaluations WHERE in_group > ?", (n_groups // 2,))
        database.execute("DELETE FROM groups WHERE number > ?", (n_groups // 2,))
        database.commit()
    resumed = raced(tuner, kind, data, journal=path)
    assert_same_results(resumed, whole)
    assert resumed.n_fits_ == whole.n_fits_
    if kind.agreement:  # digits that differ may drop others
        return
    assert_same_results(raced(tuner, kind, data, n_jobs=2), whole)
    with ThreadPoolExecutor(2) as executor:
        assert_same_results(raced(tuner, kind, data, executor=executor), whole)


@every_tuner
@every_kind
def test_an_executor_changes_no_score(tuner, kind):
    """As equal as the family promises of together and alone."""
    X, y = continuous(kind.task)
    local = fitted(tuner(kind.small(), space(kind), cv=3), X, y)
    with ThreadPoolExecutor(2) as executor:
        remote = fitted(tuner(kind.small(), space(kind), cv=3, executor=executor), X, y)
    if not kind.agreement:
        assert_same_results(remote, local)
        return
    if tuner.name != "bayes":  # which may go another way from scores that differ by a digit
        assert remote.cv_results_["params"] == local.cv_results_["params"]
        np.testing.assert_allclose(
            remote.cv_results_["mean_test_score"],
            local.cv_results_["mean_test_score"],
            atol=10 * kind.agreement,
        )
