"""Linear regression: optimality, scikit-learn as the oracle, hard data, what a search shares."""

import os
import signal
import subprocess
import sys
import time
import warnings

import numpy as np
import pytest
import sklearn.linear_model as oracle
from scipy.sparse import csr_array, random_array
from sklearn.datasets import load_diabetes
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import make_scorer, mean_squared_error, r2_score, root_mean_squared_error
from sklearn.model_selection import (
    KFold,
    LeaveOneOut,
    RepeatedKFold,
    ShuffleSplit,
)

import setpoint
from setpoint import ElasticNet, GridSearchCV, Lasso, LinearRegression, Ridge, _core

PRECISE = {"tol": 1e-13, "max_iter": 100_000}


def problem(n=120, d=8, t=1, seed=0, mean=3.0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d)) * np.exp(rng.normal(size=d)) + mean
    y = X @ rng.normal(size=(d, t)) + rng.normal(size=(n, t)) - 5.0
    return X, y[:, 0] if t == 1 else y


def sparse(X, share=0.3, seed=1):
    return csr_array(np.where(np.random.default_rng(seed).random(X.shape) < share, X, 0.0))


MODELS = {
    "least squares": (LinearRegression, oracle.LinearRegression, {}),
    "least squares, b >= 0": (LinearRegression, oracle.LinearRegression, {"positive": True}),
    "ridge": (Ridge, oracle.Ridge, {"alpha": 2.0}),
    "small ridge": (Ridge, oracle.Ridge, {"alpha": 1e-3}),
    "lasso": (Lasso, oracle.Lasso, {"alpha": 0.05} | PRECISE),
    "lasso, b >= 0": (Lasso, oracle.Lasso, {"alpha": 0.05, "positive": True} | PRECISE),
    "elastic net": (ElasticNet, oracle.ElasticNet, {"alpha": 0.05, "l1_ratio": 0.3} | PRECISE),
    "random order": (Lasso, oracle.Lasso, {"alpha": 0.05, "selection": "random"} | PRECISE),
}
every_model = pytest.mark.parametrize("name", MODELS)


@every_model
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("shape", [(120, 8, 1), (120, 8, 3), (30, 40, 1), (30, 40, 2)], ids=str)
@pytest.mark.filterwarnings("ignore")
def test_scikit_learn_agrees(name, shape, weighted, fit_intercept):
    ours, theirs, params = MODELS[name]
    X, y = problem(*shape)
    weight = np.random.default_rng(2).random(len(X)) if weighted else None
    theirs = theirs(fit_intercept=fit_intercept, **params).fit(X, y, weight)
    one = ours(fit_intercept=fit_intercept, **params).fit(X, y, weight)
    assert one.coef_.shape == theirs.coef_.shape
    assert np.shape(one.intercept_) == np.shape(theirs.intercept_)
    unique = shape[0] > shape[1] or "ridge" in name or "elastic" in name or name == "least squares"
    if unique:
        np.testing.assert_allclose(one.coef_, theirs.coef_, rtol=1e-6, atol=1e-7)
        np.testing.assert_allclose(one.intercept_, theirs.intercept_, rtol=1e-6, atol=1e-6)
    size = np.ptp(y)
    np.testing.assert_allclose(one.predict(X), theirs.predict(X), rtol=0, atol=2e-5 * size)
    if name == "least squares":
        assert one.rank_ == theirs.rank_
        most = theirs.singular_.max()
        np.testing.assert_allclose(one.singular_, theirs.singular_, rtol=0, atol=1e-7 * most)


@every_model
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("shape", [(120, 8, 1), (30, 40, 2)], ids=str)
@pytest.mark.filterwarnings("ignore")
def test_sparse_is_dense(name, shape, fit_intercept):
    ours, _, params = MODELS[name]
    X, y = problem(*shape)
    X = sparse(X)
    weight = np.random.default_rng(2).random(len(y))
    model = ours(fit_intercept=fit_intercept, **params)
    expected = model.fit(X.toarray(), y, weight).predict(X.toarray())
    got = model.fit(X, y, weight).predict(X)
    np.testing.assert_allclose(got, expected, rtol=0, atol=1e-5 * np.ptp(y))


@every_model
def test_float32_is_kept(name):
    ours, _, params = MODELS[name]
    X, y = problem()
    single = ours(**params).fit(X.astype(np.float32), y)
    double = ours(**params).fit(X.astype(np.float32).astype(np.float64), y)
    assert single.coef_.dtype == np.float32
    assert double.coef_.dtype == np.float64
    np.testing.assert_allclose(single.coef_, double.coef_, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("t", [1, 3])
def test_files_keep_type_and_shape(tmp_path, dtype, t):
    X, y = problem(t=t)
    model = Lasso(alpha=0.1).fit(X.astype(dtype), y)
    model.save(tmp_path / "lasso.safetensors")
    other = setpoint.load(tmp_path / "lasso.safetensors")
    for name in ("coef_", "intercept_", "dual_gap_", "n_iter_"):
        np.testing.assert_array_equal(getattr(other, name), getattr(model, name), strict=True)
    np.testing.assert_array_equal(other.predict(X), model.predict(X))


@pytest.mark.parametrize("shape", [(200, 10), (40, 150)], ids=str)
@pytest.mark.parametrize("positive", [False, True])
@pytest.mark.parametrize("l1_ratio", [0.2, 0.7, 1.0])
@pytest.mark.parametrize("alpha", [0.01, 0.3])
def test_optimality(shape, positive, l1_ratio, alpha):
    """The subgradient of the objective holds 0, and the gap says how nearly."""
    X, y = problem(*shape)
    model = ElasticNet(alpha, l1_ratio=l1_ratio, positive=positive, **PRECISE).fit(X, y)
    b, n = model.coef_, len(y)
    centred = X - X.mean(axis=0)
    gradient = centred.T @ (y - model.predict(X)) / n - alpha * (1 - l1_ratio) * b
    l1 = alpha * l1_ratio
    scale = np.abs(centred).max() * np.ptp(y)
    np.testing.assert_allclose(gradient[b != 0], l1 * np.sign(b[b != 0]), atol=1e-6 * scale)
    still = gradient[b == 0] if positive else np.abs(gradient[b == 0])
    assert (still <= l1 + 1e-6 * scale).all()
    assert not positive or (b >= 0).all()
    assert model.dual_gap_ <= 1e-13 * np.sum((y - y.mean()) ** 2) / n


@pytest.mark.parametrize("shape", [(300, 20), (50, 200)], ids=str)
def test_every_candidate_of_a_path_has_the_certificate(shape):
    X, y = problem(*shape)
    tol = 1e-6
    alphas = list(np.logspace(1, -2, 12))
    for sign in (1, -1):  # the path runs downwards, whatever the order of the candidates
        search = GridSearchCV(
            Lasso(tol=tol, max_iter=50_000), {"alpha": alphas[::sign]}, cv=3, refit=False
        )
        data = search.estimator._sweep_data(X, y)
        candidates = [search.estimator._sweep_candidate({"alpha": a}, data) for a in alphas]
        folds = list(KFold(3).split(X))
        answer = sweep("lasso", data, folds, candidates)
        for row in answer["models"]:
            for (train, _), model in zip(folds, row, strict=True):
                y2 = np.sum((y[train] - y[train].mean()) ** 2)
                assert model.facts["dual_gap"][0] <= tol * y2 / len(train)


def sweep(family, data, folds, candidates, n_threads=2):
    return _core.sweep(
        family,
        data,
        folds=folds,
        candidates=candidates,
        metrics=["r2"],
        train_metrics=False,
        keep_models=True,
        keep_predictions=True,
        n_threads=n_threads,
        time_limit=None,
        progress=None,
    )


SPLITS = {
    "k folds": KFold(5),
    "shuffled": KFold(4, shuffle=True, random_state=0),
    "overlapping": ShuffleSplit(4, test_size=0.3, random_state=0),
    "repeated": RepeatedKFold(n_splits=3, n_repeats=4, random_state=0),
    "one out": LeaveOneOut(),
    "drawn with repeats": [
        (np.random.default_rng(k).integers(0, 60, 60), np.arange(k, 60, 7)) for k in range(3)
    ],
    "fewer rows than columns": [(np.arange(5), np.arange(5, 60)), (np.arange(40), [50, 51])],
}


@pytest.mark.parametrize("name", SPLITS)
@pytest.mark.parametrize("estimator", [Ridge(), Lasso(**PRECISE)], ids=repr)
@pytest.mark.parametrize("weighted", [False, True])
def test_folds_of_every_kind(name, estimator, weighted):
    X, y = problem(60, 6, mean=1e3)  # far from 0: sums must not cancel
    weight = np.random.default_rng(3).random(60) if weighted else None
    folds = SPLITS[name]
    folds = folds if isinstance(folds, list) else list(folds.split(X))
    data = estimator._sweep_data(X, y, weight)
    alphas = [0.01, 1.0]
    candidates = [estimator._sweep_candidate({"alpha": a}, data) for a in alphas]
    folds = [(np.asarray(train), np.asarray(test)) for train, test in folds]
    answer = sweep(estimator._family, data, folds, candidates)
    for c, alpha in enumerate(alphas):
        for f, (train, test) in enumerate(folds):
            theirs = getattr(oracle, type(estimator).__name__)(**estimator.get_params())
            theirs.set_params(alpha=alpha).fit(
                X[train], y[train], None if weight is None else weight[train]
            )
            got = answer["predictions"][c][f][:, 0]
            np.testing.assert_allclose(got, theirs.predict(X[test]), atol=1e-5 * np.ptp(y))


@pytest.mark.parametrize(
    "family", [Ridge(), Lasso(tol=1e-6), ElasticNet(), LinearRegression()], ids=repr
)
@pytest.mark.parametrize("shape", [(5000, 12), (40, 90)], ids=str)
def test_threads_change_no_bit(family, shape):
    X, y = problem(*shape)
    folds = list(KFold(3).split(X))
    data = family._sweep_data(X, y)
    candidate = family._sweep_candidate({}, data)
    one, many = (sweep(family._family, data, folds, [candidate] * 2, n) for n in (1, 3))
    np.testing.assert_array_equal(one["scores"], many["scores"])
    for a, b in zip(one["models"][0], many["models"][0], strict=True):
        np.testing.assert_array_equal(a.coef, b.coef)


def test_one_factorisation_serves_all_alphas():
    X, y = problem(300, 12)
    search = GridSearchCV(Ridge(), {"alpha": list(np.logspace(-3, 3, 20))}, cv=5).fit(X, y)
    assert search.n_fits_ == 5
    theirs = oracle.RidgeCV(alphas=np.logspace(-3, 3, 20), cv=5).fit(X, y)
    assert search.best_params_["alpha"] == theirs.alpha_
    np.testing.assert_allclose(search.best_estimator_.coef_, theirs.coef_, rtol=1e-7)


@pytest.mark.parametrize("alpha", [0.0, 1e-9, 1.0])
@pytest.mark.parametrize("solver", ["auto", "svd", "cholesky", "lsqr"])
def test_solvers_of_ridge_agree(alpha, solver):
    X, y = problem(t=2)
    expected = oracle.Ridge(alpha, solver="svd").fit(X, y)
    got = Ridge(alpha, solver=solver).fit(X, y)
    np.testing.assert_allclose(got.coef_, expected.coef_, rtol=1e-8)
    assert got.solver_ == ("svd" if solver == "svd" else "cholesky")
    assert got.n_iter_ is None


def test_one_alpha_for_each_target():
    X, y = problem(t=3)
    alpha = np.array([0.1, 10.0, 1000.0])
    expected = oracle.Ridge(alpha).fit(X, y)
    np.testing.assert_allclose(Ridge(alpha).fit(X, y).coef_, expected.coef_, rtol=1e-9)
    with pytest.raises(ValueError, match="alpha has 2 values for 3 targets"):
        Ridge(alpha[:2]).fit(X, y)
    grid = {"alpha": [0.5, alpha]}
    assert GridSearchCV(Ridge(), grid, cv=3).fit(X, y).n_fits_ == 3


@pytest.mark.parametrize("positive", [False, True])
def test_a_solver_that_cannot(positive):
    X, y = problem()
    with pytest.raises(ValueError, match="positive"):
        Ridge(solver="svd" if positive else "lbfgs", positive=positive).fit(X, y)


# Hard data.


def least_norm(X, y):
    b = np.linalg.pinv(X - X.mean(axis=0), rcond=1e-6) @ (y - y.mean())
    return b, y.mean() - X.mean(axis=0) @ b


def test_constant_and_duplicate_columns():
    X, y = problem(100, 5)
    X = np.column_stack([X, np.full(100, 7.3), X[:, 1], X[:, 0] + X[:, 2]])
    model = LinearRegression().fit(X, y)
    expected, intercept = least_norm(X, y)
    np.testing.assert_allclose(model.coef_, expected, atol=1e-9)
    np.testing.assert_allclose(model.intercept_, intercept)
    assert model.coef_[5] == 0.0
    assert model.rank_ == 5
    for other in (Ridge(1e-6), Lasso(1e-4, **PRECISE), LinearRegression(positive=True)):
        assert np.isfinite(other.fit(X, y).coef_).all()
        assert other.coef_[5] == 0.0


def test_fewer_rows_than_columns():
    X, y = problem(20, 60)
    model = LinearRegression().fit(X, y)
    expected, _ = least_norm(X, y)
    np.testing.assert_allclose(model.coef_, expected, atol=1e-9)
    np.testing.assert_allclose(model.predict(X), y)
    assert model.rank_ == 19


@pytest.mark.parametrize("scale", [1e-6, 1e5])
def test_badly_scaled_columns(scale):
    """Normal equations would lose the digits; what takes over keeps them."""
    X, y = problem(200, 6, mean=0.0)
    b = LinearRegression(tol=1e-12).fit(X, y).coef_
    X[:, 2] *= scale
    model = LinearRegression(tol=1e-12).fit(X, y)
    b[2] /= scale
    np.testing.assert_allclose(model.coef_, b, rtol=1e-8)


def test_nearly_collinear_columns():
    X, y = problem(200, 4, mean=0.0)
    X = np.column_stack([X, X[:, 0] + 1e-5 * X[:, 3]])
    exact = oracle.LinearRegression(tol=1e-15).fit(X, y)
    ours = LinearRegression(tol=1e-15).fit(X, y)
    np.testing.assert_allclose(ours.predict(X), exact.predict(X), atol=1e-9 * np.ptp(y))
    ridge = Ridge(1e-10).fit(X, y)
    assert ridge.solver_ == "svd"
    np.testing.assert_allclose(
        ridge.coef_, oracle.Ridge(1e-10, solver="svd").fit(X, y).coef_, rtol=1e-5
    )


def test_a_column_far_from_zero():
    X, y = problem(500, 3, mean=0.0)
    near = LinearRegression().fit(X, y).coef_
    np.testing.assert_allclose(LinearRegression().fit(X + 1e7, y).coef_, near, rtol=1e-6)


def test_the_warning_names_the_column_and_the_remedy():
    X, y = problem(100, 5, mean=0.0)
    X[:, 3] *= 1e6
    with pytest.warns(ConvergenceWarning, match=r"Column 3 varies .* scale the columns"):
        Lasso(1e-3, tol=1e-15, max_iter=2).fit(X, y)
    X, y = problem(100, 5, mean=0.0)
    X[:, 4] = X[:, 1] + 1e-4 * X[:, 2]
    with pytest.warns(ConvergenceWarning, match=r"Columns 1 and 4 are collinear .* raise alpha"):
        ElasticNet(1e-6, tol=1e-15, max_iter=3).fit(X, y)


@pytest.mark.parametrize("model", [Lasso(alpha=1e9), ElasticNet(alpha=1e9, l1_ratio=0.5)], ids=repr)
def test_a_penalty_that_leaves_nothing(model):
    X, y = problem()
    assert not model.fit(X, y).coef_.any()
    assert model.intercept_ == pytest.approx(y.mean())
    assert model.n_iter_ >= 1


def test_a_constant_target():
    X, _ = problem()
    for model in (LinearRegression(), Ridge(), Lasso(), ElasticNet()):
        assert not model.fit(X, np.full(len(X), 4.0)).coef_.any()
        assert model.intercept_ == 4.0


def test_warm_start():
    X, y = problem(200, 30)
    model = Lasso(0.01, warm_start=True, tol=1e-10, max_iter=100_000).fit(X, y)
    first, cold = model.n_iter_, model.coef_
    again = model.fit(X, y)
    assert again.n_iter_ < first
    np.testing.assert_allclose(again.coef_, cold, atol=1e-6)
    model.set_params(alpha=0.02).fit(X, y)
    expected = Lasso(0.02, tol=1e-10, max_iter=100_000).fit(X, y).coef_
    np.testing.assert_allclose(model.coef_, expected, atol=1e-6)
    assert model.fit(X[:, :5], y).coef_.shape == (5,)


def test_max_iter_is_obeyed():
    X, y = problem(100, 40)
    with pytest.warns(ConvergenceWarning, match="max_iter=3"):
        assert Lasso(1e-4, max_iter=3, tol=1e-12).fit(X, y).n_iter_ == 3


def test_a_search_tells_once_of_fits_that_did_not_converge():
    X, y = problem(100, 40)
    search = GridSearchCV(Lasso(max_iter=1, tol=1e-12), {"alpha": [1e-4, 1e-3]}, cv=3, refit=False)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        search.fit(X, y)
    assert [w.category for w in caught] == [ConvergenceWarning]
    assert str(caught[0].message).startswith("6 fits did not converge")


def test_precompute_of_another_shape():
    X, y = problem()
    Lasso(precompute=X.T @ X).fit(X, y)
    with pytest.raises(ValueError, match=r"precompute has shape \(3, 3\)"):
        Lasso(precompute=np.eye(3)).fit(X, y)


def test_sparse_coef():
    X, y = problem(t=2)
    model = Lasso(1.0).fit(X, y)
    np.testing.assert_array_equal(model.sparse_coef_.toarray(), model.coef_)


@pytest.mark.parametrize("shape", [(10_300, 10_100), (10_100, 10_300)], ids=str)
def test_very_many_rows_and_columns(shape):
    """Products of all rows or columns would take a gigabyte; the sparse X takes a megabyte."""
    rng = np.random.default_rng(0)
    X = random_array(shape, density=1e-3, format="csr", rng=rng)
    y = X @ rng.normal(size=shape[1]) + 0.1 * rng.normal(size=shape[0])
    model = Ridge(0.5).fit(X, y)
    residual = y - model.predict(X)
    gradient = X.T @ residual - X.mean(axis=0) * residual.sum() - 0.5 * model.coef_
    assert np.linalg.norm(gradient) <= 1e-7 * np.linalg.norm(X.T @ y)
    lasso = Lasso(8e-4, tol=1e-6).fit(X, y)
    assert 0 < lasso.sparse_coef_.nnz < shape[1]
    assert lasso.dual_gap_ <= 1e-6 * np.sum((y - y.mean()) ** 2) / shape[0]


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX systems")
def test_a_long_search_is_interrupted():
    script = """
import numpy as np, setpoint
X = np.random.default_rng(0).normal(size=(2000, 400))
y = X.sum(axis=1)
search = setpoint.GridSearchCV(
    setpoint.Lasso(tol=0.0, max_iter=10**9), {"alpha": list(np.logspace(-9, 0, 3000))}, cv=3
)
print("ready", flush=True)
try:
    search.fit(X, y)
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout.readline() == "ready\n"
        time.sleep(0.5)
        child.send_signal(signal.SIGINT)
        start = time.perf_counter()
        assert child.stdout.readline() == "interrupted\n"
        assert time.perf_counter() - start < 2.0


@pytest.mark.parametrize("kind", [LinearRegression, Ridge])
def test_the_best_of_a_search_is_the_fit_of_all_rows(kind):
    X, y = load_diabetes(return_X_y=True)
    weights = np.linspace(0.0, 2.0, len(y))
    grid = {"alpha": np.logspace(-3, 1, 7)} if kind is Ridge else {"fit_intercept": [True, False]}
    search = GridSearchCV(kind(), grid, cv=5).fit(X, y, sample_weight=weights)
    alone = kind(**search.best_params_).fit(X, y, sample_weight=weights)
    np.testing.assert_allclose(search.best_estimator_.coef_, alone.coef_, rtol=1e-9)
    np.testing.assert_allclose(search.predict(X), alone.predict(X), rtol=1e-9)
    assert vars(search.best_estimator_).keys() == vars(alone).keys()


def test_a_search_on_some_rows_fits_the_best_on_all():
    X, y = load_diabetes(return_X_y=True)
    some = [(np.arange(50, 150), np.arange(50)), (np.arange(100, 150), np.arange(50, 100))]
    search = GridSearchCV(Ridge(), {"alpha": [0.1, 1.0]}, cv=some).fit(X, y)
    alone = Ridge(**search.best_params_).fit(X, y)
    np.testing.assert_allclose(search.best_estimator_.coef_, alone.coef_, rtol=1e-9)


SQUARES = {
    "r2": r2_score,
    "neg_mean_squared_error": lambda y, p: -mean_squared_error(y, p),
    "neg_root_mean_squared_error": lambda y, p: -root_mean_squared_error(y, p),
}


@pytest.mark.parametrize("noise", [1.0, 1e-3, 0.0])
@pytest.mark.parametrize("offset", [0.0, 1e4])
@pytest.mark.parametrize("kind", [Ridge, Lasso])
def test_scores_from_sums_of_products_are_those_of_the_predictions(kind, offset, noise):
    """Errors on rows held out come from sums where these are exact enough, also far from 0."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 6)) + offset
    y = X @ rng.normal(size=6) + noise * rng.normal(size=400) + offset
    grid = {"alpha": [1e-6, 1e-3, 1.0, 100.0]}
    by_predictions = {
        name: make_scorer(lambda y, p, own=score: own(y, p)) for name, score in SQUARES.items()
    }
    for cv in (KFold(4, shuffle=True, random_state=1), ShuffleSplit(3, random_state=0)):
        given = {"cv": cv, "refit": False}
        found = GridSearchCV(kind(), grid, scoring=list(SQUARES), **given).fit(X, y).cv_results_
        other = GridSearchCV(kind(), grid, scoring=by_predictions, **given).fit(X, y).cv_results_
        for name in found:
            if name.startswith(("split", "mean_test", "std_test")):
                np.testing.assert_allclose(found[name], other[name], rtol=1e-8, err_msg=name)
