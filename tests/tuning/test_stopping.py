"""A Bayesian search that ends when less is left to gain than the folds can tell."""

import math
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.datasets import make_classification

from setpoint import BayesSearchCV, LogisticRegression, Real
from setpoint.tuning.stopping import UnderNoise, width

SPACE = {"x": Real(0.0, 1.0), "rate": Real(1e-3, 1.0, log=True)}
X, Y = np.zeros((50, 1)), np.zeros(50)
X[:, 0] = np.repeat(np.arange(5), 10)


class Noisy(BaseEstimator):
    """A bowl whose score is told with noise, which a fold and a candidate always have the same."""

    def __init__(self, x=0.9, rate=0.5, noise=0.05):
        self.x = x
        self.rate = rate
        self.noise = noise

    def fit(self, X, y):
        self.fitted_ = True
        return self

    def worth(self):
        return -((self.x - 0.3) ** 2) - 0.1 * (math.log10(self.rate) + 2) ** 2

    def score(self, X, y):
        seed = [int(self.x * 2**40), int(self.rate * 2**40), int(X[0, 0])]
        return self.worth() + self.noise * np.random.default_rng(seed).normal()


def search(n_iter=40, seed=0, noise=0.05, **settings):
    settings = {"cv": 5, "refit": False, "stop_under_noise": True} | settings
    return BayesSearchCV(
        Noisy(noise=noise), SPACE, n_iter=n_iter, random_state=seed, **settings
    ).fit(X, Y)


def assert_same(one, other):
    assert one.cv_results_["params"] == other.cv_results_["params"]
    assert one.stopped_ == other.stopped_
    np.testing.assert_array_equal(
        one.cv_results_["mean_test_score"], other.cv_results_["mean_test_score"]
    )


def test_it_ends_early_and_goes_the_same_way_till_then():
    for seed in range(5):
        whole, ended = search(seed=seed, stop_under_noise=False), search(seed=seed)
        n = ended.n_candidates_
        assert whole.n_candidates_ == 40 and whole.stopped_ is None
        assert 4 <= n < 40
        assert ended.cv_results_["params"] == whole.cv_results_["params"][:n]
        assert "is left to gain, less than the standard error of the best score" in ended.stopped_
        # What is lost is of the size of the noise, 0.05 * sqrt(1 / 5 + 1 / 4).
        assert Noisy(**ended.best_params_).worth() > Noisy(**whole.best_params_).worth() - 0.034


def test_more_noise_ends_sooner():
    n_candidates = [
        sum(search(seed=seed, noise=noise).n_candidates_ for seed in range(4))
        for noise in (0.05, 0.01)
    ]
    assert n_candidates[0] < n_candidates[1]


def test_without_noise_it_goes_on():
    assert search(12, noise=0.0).n_candidates_ == 12
    assert search(12, noise=0.0).stopped_ is None


def test_verbose_says_so(capsys):
    ended = search(verbose=1)
    assert f"The search ended before 40 points: {ended.stopped_}" in capsys.readouterr().out


def test_seeds_executors_and_batches():
    assert_same(search(seed=3), search(seed=3))
    with ThreadPoolExecutor(2) as executor:
        assert_same(search(seed=3, executor=executor), search(seed=3))
    batches = search(seed=3, n_points=4)
    assert batches.n_candidates_ < 40 and batches.stopped_ is not None


def test_a_resumed_search_ends_where_the_uninterrupted_one_ends(tmp_path):
    path = tmp_path / "search.db"
    whole = search()
    kept = search(journal=path)
    with closing(sqlite3.connect(path)) as database:
        database.execute("DELETE FROM evaluations WHERE in_group > 20")
        database.commit()
    assert_same(search(journal=path), kept)
    assert_same(kept, whole)
    # A search that went on is told from its journal where it could have ended.
    other = tmp_path / "other.db"
    search(journal=other, stop_under_noise=False)
    n_known = _n_evaluations(other)
    assert_same(search(journal=other), whole)
    assert _n_evaluations(other) == n_known == 5 * 40


def _n_evaluations(path):
    with closing(sqlite3.connect(path)) as database:
        return database.execute("SELECT count(*) FROM evaluations").fetchone()[0]


def test_with_a_race():
    ended = search(60, cv=5, race=True)
    assert ended.n_candidates_ < 60
    assert ended.n_fits_ <= 5 * ended.n_candidates_
    assert not ended.cv_results_["dropped"][ended.best_index_]


def test_slices_count_by_their_best():
    X, y = make_classification(200, 6, flip_y=0.2, random_state=0)
    space = {"C": Real(1e-3, 1e3, log=True), "l1_ratio": Real(0.0, 1.0)}
    model = LogisticRegression(tol=1e-3, max_iter=1000)
    settings = {"n_iter": 30, "cv": 5, "random_state": 0}
    ended = BayesSearchCV(model, space, stop_under_noise=True, **settings).fit(X, y)
    assert ended.stopped_ is not None
    assert 9 < ended.n_candidates_ < 30 * 9


def test_one_fold_has_no_noise():
    cv = [(np.arange(25), np.arange(25, 50))]
    with pytest.raises(ValueError, match="stop_under_noise needs at least 2 folds"):
        search(cv=cv)


def test_the_rule():
    folds = np.array([0.7, 0.8, 0.9])
    error = math.sqrt(1 / 3 + 1 / 2) * 0.1
    for regret, ends in [(None, False), (1.01 * error, False), (0.99 * error, True)]:
        noise = UnderNoise()
        assert noise.is_reached(regret, folds) is ends
        assert (noise.reason is not None) is ends
    assert not UnderNoise().is_reached(0.0, None)


def test_the_width_of_the_bound():
    # Optuna's RegretBoundEvaluator has the same: sqrt(2 / 5 log(d t^2 pi^2 / (6 delta))).
    assert width(3, 20) == pytest.approx(math.sqrt(0.4 * math.log(3 * 400 * math.pi**2 / 0.6)))
    assert width(3, 20) < width(3, 40) < width(6, 40)
