"""A journal: the same call goes on from it, whatever killed the one before."""

import math
import multiprocessing
import sqlite3
import time
from contextlib import closing
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import randint, uniform
from sklearn.base import clone
from sklearn.exceptions import FitFailedWarning
from sklearn.model_selection import KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from setpoint import (
    SVC,
    BayesSearchCV,
    Choice,
    GridSearchCV,
    RandomForestClassifier,
    RandomizedSearchCV,
    Real,
    Space,
    Tuner,
    maximize,
    minimize,
)
from setpoint.tuning import JournalError, TimeLimitWarning
from setpoint.tuning.identity import describe
from setpoint.tuning.journal import Journal
from tuning.interrupted import FOREST, X, Y, counted_search, fit_until

GRID = {"max_depth": [1, 2, None], "max_features": [1, 2]}
SPACE = {"x": Real(-5.0, 5.0), "kind": Choice("a", "b")}


def scores(search):
    """Everything in the table but the seconds."""
    return {n: list(map(repr, v)) for n, v in search.cv_results_.items() if n[-5:] != "_time"}


def rows(path, query):
    with closing(sqlite3.connect(path)) as database:
        return database.execute(query).fetchall()


def test_the_second_call_trains_nothing_and_gives_the_same(tmp_path):
    path = tmp_path / "search.db"
    free = GridSearchCV(FOREST, GRID, cv=3).fit(X, Y)
    first, second = (GridSearchCV(FOREST, GRID, cv=3, journal=path).fit(X, Y) for _ in range(2))
    for search in (first, second):
        assert scores(search) == scores(free)
        assert (search.n_fits_, search.sharing_) == (free.n_fits_, free.sharing_)
    for name in ("mean_fit_time", "mean_score_time"):
        np.testing.assert_array_equal(first.cv_results_[name], second.cv_results_[name])


def test_one_row_for_each_evaluation(tmp_path):
    path = tmp_path / "search.db"
    search = GridSearchCV(FOREST, GRID, cv=3, journal=str(path), return_train_score=True).fit(X, Y)
    assert rows(path, "SELECT count(*) FROM evaluations") == [(18,)]
    means = rows(
        path,
        "SELECT hyperparameters, avg(scores), avg(train_scores), min(error) FROM evaluations"
        " JOIN candidates ON candidate = number GROUP BY number ORDER BY number",
    )
    assert [row[0] for row in means] == list(map(describe, search.cv_results_["params"]))
    for k, name in ((1, "mean_test_score"), (2, "mean_train_score")):
        np.testing.assert_allclose([row[k] for row in means], search.cv_results_[name])
    assert {row[3] for row in means} == {None}


@pytest.mark.skipif("forkserver" not in multiprocessing.get_all_start_methods(), reason="no kills")
def test_killed_twenty_times_it_loses_the_evaluation_in_flight_and_no_more(tmp_path):
    path, log = tmp_path / "search.db", tmp_path / "fits"
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(["setpoint", "sklearn.datasets"])
    random = np.random.default_rng(0)
    search, kills = counted_search(log, path), 0
    for _ in range(20):
        statement = int(random.integers(1, 40))
        process = processes.Process(target=fit_until, args=(search, statement))
        process.start()
        process.join()
        kills += process.exitcode != 0
    assert kills >= 3
    search.fit(X, Y)
    whole = counted_search(tmp_path / "other fits", None).fit(X, Y)
    assert scores(search) == scores(whole)
    assert search.n_fits_ == whole.n_fits_ == 12
    fits = log.read_text().splitlines()
    # The last fit of the best on all rows is made by every call that gets so far.
    finished = 20 - kills + 1
    assert 12 + finished <= len(fits) <= 12 + kills + finished


@pytest.mark.parametrize(
    "make",
    [
        lambda path: GridSearchCV(make_pipeline(StandardScaler(), SVC()),
                                  {"svc__C": [0.1, 1.0], "svc__gamma": [0.1, 1.0]},
                                  cv=3, journal=path),
        lambda path: BayesSearchCV(FOREST, n_iter=5, cv=3, random_state=0, journal=path),
        lambda path: GridSearchCV(FOREST, GRID, cv=3, journal=path,
                                  scoring=["accuracy", "neg_log_loss"], refit="accuracy"),
    ],
    ids=["pipeline", "bayes", "several metrics"],
)  # fmt: skip
def test_goes_on_from_any_part(make, tmp_path):
    path = tmp_path / "search.db"
    whole = make(path).fit(X, Y)
    n_groups = rows(path, "SELECT max(number) FROM groups")[0][0]
    for left in {0, 1, n_groups // 2, n_groups - 1}:
        with closing(sqlite3.connect(path)) as database:
            database.execute("DELETE FROM evaluations WHERE in_group > ?", (left,))
            database.execute("DELETE FROM groups WHERE number > ?", (left,))
            database.commit()
        search = make(path).fit(X, Y)
        assert scores(search) == scores(whole)
        assert search.best_params_ == whole.best_params_
        assert search.n_fits_ == whole.n_fits_


def test_a_longer_search_goes_on_and_a_shorter_one_finds_its_own(tmp_path):
    path = tmp_path / "search.db"

    def search(n_iter, journal=None):
        return BayesSearchCV(FOREST, n_iter=n_iter, cv=3, random_state=0, journal=journal).fit(X, Y)

    for n_iter in (4, 9, 6, 4):
        assert scores(search(n_iter, path)) == scores(search(n_iter))


def test_seeds_that_are_drawn_are_remembered(tmp_path):
    path = tmp_path / "search.db"
    space = {"max_features": uniform(0.2, 0.8), "max_depth": randint(1, 9)}
    one, other = (
        RandomizedSearchCV(RandomForestClassifier(5), space, n_iter=n, cv=3, journal=path).fit(X, Y)
        for n in (3, 5)
    )
    assert other.cv_results_["params"][:3] == one.cv_results_["params"]
    for fold in range(3):
        name = f"split{fold}_test_score"
        np.testing.assert_array_equal(other.cv_results_[name][:3], one.cv_results_[name])


def test_a_longer_search_goes_on_where_a_shorter_one_ended(tmp_path):
    def search(n_iter, path):
        return BayesSearchCV(SVC(), n_iter=n_iter, cv=3, random_state=0, journal=path).fit(X, Y)

    search(6, tmp_path / "search.db")
    assert scores(search(9, tmp_path / "search.db")) == scores(search(9, None))


def test_what_a_time_limit_left_out_is_made_up_for(tmp_path):
    path = tmp_path / "search.db"
    log = tmp_path / "fits"
    search = counted_search(log, path).set_params(time_limit=0.5, refit=False)
    search.set_params(estimator__seconds=0.1)
    try:
        with pytest.warns(TimeLimitWarning):
            search.fit(X, Y)
    except TimeoutError:
        pass
    assert len(log.read_text().splitlines()) < 12
    search.set_params(time_limit=None).fit(X, Y)
    assert len(log.read_text().splitlines()) == 12
    assert scores(search) == scores(counted_search(log, None).fit(X, Y))


@pytest.mark.parametrize(("change", "what"), [
    ({"param_grid": {"max_depth": [1]}}, "param_grid is .*max_depth"),
    ({"estimator__n_estimators": 6}, "estimator__n_estimators is 5 there, and 6 here"),
    ({"scoring": "f1"}, "scoring is None there, and 'f1' here"),
    ({"cv": 4}, "cv is 3 there, and 4 here"),
    ({"estimator__random_state": 1}, "estimator__random_state is 0 there, and 1 here"),
], ids=lambda item: str(item))  # fmt: skip
def test_the_journal_of_another_search_is_refused(change, what, tmp_path):
    path = tmp_path / "search.db"
    search = GridSearchCV(FOREST, GRID, cv=3, journal=path).fit(X, Y)
    before = scores(search)
    with pytest.raises(JournalError, match=what):
        clone(search).set_params(**change).fit(X, Y)
    assert scores(clone(search).fit(X, Y)) == before


def test_long_differences_are_shown_where_they_are(tmp_path):
    path = tmp_path / "search.db"
    grid = {"min_impurity_decrease": [k / 1000 for k in range(1, 80)]}
    GridSearchCV(FOREST, grid, cv=2, journal=path).fit(X, Y)
    grid["min_impurity_decrease"][70] = 0.5
    with pytest.raises(JournalError, match=r"0\.071.* there, and .*0\.5.* here") as caught:
        GridSearchCV(FOREST, grid, cv=2, journal=path).fit(X, Y)
    assert len(str(caught.value)) < 700


def test_other_data_are_refused(tmp_path):
    path = tmp_path / "search.db"
    search = GridSearchCV(FOREST, GRID, cv=3, journal=path).fit(X, Y)
    moved = X.copy()
    moved[7, 1] += 1e-9
    with pytest.raises(JournalError, match="X is ndarray of shape"):
        search.fit(moved, Y)
    with pytest.raises(JournalError, match="y is ndarray of shape"):
        search.fit(X, 1 - Y)
    with pytest.raises(JournalError, match="sample_weight is none there"):
        search.fit(X, Y, sample_weight=np.ones(len(X)))


def test_another_seed_of_the_search_and_other_folds_are_refused(tmp_path):
    path = tmp_path / "search.db"
    search = BayesSearchCV(FOREST, n_iter=2, cv=3, random_state=0, journal=path).fit(X, Y)
    with pytest.raises(JournalError, match="random_state is 0 there, and 1 here"):
        search.set_params(random_state=1).fit(X, Y)
    drawn = KFold(3, shuffle=True)
    search = GridSearchCV(FOREST, GRID, cv=drawn, journal=tmp_path / "other.db").fit(X, Y)
    with pytest.raises(JournalError, match="other folds there"):
        search.fit(X, Y)


def test_files_that_are_no_journals(tmp_path):
    path = tmp_path / "search.db"
    path.write_text("not a database, and longer than the header of one " * 40)
    with pytest.raises(JournalError, match="cannot be used as a journal: file is not a database"):
        GridSearchCV(FOREST, GRID, journal=path).fit(X, Y)
    other = tmp_path / "other.db"
    with closing(sqlite3.connect(other)) as database:
        database.execute("CREATE TABLE groups (number INTEGER)")
    with pytest.raises(JournalError, match="no journal of a search"):
        GridSearchCV(FOREST, GRID, journal=other).fit(X, Y)
    assert rows(other, "SELECT name FROM sqlite_master") == [("groups",)]
    with pytest.raises(JournalError, match="unable to open"):
        GridSearchCV(FOREST, GRID, journal=tmp_path / "none" / "search.db").fit(X, Y)
    with pytest.raises(ValueError, match="'journal' parameter"):
        GridSearchCV(FOREST, GRID, journal=3).fit(X, Y)


def test_failures_are_kept_with_their_errors(tmp_path):
    path = tmp_path / "search.db"
    grid = {"max_depth": [-1, 2]}
    for _ in range(2):
        search = GridSearchCV(DecisionTreeClassifier(random_state=0), grid, cv=3, journal=path)
        with (
            pytest.warns(UserWarning, match="non-finite"),
            pytest.warns(FitFailedWarning, match="3 fits failed"),
        ):
            search.fit(X, Y)
        assert math.isnan(search.cv_results_["mean_test_score"][0])
        assert search.n_fits_ == 3
    errors = rows(path, "SELECT error FROM evaluations WHERE candidate = 0")
    assert len(errors) == 3 and all("max_depth" in error for (error,) in errors)


def test_an_evaluation_costs_less_than_a_millisecond(tmp_path):
    result = {"test_scores": 0.5, "fit_error": None, "fit_time": 0.1}
    with Journal(tmp_path / "search.db", {}) as journal:
        seconds = []
        for number in range(300):
            start = time.perf_counter()
            journal.propose(number, [{"x": 0.5, "kind": "a"}])
            journal.save([(number, fold, result) for fold in range(5)], 5)
            seconds.append((time.perf_counter() - start) / 5)
    assert np.median(seconds) < 1e-3


def loss(params):
    if params["x"] > 4:
        raise ArithmeticError("too far")
    return (params["x"] - 1) ** 2 + (params["kind"] == "b")


@pytest.mark.parametrize("search", [minimize, maximize])
def test_any_function(search, tmp_path):
    path = tmp_path / "search.db"
    calls = []

    def counted(params):
        calls.append(params)
        return loss(params)

    def run(n_trials, journal):
        return search(counted, SPACE, n_trials=n_trials, random_state=0, journal=journal)

    whole = run(25, None)
    calls.clear()
    run(11, path)
    again = run(25, path)
    assert len(calls) == 25
    assert [(t.number, t.params, repr(t.value), t.error) for t in again.trials] == [
        (t.number, t.params, repr(t.value), t.error) for t in whole.trials
    ]
    assert any(trial.error for trial in again.trials)
    assert (again.best_value, again.best_params) == (whole.best_value, whole.best_params)
    with pytest.raises(JournalError, match="random_state is 0 there, and 1 here"):
        search(counted, SPACE, random_state=1, journal=path)
    with pytest.raises(JournalError, match="space is"):
        search(counted, {"x": Real(0, 1)}, random_state=0, journal=path)


def test_ask_and_tell(tmp_path):
    path = tmp_path / "search.db"

    def tuner(journal):
        return Tuner(SPACE, random_state=0, journal=journal)

    def steps(tuner, n):
        found = []
        for _ in range(n):
            params = tuner.ask()
            value = -(params["x"] ** 2)
            tuner.tell(params, math.nan if value < -20 else value)
            found.append(params)
        return found

    whole = steps(tuner(None), 16)
    first = tuner(path)
    found = steps(first, 9)
    out = first.ask()  # and never told: the process is killed
    del first
    second = tuner(path)
    again = second.ask()
    assert again == out == whole[9]
    second.tell(again, -(again["x"] ** 2))
    assert [*found, again, *steps(second, 6)] == whole
    with pytest.raises(JournalError, match="Tuner to minimize there, and Tuner to maximize here"):
        Tuner(SPACE, direction="maximize", random_state=0, journal=path)


def test_descriptions_tell_values_apart_and_are_the_same_in_any_process():
    assert describe([1, 1.0, True, "1", None]) == "[1, 1.0, True, '1', None]"
    assert describe(np.float64(0.5)) == describe(0.5)
    assert describe(Space(SPACE)) == describe(Space(SPACE)) != describe(Space({"x": Real(0, 1)}))
    assert describe(uniform(0, 1)) == describe(uniform(0, 1)) != describe(uniform(0, 2))
    assert describe(KFold(3)) != describe(KFold(4))
    assert describe(loss) == "loss"
    assert " at 0x" not in describe(make_pipeline(StandardScaler(), FOREST))
    assert describe(np.random.RandomState(0)) == describe(np.random.RandomState(0))
    assert describe(tmp := Path("a")) == describe(tmp) == "'a'"
    assert describe(date(2020, 1, 2)) == "datetime.date(2020, 1, 2)"
    loop = []
    loop.append(loop)
    assert describe(loop) == "[...]"
    assert len(describe("x" * 100_000)) < 20_000
