"""Racing: what is dropped and what is not; the contract tests run every search with a race."""

import warnings

import numpy as np
import pytest
from scipy import stats
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression as ScikitLogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from setpoint import (
    SVC,
    BayesSearchCV,
    GridSearchCV,
    HalvingGridSearchCV,
    LogisticRegression,
    MLPClassifier,
    OneOf,
    Race,
    RandomForestClassifier,
    RandomizedSearchCV,
    Real,
)
from setpoint.tuning import TimeLimitWarning
from setpoint.tuning.passes import trainings
from setpoint.tuning.race import moderated

X, Y = make_classification(200, 8, n_informative=4, random_state=0)
FOREST = RandomForestClassifier(10, random_state=0)
GRID = {"max_features": [1, 2, 4, 8], "max_samples": [0.03, 0.1, 1.0], "max_depth": [2, 8]}


def folds(search, metric="score"):
    table = search.cv_results_
    return np.column_stack([table[f"split{k}_test_{metric}"] for k in range(search.n_splits_)])


class Told(ClassifierMixin, BaseEstimator):
    """Its score on a fold is what it is told; it counts its trainings."""

    n_fits = 0

    def __init__(self, scores=(0.0,), fails=False):
        self.scores = scores
        self.fails = fails

    def fit(self, X, y):
        Told.n_fits += 1
        if self.fails:
            raise ValueError("fails")
        self.classes_ = np.unique(y)
        return self

    def score(self, X, y):
        return self.scores[int(X[0, 0])]


def told(rows, n_folds, **settings):
    """A search whose candidates have these scores, and how many trainings it took."""
    number = np.repeat(np.arange(n_folds), 4)
    cv = [(np.flatnonzero(number != k), np.flatnonzero(number == k)) for k in range(n_folds)]
    Told.n_fits = 0
    rows = [tuple(row) for row in rows]
    search = GridSearchCV(Told(), {"scores": rows}, cv=cv, **({"race": True} | settings))
    search.fit(number[:, None].astype(float), np.tile([0, 1], 2 * n_folds))
    return search, Told.n_fits


# The test.


def test_the_end_is_predicted_as_often_as_promised():
    """Folds with a difficulty of their own and candidates with variances of their own."""
    rng = np.random.default_rng(0)
    for n, k in [(2, 5), (10, 5), (30, 10)]:
        lost = 0
        for _ in range(300):
            spread = np.exp(rng.normal(size=(n, 1)))
            scores = rng.normal(size=k) + spread * rng.normal(size=(n, k))
            lost += winner_is_dropped(scores, alpha=0.2)
        # Within three standard errors of what is allowed.
        assert lost / 300 < 0.2 + 3 * np.sqrt(0.2 * 0.8 / 300), (n, k)


def winner_is_dropped(scores, alpha):
    race, k = Race(alpha=alpha), scores.shape[1]
    winner = scores.mean(axis=1).argmax()
    running = np.arange(len(scores))
    for n_done in range(race.min_folds, k):
        running = running[~race.ruled_out(scores[running, :n_done], k)]
    return winner not in running


def test_two_candidates_are_a_paired_test():
    """What is left to come is predicted: a finite-population correction of the t-test."""
    rng = np.random.default_rng(1)
    for _ in range(50):
        best, other = rng.normal(size=6) + 0.8, rng.normal(size=6)
        if best.mean() < other.mean():
            best, other = other, best
        t, p = stats.ttest_rel(best, other, alternative="greater")
        p = stats.t.sf(t / np.sqrt(1 - 6 / 10), 5)
        n_looks = 10 - 3
        for alpha in (0.05, 0.5):
            out = Race(alpha=alpha).ruled_out(np.array([best, other]), 10)
            assert out.tolist() == [False, bool(p < alpha / n_looks)]


def test_more_rivals_more_caution():
    rng = np.random.default_rng(2)
    few = rng.normal(size=(4, 4)) * 0.1 + np.array([[1.0], [0.0], [0.9], [0.95]])
    assert Race().ruled_out(few, 5)[1]
    far = (few - np.median(few, axis=0)) * 0.2 + np.median(few, axis=0)
    many = np.concatenate([far, *(far[2:] + 1e-3 * rng.normal(size=(2, 4)) for _ in range(2000))])
    assert not Race(alpha=1e-4).ruled_out(many, 5)[1] or not Race(alpha=1e-4).ruled_out(far, 5)[1]


def test_equals_are_kept():
    rows = np.tile([0.1, 0.5, 0.3], (5, 1))
    assert not Race().ruled_out(rows, 5).any()
    rounded = rows + 1e-15 * np.arange(5)[:, None]
    assert not Race().ruled_out(rounded, 5).any()


def test_the_best_is_never_ruled_out_and_a_failure_always():
    rng = np.random.default_rng(3)
    for _ in range(50):
        scores = rng.normal(size=(8, 3))
        scores[2, 1] = np.nan
        out = Race(alpha=0.99).ruled_out(scores, 4)
        means = scores.mean(axis=1)
        assert not out[np.nanargmax(means)]
        assert out[2]
    assert Race().ruled_out(np.full((2, 3), np.nan), 5).all()


def test_moderated_variances():
    """Draws of one variance become it; draws of different ones are pulled together."""
    rng = np.random.default_rng(4)
    same = 2.0 * rng.chisquare(3, 500) / 3
    variances, freedom = moderated(same, 3)
    assert freedom > 50
    np.testing.assert_allclose(variances, 2.0, rtol=0.15)
    true = 4 / rng.chisquare(4, 5000)  # four degrees of freedom around 1
    estimates = true * rng.chisquare(2, 5000) / 2
    variances, freedom = moderated(estimates, 2)
    assert freedom == pytest.approx(2 + 4, abs=0.6)
    assert (np.diff(variances[np.argsort(estimates)]) >= 0).all()
    # The posterior means of 1 / variance are unbiased for any part of them.
    small = estimates < np.median(estimates)
    assert np.mean(1 / variances[small]) == pytest.approx(np.mean(1 / true[small]), rel=0.1)
    few = np.array([0.0, 2.0])
    assert moderated(few, 2) == (few, 2) or np.array_equal(moderated(few, 2)[0], few)


@pytest.mark.parametrize(("settings", "error", "message"), [
    ({"alpha": 0.0}, ValueError, "alpha must be between 0 and 1, got 0.0"),
    ({"alpha": 1.5}, ValueError, "alpha must be between 0 and 1"),
    ({"min_folds": 1}, ValueError, "min_folds must be at least 2, got 1"),
    ({"min_folds": 2.5}, TypeError, "min_folds must be a whole number, got 2.5"),
    ({"min_folds": True}, TypeError, "min_folds must be a whole number"),
])  # fmt: skip
def test_illegal_rules(settings, error, message):
    with pytest.raises(error, match=message):
        Race(**settings)


# The search.


def test_what_is_not_evaluated_is_not_trained():
    rows = [[0.9, 0.8, 0.9, 0.8, 0.9], [0.1, 0.0, 0.11, 0.0, 0.1], [0.9, 0.7, 0.9, 1.0, 1.0]]
    search, n_fits = told(rows, 5)
    assert search.cv_results_["dropped"].tolist() == [False, True, False]
    assert search.n_fits_ == 3 + 2 * 5
    assert n_fits == search.n_fits_ + 1  # the last fit
    assert search.best_index_ == 2
    assert search.sharing_ == "13 candidate fits scored from 13 trained models"
    np.testing.assert_array_equal(folds(search)[1], [0.1, 0.0, 0.11, np.nan, np.nan])


def test_without_a_race_nothing_is_dropped():
    search = GridSearchCV(FOREST, GRID, cv=5).fit(X, Y)
    assert search.dropped_ == []
    assert "dropped" not in search.cv_results_


def test_failures_are_dropped_and_told():
    search = GridSearchCV(Told((0.5, 0.4)), {"fails": [False, True]}, cv=4, race=Race(min_folds=2))
    Told.n_fits = 0
    with pytest.warns(Warning, match="2 fits failed out of a total of 6"):
        search.fit(np.zeros((40, 1)), np.tile([0, 1], 20))
    assert search.cv_results_["dropped"].tolist() == [False, True]
    with pytest.raises(ValueError, match="All the 2 fits failed"):
        GridSearchCV(Told(fails=True), {}, cv=4, race=Race(min_folds=2)).fit(
            np.zeros((40, 1)), np.tile([0, 1], 20)
        )


def test_what_one_training_serves_stays_together():
    search = GridSearchCV(FOREST, GRID, cv=8, race=True).fit(X, Y)
    dropped = search.cv_results_["dropped"].reshape(2, 4, 3)  # max_depth is free
    assert dropped.any()
    np.testing.assert_array_equal(dropped[0], dropped[1])
    n_done = np.isfinite(folds(search)).sum(axis=1).reshape(2, -1)[0]
    assert search.n_fits_ == n_done.sum() < 8 * 12


def test_trainings():
    def served(estimator, *candidates):
        return sorted(map(sorted, trainings(estimator, dict(enumerate(candidates)))))

    forests = [{"max_depth": d, "max_features": f} for d in (1, 2) for f in (3, 4)]
    assert served(FOREST, *forests) == [[0, 2], [1, 3]]
    network = MLPClassifier()
    assert served(network, {"alpha": 0.1}, {"alpha": 0.2}, {"alpha": 0.1}) == [[0, 2], [1]]
    pipeline = make_pipeline(StandardScaler(), FOREST)
    name = "randomforestclassifier__max_depth"
    of_pipeline = [{"standardscaler__with_mean": m, name: d} for m in (True, False) for d in (1, 2)]
    assert served(pipeline, *of_pipeline) == [[0, 1], [2, 3]]
    assert served(ScikitLogisticRegression(), {"C": 1.0}, {"C": 2.0}) == [[0], [1]]


def test_several_metrics_race_by_the_one_that_decides():
    scoring = ["accuracy", "neg_log_loss"]
    for refit in scoring:
        both = GridSearchCV(FOREST, GRID, cv=8, race=True, scoring=scoring, refit=refit).fit(X, Y)
        alone = GridSearchCV(FOREST, GRID, cv=8, race=True, scoring=refit).fit(X, Y)
        np.testing.assert_array_equal(folds(both, refit), folds(alone))
        np.testing.assert_array_equal(both.cv_results_["dropped"], alone.cv_results_["dropped"])
        assert both.best_index_ == alone.best_index_


def test_several_models_race_against_each_other():
    models = OneOf([("forest", FOREST), ("svm", make_pipeline(StandardScaler(), SVC()))])
    space = {
        "forest": {"max_samples": [0.03, 1.0]},
        "svm": {"svc__gamma": [1e-6, 0.1], "svc__C": [0.1, 1.0]},
    }
    search = GridSearchCV(models, space, cv=8, race=True).fit(X, Y)
    losers = search.dropped_
    assert {params["model"] for params in losers} >= {"svm"}
    assert all(p["svm__svc__gamma"] == 1e-6 for p in losers if p["model"] == "svm")


def test_later_batches_race_against_earlier_ones():
    space = {"max_samples": Real(0.02, 1.0), "max_features": [1, 2, 4, 8]}
    settings = {"n_iter": 25, "cv": 8, "random_state": 0}
    search = BayesSearchCV(FOREST, space, race=True, **settings).fit(X, Y)
    assert search.n_candidates_ == 25
    late = search.cv_results_["dropped"][10:]
    assert 0 < late.sum() < 15
    assert search.n_fits_ < 25 * 8
    whole = BayesSearchCV(FOREST, space, **settings).fit(X, Y)
    assert search.best_score_ >= whole.best_score_ - 0.02


def test_ends_where_the_whole_search_ends():
    for seed in range(5):
        settings = {"n_iter": 12, "cv": 10, "random_state": seed}
        forest = RandomForestClassifier(10, random_state=seed)
        whole = RandomizedSearchCV(forest, GRID, **settings).fit(X, Y)
        raced = RandomizedSearchCV(forest, GRID, race=True, **settings).fit(X, Y)
        assert raced.best_params_ == whole.best_params_
        assert raced.best_score_ == whole.best_score_
        assert raced.n_fits_ < whole.n_fits_


def test_a_journal_of_a_longer_search_has_more_folds(tmp_path):
    """Whatever it has, the result is that of a search without it."""
    path = tmp_path / "search.db"

    def search(n_iter, journal):
        return RandomizedSearchCV(
            FOREST, GRID, n_iter=n_iter, cv=8, race=True, random_state=0, journal=journal
        ).fit(X, Y)

    for n_iter in (20, 6, 12):
        kept, new = search(n_iter, path), search(n_iter, None)
        np.testing.assert_array_equal(folds(kept), folds(new))
        assert kept.dropped_ == new.dropped_


@pytest.mark.filterwarnings("ignore:One or more of the test scores are non-finite")
def test_time_that_is_over_is_not_lost_in_the_race():
    forest = RandomForestClassifier(1_000_000, random_state=0)
    grid = {"n_estimators": [2, 1_000_000], "max_features": [1, 8]}
    search = RandomizedSearchCV(
        forest, grid, n_iter=4, cv=5, race=True, time_limit=0.5, refit=False, journal=None
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TimeLimitWarning)
        try:
            search.fit(X, Y)
        except TimeoutError:
            return
    assert search.dropped_ == []
    assert {params["n_estimators"] for params in search.skipped_} == {1_000_000}


def test_refusals():
    with pytest.raises(ValueError, match="min_folds=3 folds, and cv has 3"):
        GridSearchCV(FOREST, GRID, cv=3, race=True).fit(X, Y)
    with pytest.raises(ValueError, match="'race' parameter of GridSearchCV"):
        GridSearchCV(FOREST, GRID, race=0.05).fit(X, Y)
    with pytest.raises(TypeError, match="race"):
        HalvingGridSearchCV(FOREST, GRID, race=True)


def test_dropped_candidates_are_pruned_trials_and_rows_of_tables():
    pytest.importorskip("optuna")
    search = GridSearchCV(FOREST, GRID, cv=8, race=True).fit(X, Y)
    states = [trial.state.name for trial in search.trials.to_optuna().trials]
    expected = ["PRUNED" if out else "COMPLETE" for out in search.cv_results_["dropped"]]
    assert states == expected and len(set(states)) == 2
    assert search.trials.columns["dropped"] == search.cv_results_["dropped"].tolist()
    assert search.trials.scores.count(None) == len(search.dropped_)


def test_a_report_of_a_race(tmp_path):
    pytest.importorskip("plotly")
    search = GridSearchCV(FOREST, GRID, cv=8, race=True, return_train_score=True).fit(X, Y)
    search.report(tmp_path / "race.html")
    assert (tmp_path / "race.html").stat().st_size > 10_000


def test_verbose_says_what_was_saved(capsys):
    rows = [[0.9, 0.8, 0.9, 0.8, 0.9], [0.1, 0.0, 0.11, 0.0, 0.1]]
    told(rows, 5, verbose=1)
    out = capsys.readouterr().out
    assert "Fitting 5 folds for each of 2 candidates, totalling 10 fits" in out
    assert "The race dropped 1 of 2 candidates and saved 2 fits" in out


def test_models_of_the_best_are_those_of_all_rows():
    model = make_pipeline(StandardScaler(), LogisticRegression())
    grid = {
        "logisticregression__C": [1e-6, 1.0],
        "logisticregression__fit_intercept": [True, False],
    }
    search = GridSearchCV(model, grid, cv=6, race=True).fit(X, Y)
    again = model.set_params(**search.best_params_).fit(X, Y)
    np.testing.assert_allclose(search.predict_proba(X), again.predict_proba(X), atol=1e-6)
