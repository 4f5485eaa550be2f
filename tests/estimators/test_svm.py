"""Support vector machines with kernels: the optimality conditions, LIBSVM as an oracle, semantics.

What holds for all families is in ``contracts``; machines without a kernel are in
``test_linear_svm``.
"""

import pickle
import warnings
from itertools import combinations, pairwise

import numpy as np
import pytest
import sklearn.svm
from scipy.sparse import csr_array, issparse
from sklearn.base import clone
from sklearn.datasets import load_iris, make_classification
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import log_loss
from sklearn.metrics.pairwise import pairwise_kernels
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import setpoint
from setpoint import SVC, SVR, GridSearchCV, NuSVC, NuSVR, OneClassSVM

KERNELS = {
    "rbf": {"gamma": 0.2},
    "linear": {},
    "poly": {"gamma": 0.1, "coef0": 1.0},
    "sigmoid": {"gamma": 0.02, "coef0": 0.1},
}


def classes(seed, k=2, n=300, d=6, noise=1.0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d))
    y = (X @ rng.normal(size=(d, k)) + noise * rng.normal(size=(n, k))).argmax(axis=1)
    return X, y, rng.random(n) + 0.2


def numbers(seed, n=300, d=5):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d))
    return X, np.sin(2 * X[:, 0]) + X[:, 1] + 0.2 * rng.normal(size=n), rng.random(n) + 0.2


def gram(model, X, Z=None):
    known = {"gamma": model._gamma, "coef0": model.coef0, "degree": model.degree}
    known = known if model.kernel in ("poly", "sigmoid") else {"gamma": model._gamma}
    known = {} if model.kernel == "linear" else known
    if model.kernel != "poly":
        known.pop("degree", None)
    return pairwise_kernels(X, X if Z is None else Z, metric=model.kernel, **known)


def dense(array):
    return array.toarray() if issparse(array) else array


def coefficients(model, n):
    """Signed dual coefficients of two classes or a regression, by row."""
    b = np.zeros(n)
    b[model.support_] = dense(model.dual_coef_)[0]
    return b


# The solution.


@pytest.mark.parametrize("seed", range(20))
def test_dual_objective_is_that_of_libsvm(seed):
    kernel = list(KERNELS)[seed % 4]
    X, y, weight = classes(seed, n=100 + 40 * seed)
    # A sigmoid is no inner product: with a large C it has several solutions.
    C = 10.0 ** min(seed // 4 - 2, 0 if kernel == "sigmoid" else 1)
    params = {"C": C, "kernel": kernel, "tol": 1e-4, **KERNELS[kernel]}
    objectives = []
    for kind in (SVC, sklearn.svm.SVC):
        model = kind(**params).fit(X, y, sample_weight=weight)
        b = coefficients(model, len(X))
        objectives.append(0.5 * b @ gram(model, X) @ b - np.abs(b).sum())
        assert abs(b.sum()) < 1e-9 * np.abs(b).sum()
        assert (np.abs(b) <= params["C"] * weight * (1 + 1e-12)).all()
        assert (b * (2 * y - 1) >= 0).all()
    assert objectives[0] == pytest.approx(objectives[1], rel=1e-6)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("seed", range(3))
def test_optimality_conditions_of_classes(kernel, seed):
    X, y, weight = classes(seed, n=250)
    model = SVC(C=3.0, kernel=kernel, **KERNELS[kernel]).fit(X, y, sample_weight=weight)
    b, sign, most = coefficients(model, len(X)), 2 * y - 1, 3.0 * weight
    loss = 1 - sign * (gram(model, X) @ b + model.intercept_[0])
    slack = 1.1 * model.tol
    assert (loss[np.abs(b) < most * (1 - 1e-12)] <= slack).all()
    assert (loss[np.abs(b) > 0] >= -slack).all()
    # The gap is that between the primal and the dual objective.
    half = 0.5 * b @ gram(model, X) @ b
    gap = half + (most * np.maximum(loss, 0)).sum() - (np.abs(b).sum() - half)
    np.testing.assert_allclose(model.dual_gap_[0], gap, atol=1e-4 * half)


@pytest.mark.parametrize("seed", range(4))
def test_optimality_conditions_of_numbers(seed):
    X, y, weight = numbers(seed)
    model = SVR(C=2.0, epsilon=0.1, gamma=0.3).fit(X, y, sample_weight=weight)
    b, most = coefficients(model, len(X)), 2.0 * weight
    rest = y - gram(model, X) @ b - model.intercept_[0]
    slack = 1.1 * model.tol
    assert abs(b.sum()) < 1e-9
    assert (rest[b < most * (1 - 1e-12)] <= 0.1 + slack).all()
    assert (rest[b > -most * (1 - 1e-12)] >= -0.1 - slack).all()
    assert (rest[b > 0] >= 0.1 - slack).all()
    assert (rest[b < 0] <= -0.1 + slack).all()
    half = 0.5 * b @ gram(model, X) @ b
    losses = (most * np.maximum(np.abs(rest) - 0.1, 0)).sum()
    gap = half + losses - (y @ b - 0.1 * np.abs(b).sum() - half)
    assert model.dual_gap_ == pytest.approx(gap, abs=1e-4 * half)


def test_more_rows_than_work_at_a_time():
    """Thousands of rows go through many rounds; the answer is LIBSVM's all the same."""
    X, y = make_classification(3000, 10, flip_y=0.05, random_state=0)
    for C in (0.5, 50.0):
        ours, theirs = (kind(C=C).fit(X, y) for kind in (SVC, sklearn.svm.SVC))
        np.testing.assert_allclose(
            ours.decision_function(X), theirs.decision_function(X), atol=5e-3
        )
        assert len(np.setxor1d(ours.support_, theirs.support_)) < 0.01 * len(theirs.support_)


@pytest.mark.parametrize("cache_size", [0.01, 1.0])
def test_little_memory_gives_the_same_model(cache_size):
    X, y = make_classification(1500, 8, flip_y=0.1, random_state=1)
    plain, small = (SVC(tol=1e-6, cache_size=size).fit(X, y) for size in (200, cache_size))
    np.testing.assert_allclose(small.decision_function(X), plain.decision_function(X), atol=1e-5)


# Precision. float32 rows alone would leave these at 1e-6 or so, after any number of steps.


def flat(seed, n=60):
    """More rows than a kernel of one column can tell apart."""
    rng = np.random.default_rng(seed)
    X = 3.0 * rng.normal(size=(n, 1))
    return X, X[:, 0] + 2.0 * rng.normal(size=n), rng.random(n) + 0.2


FLAT = {
    "linear": {"kernel": "linear"},
    "square": {"kernel": "poly", "degree": 2, "gamma": 0.5},
    "cube": {"kernel": "poly", "degree": 3, "gamma": 0.5, "coef0": 0.5},
}


@pytest.mark.parametrize("C", [0.5, 20.0])
@pytest.mark.parametrize("kernel", FLAT)
def test_flat_directions_of_classes(kernel, C):
    X, t, weight = flat(0)
    y = (t > 0).astype(int)
    model = SVC(C=C, tol=1e-8, **FLAT[kernel]).fit(X, y, sample_weight=weight)
    assert model.fit_status_ == 0
    assert model.n_iter_[0] < 1_000_000
    b, sign, most = coefficients(model, len(X)), 2 * y - 1, C * weight
    loss = 1 - sign * (gram(model, X) @ b + model.intercept_[0])
    assert (loss[np.abs(b) < most] <= 1.1e-8).all()
    assert (loss[np.abs(b) > 0] >= -1.1e-8).all()


@pytest.mark.parametrize("offset", [0.0, 1e6])
@pytest.mark.parametrize("kernel", FLAT)
def test_flat_directions_of_numbers(kernel, offset):
    X, y, weight = flat(1)
    y = y + offset
    model = NuSVR(nu=0.1, C=5.0, tol=1e-8, **FLAT[kernel]).fit(X, y, sample_weight=weight)
    assert model.fit_status_ == 0
    assert model.n_iter_ < 1_000_000
    b, most = coefficients(model, len(X)), 5.0 * weight
    rest = y - gram(model, X) @ b - model.intercept_[0]
    # nu chooses epsilon: free rows are as far off as it says, and bounded ones farther.
    size = np.abs(rest)
    free, bound = (b != 0) & (np.abs(b) < most), np.abs(b) == most
    assert free.any()
    slack = 2.2e-8 + 1e-14 * offset
    np.testing.assert_allclose(size[free], size[free].mean(), rtol=0, atol=slack)
    assert (size[bound] >= size[free].mean() - slack).all()
    assert (size[b == 0] <= size[free].mean() + slack).all()
    assert (rest * b >= 0).all()


def test_far_targets_move_the_intercept_only():
    X, y, weight = numbers(0)
    y = np.round(y * 1024) / 1024
    for kind in (SVR, NuSVR):
        near, far = (
            kind(tol=1e-8, C=5.0).fit(X, y + offset, sample_weight=weight) for offset in (0.0, 2e6)
        )
        np.testing.assert_array_equal(near.support_, far.support_)
        np.testing.assert_allclose(near.dual_coef_, far.dual_coef_, rtol=0, atol=1e-6)
        assert near.intercept_[0] == pytest.approx(far.intercept_[0] - 2e6, abs=1e-7)


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("kernel", ["linear", "poly", "precomputed"])
def test_decisions_are_of_float64_where_values_are_large(kernel, sparse):
    X, y, _ = classes(4, k=3)
    X = 30.0 * X
    more = {"gamma": 0.1, "coef0": 1.0} if kernel == "poly" else {}
    model = SVC(kernel=kernel, decision_function_shape="ovo", **more)
    if kernel == "precomputed":
        K = X @ X.T
        got = model.fit(K, y).decision_function(K)
    else:
        rows = csr_array(X) if sparse else X
        got = model.fit(rows, y).decision_function(rows)
        K = gram(model, X)
    starts = np.r_[0, np.cumsum(model.n_support_)]
    coef, of = dense(model.dual_coef_), [slice(*ends) for ends in pairwise(starts)]
    expected = [
        K[:, model.support_[of[i]]] @ coef[j - 1, of[i]]
        + K[:, model.support_[of[j]]] @ coef[i, of[j]]
        for i, j in combinations(range(3), 2)
    ]
    expected = np.transpose(expected) + model.intercept_
    np.testing.assert_allclose(got, expected, rtol=0, atol=1e-10 * np.abs(K).max())


# Semantics.


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("k", [2, 3, 4])
def test_as_scikit_learn(kernel, k):
    X, y, weight = classes(k, k=k)
    params = {"C": 2.0, "kernel": kernel, "tol": 1e-6, **KERNELS[kernel]}
    for shape, break_ties in (("ovr", False), ("ovr", True), ("ovo", False)):
        more = {"decision_function_shape": shape, "break_ties": break_ties}
        ours, theirs = (
            kind(**params, **more).fit(X, y, sample_weight=weight)
            for kind in (SVC, sklearn.svm.SVC)
        )
        np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))
        if shape == "ovo":
            close = {"rtol": 0, "atol": 2e-5}
            got, expected = ours.decision_function(X), theirs.decision_function(X)
            np.testing.assert_allclose(got, expected, **close)
            np.testing.assert_allclose(ours.intercept_, theirs.intercept_, **close)
    np.testing.assert_array_equal(ours.support_, theirs.support_)
    np.testing.assert_array_equal(ours.n_support_, theirs.n_support_)
    np.testing.assert_array_equal(ours.support_vectors_, theirs.support_vectors_)
    assert ours.dual_coef_.shape == theirs.dual_coef_.shape
    assert ours.n_iter_.shape == theirs.n_iter_.shape
    assert (ours.shape_fit_, ours.fit_status_) == (theirs.shape_fit_, theirs.fit_status_)
    if kernel == "linear":
        np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-4)
        assert not ours.coef_.flags.writeable
    else:
        assert not hasattr(ours, "coef_")


def test_break_ties_needs_a_value_for_each_class():
    X, y, _ = classes(0, k=3)
    model = SVC(break_ties=True, decision_function_shape="ovo").fit(X, y)
    with pytest.raises(ValueError, match="break_ties must be False"):
        model.predict(X)


@pytest.mark.parametrize("class_weight", ["balanced", {0: 5.0, 1: 0.5}])
def test_class_weight(class_weight):
    X, y, weight = classes(3, k=3)
    ours, theirs = (
        kind(class_weight=class_weight, tol=1e-6, decision_function_shape="ovo").fit(
            X, y, sample_weight=weight
        )
        for kind in (SVC, sklearn.svm.SVC)
    )
    np.testing.assert_allclose(ours.class_weight_, theirs.class_weight_)
    np.testing.assert_allclose(ours.decision_function(X), theirs.decision_function(X), atol=2e-5)


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("SVR", {"C": 3.0}),
        ("SVR", {"kernel": "linear", "epsilon": 0.5}),
        ("NuSVR", {"nu": 0.4}),
        ("NuSVC", {"nu": 0.3}),
        ("OneClassSVM", {"nu": 0.2}),
    ],
)
def test_the_other_machines_as_scikit_learn(name, params):
    X, y, weight = numbers(5)
    y = np.searchsorted([-0.5, 0.7], y) if name == "NuSVC" else y
    ours, theirs = (
        getattr(module, name)(**params, tol=1e-6).fit(X, y, sample_weight=weight)
        for module in (setpoint, sklearn.svm)
    )
    method = "predict" if name.endswith("R") else "decision_function"
    got, expected = (getattr(model, method)(X) for model in (ours, theirs))
    np.testing.assert_allclose(got, expected, atol=3e-5)
    np.testing.assert_array_equal(ours.n_support_, theirs.n_support_)
    assert np.ndim(ours.n_iter_) == np.ndim(theirs.n_iter_)


def test_nu_that_no_weights_can_meet():
    X, y, _ = classes(0)
    y = (np.arange(len(y)) < 5).astype(int)
    with pytest.raises(ValueError, match="specified nu is infeasible"):
        NuSVC(nu=0.9).fit(X, y)


def test_callable_and_precomputed_kernels():
    X, y, _ = classes(7, k=3)
    plain = SVC(kernel="rbf", gamma=0.3, tol=1e-8).fit(X[:200], y[:200])

    def kernel(A, B):
        return pairwise_kernels(A, B, metric="rbf", gamma=0.3)

    called = SVC(kernel=kernel, tol=1e-8).fit(X[:200], y[:200])
    given = SVC(kernel="precomputed", tol=1e-8).fit(kernel(X[:200], X[:200]), y[:200])
    expected = plain.decision_function(X[200:])
    close = {"rtol": 0, "atol": 1e-5}
    np.testing.assert_allclose(called.decision_function(X[200:]), expected, **close)
    rows = kernel(X[200:], X[:200])
    np.testing.assert_allclose(given.decision_function(rows), expected, **close)
    again = pickle.loads(pickle.dumps(given))
    np.testing.assert_array_equal(again.decision_function(rows), given.decision_function(rows))
    with pytest.raises(ValueError, match="square matrix"):
        SVC(kernel="precomputed").fit(X, y)
    with pytest.raises(TypeError, match="Sparse precomputed"):
        SVC(kernel="precomputed").fit(csr_array(kernel(X, X)), y)
    search = GridSearchCV(SVC(kernel="precomputed"), {"C": [0.1, 1.0]}, cv=3)
    search.fit(kernel(X, X), y)
    same = GridSearchCV(SVC(gamma=0.3), {"C": [0.1, 1.0]}, cv=3).fit(X, y)
    scores = [s.cv_results_["mean_test_score"] for s in (search, same)]
    np.testing.assert_allclose(*scores, atol=0.01)


@pytest.mark.parametrize("kind", [SVC, SVR, NuSVC, NuSVR, OneClassSVM])
def test_sparse_is_dense(kind):
    X, y, _ = classes(1, k=3)
    X[np.abs(X) < 0.8] = 0.0
    params = {"tol": 1e-8, "gamma": 0.2}
    if kind in (NuSVC, NuSVR, OneClassSVM):
        params["nu"] = 0.2
    full, sparse = kind(**params).fit(X, y), kind(**params).fit(csr_array(X), y)
    method = "predict" if kind in (SVR, NuSVR) else "decision_function"
    expected = getattr(full, method)(X)
    for rows in (X, csr_array(X)):
        np.testing.assert_allclose(getattr(sparse, method)(rows), expected, atol=1e-5)
        np.testing.assert_allclose(getattr(full, method)(rows), expected, atol=1e-9)
    assert issparse(sparse.support_vectors_)
    np.testing.assert_array_equal(sparse.support_vectors_.toarray(), X[sparse.support_])


# Stopping.


def test_max_iter_is_honest():
    X, y, _ = classes(2)
    with pytest.warns(ConvergenceWarning, match="terminated early after 7 iterations"):
        model = SVC(max_iter=7).fit(X, y)
    assert model.n_iter_ == [7]
    assert model.fit_status_ == 1
    assert SVC().fit(X, y).fit_status_ == 0


def test_unscaled_columns_are_named():
    """LIBSVM hangs on such data."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 4)) * [1.0, 1e5, 1.0, 1e-2]
    y = (X[:, 0] + rng.normal(size=400) > 0).astype(int)
    with pytest.warns(ConvergenceWarning, match=r"column 1\).*StandardScaler"):
        SVC(kernel="linear", C=10.0, max_iter=100_000).fit(X, y)
    with pytest.raises(ValueError, match=r"too large for float32.*StandardScaler"):
        SVC(kernel="poly", degree=8, gamma=1.0).fit(X, y)


# Probabilities.


@pytest.mark.parametrize("how", [True, "sigmoid", "isotonic"])
@pytest.mark.parametrize("k", [2, 4])
def test_probabilities(how, k):
    X, y, _ = classes(11, k=k, n=600)
    model = SVC(probability=how, random_state=0).fit(X[:400], y[:400])
    proba = model.predict_proba(X[400:])
    np.testing.assert_allclose(proba.sum(axis=1), 1.0)
    np.testing.assert_array_equal(model.predict_log_proba(X[400:]), np.log(proba))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        theirs = sklearn.svm.SVC(probability=True, random_state=0).fit(X[:400], y[:400])
    loss = log_loss(y[400:], proba)
    assert how == "isotonic" or loss < 1.15 * log_loss(y[400:], theirs.predict_proba(X[400:]))
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict_proba(X[400:]), proba)


def test_probabilities_come_from_rows_left_out():
    """Platt's sigmoid of decision values of other folds, with a fit from scratch for each."""
    X, y, _ = classes(12, n=400)
    model = SVC(probability=True, random_state=0).fit(X, y)
    left_out = cross_val_predict(SVC(), X, y, method="decision_function", cv=5)
    a, b = model.probA_[0], model.probB_[0]
    t = (left_out[:, None] * [1.0] + 0.0)[:, 0]
    from sklearn.calibration import _SigmoidCalibration

    other = _SigmoidCalibration().fit(t, y)
    assert a == pytest.approx(other.a_, rel=0.15)
    assert b == pytest.approx(other.b_, abs=0.15)


def test_no_probabilities_unless_asked_for():
    X, y, _ = classes(0)
    model = SVC().fit(X, y)
    assert not hasattr(model, "predict_proba")
    with pytest.raises(AttributeError, match="probability=False"):
        model.set_params(probability=True).predict_proba(X)


# Searches.


@pytest.mark.parametrize("k", [2, 3])
def test_a_search_is_swept_and_scores_as_scikit_learn(k):
    X, y, _ = classes(4, k=k, n=200)
    grid = {"C": [0.1, 1.0, 30.0], "gamma": ["scale", 0.05, 0.5]}
    ours = GridSearchCV(SVC(), grid, cv=4).fit(X, y)
    assert ours.n_fits_ == 9 * 4
    from sklearn.model_selection import GridSearchCV as Ordinary

    theirs = Ordinary(sklearn.svm.SVC(), grid, cv=4).fit(X, y)
    got, expected = (s.cv_results_["mean_test_score"] for s in (ours, theirs))
    np.testing.assert_allclose(got, expected, atol=0.01)


@pytest.mark.parametrize("k", [2, 3])
def test_a_search_over_nu_gives_what_each_gets_alone(k):
    X, y, weight = classes(8, k=k, n=240, noise=0.3)
    model, grid = NuSVC(tol=1e-7, decision_function_shape="ovo"), {"nu": [0.3, 0.5]}
    folds = [(np.arange(120), np.arange(120, 240)), (np.arange(120, 240), np.arange(120))]
    data = model._sweep_data(X, y, weight)
    settings = [{"nu": nu, "gamma": gamma} for nu in grid["nu"] for gamma in ("scale", 0.3)]
    answer = setpoint._core.sweep(
        model._family,
        data,
        folds=folds,
        candidates=[model._sweep_candidate(params, data) for params in settings],
        metrics=[],
        train_metrics=False,
        keep_models=False,
        keep_predictions=True,
        n_threads=2,
        time_limit=None,
        progress=None,
    )
    for c, params in enumerate(settings):
        for f, (train, test) in enumerate(folds):
            alone = clone(model).set_params(**params).fit(X[train], y[train], weight[train])
            got = answer["predictions"][c][f].reshape(-1)
            expected = np.reshape(alone.decision_function(X[test]), -1)
            np.testing.assert_allclose(got, expected, atol=1e-5 * np.abs(expected).max())


@pytest.mark.parametrize("scoring", ["neg_log_loss", "roc_auc_ovr", "accuracy"])
def test_a_search_scores_probabilities(scoring):
    X, y, _ = classes(5, k=3, n=200)
    model = SVC(probability=True, random_state=0)
    folds = list(StratifiedKFold(3).split(X, y))
    grid = {"C": [0.5, 5.0]}
    search = GridSearchCV(model, grid, cv=folds, scoring=scoring, refit=False).fit(X, y)
    for c, params in enumerate(search.cv_results_["params"]):
        for f, (train, test) in enumerate(folds):
            alone = clone(model).set_params(**params).fit(X[train], y[train])
            score = search.scorer_(alone, X[test], y[test])
            assert search.cv_results_[f"split{f}_test_score"][c] == pytest.approx(score, abs=0.02)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


class CountingScaler(StandardScaler):
    fits = 0

    def fit(self, X, y=None, sample_weight=None):
        type(self).fits += 1
        return super().fit(X, y, sample_weight)


def test_a_pipeline_is_swept_with_its_scaler_fitted_once_a_fold():
    X, y = load_iris(return_X_y=True)
    CountingScaler.fits = 0
    pipeline = make_pipeline(CountingScaler(), SVC())
    grid = {"svc__C": [0.1, 1.0, 10.0], "svc__gamma": [0.01, 0.1, 1.0]}
    search = GridSearchCV(pipeline, grid, cv=5, refit=False).fit(X, y)
    assert CountingScaler.fits == 5
    assert search.n_fits_ == 9 * 5


# Files.


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize(
    "model",
    [
        SVC(probability=True, random_state=0),
        SVC(probability="isotonic", random_state=0, kernel="poly"),
        SVR(),
        NuSVC(nu=0.2),
        NuSVR(kernel="linear"),
        OneClassSVM(nu=0.2),
    ],
)
def test_saved_models_are_the_same(model, sparse, tmp_path):
    X, y, _ = classes(6, k=3, n=120)
    rows = csr_array(X) if sparse else X
    model = clone(model).fit(rows, y)
    model.save(tmp_path / "model")
    again = setpoint.load(tmp_path / "model")
    np.testing.assert_array_equal(again.predict(rows), model.predict(rows))
    if hasattr(model, "predict_proba"):
        np.testing.assert_array_equal(again.predict_proba(rows), model.predict_proba(rows))
    assert again.n_iter_ == pytest.approx(model.n_iter_)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("dual_coef", lambda a: a[:, :-1]),
        ("dual_coef", lambda a: a * np.nan),
        ("support_vectors", lambda a: a[:-1]),
        ("support_vectors", lambda a: a * np.inf),
        ("n_support", lambda a: a + 1),
        ("intercept", lambda a: a[:-1]),
        ("kind", lambda a: a * 0 + 99),
        ("kind", lambda a: a[:-1]),
        ("kernel", lambda a: a * np.nan),
        ("sigmoid", lambda a: a[:1]),
    ],
)
def test_damaged_states_are_refused(name, change):
    X, y, _ = classes(6, k=3, n=120)
    model = SVC(probability=True, random_state=0).fit(X, y)
    state = model._model.state()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        state[name] = np.ascontiguousarray(change(state[name]))
    with pytest.raises(ValueError):
        type(model._model).from_state(state)
