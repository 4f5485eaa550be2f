"""Logistic regression: its own semantics and attributes. The oracle is in test_logistic_oracle."""

import pickle
import warnings

import numpy as np
import pytest
from scipy.sparse import csr_array, issparse
from sklearn.datasets import load_breast_cancer, load_digits, load_iris
from sklearn.exceptions import ConvergenceWarning

import setpoint
from setpoint import GridSearchCV, LogisticRegression, _core

EXACT = {"tol": 1e-9, "max_iter": 500}


def noisy(n=300, d=6, k=2, seed=0, dtype=np.float64):
    """Classes that no plane separates, columns of different scales."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d)) * np.logspace(-1, 1, d) + rng.normal(size=d)
    scores = X @ (rng.normal(size=(d, k)) / np.logspace(-1, 1, d)[:, None])
    return X.astype(dtype), (scores + 2 * rng.gumbel(size=(n, k))).argmax(axis=1)


@pytest.mark.parametrize("k", [2, 3])
def test_shapes_and_types_are_those_of_scikit_learn(k):
    for dtype in (np.float32, np.float64):
        X, y = noisy(k=k, dtype=dtype)
        labels = np.array(["b", "a", "c"])[y]
        model = LogisticRegression().fit(X, labels)
        rows = 1 if k == 2 else k
        assert model.coef_.shape == (rows, 6) and model.coef_.dtype == dtype
        assert model.intercept_.shape == (rows,) and model.intercept_.dtype == dtype
        assert model.n_iter_.shape == (1,) and model.n_iter_.dtype == np.int32
        assert model.decision_function(X).shape == ((300,) if k == 2 else (300, k))
        assert model.predict_proba(X).shape == (300, k)
        np.testing.assert_allclose(np.exp(model.predict_log_proba(X)), model.predict_proba(X))
        assert set(model.predict(X)) <= set(labels)


def test_sparse_rows_give_the_same_as_dense_ones():
    for k in (2, 4):
        X, y = noisy(k=k)
        X[np.abs(X) < 1] = 0
        for params in ({}, {"l1_ratio": 1.0, "C": 0.1}, {"fit_intercept": False}):
            dense = LogisticRegression(**EXACT, **params).fit(X, y)
            for dtype in (np.float64, np.float32):
                sparse = LogisticRegression(**EXACT, **params).fit(csr_array(X.astype(dtype)), y)
                np.testing.assert_allclose(
                    sparse.predict_proba(csr_array(X)), dense.predict_proba(X), atol=1e-5
                )


def test_weights_are_repeated_rows():
    for k in (2, 3):
        X, y = noisy(k=k)
        times = np.random.default_rng(1).integers(0, 4, len(y))
        for params in ({}, {"l1_ratio": 0.5, "C": 0.1}, {"class_weight": "balanced"}):
            weighted = LogisticRegression(**EXACT, **params).fit(X, y, sample_weight=times)
            repeated = LogisticRegression(**EXACT, **params)
            repeated.fit(np.repeat(X, times, axis=0), np.repeat(y, times))
            np.testing.assert_allclose(weighted.coef_, repeated.coef_, rtol=1e-5, atol=1e-8)


def test_class_weights_are_row_weights():
    X, y = noisy(k=3)
    given = LogisticRegression(class_weight={0: 1.0, 1: 3.0, 2: 0.5}, **EXACT).fit(X, y)
    rows = LogisticRegression(**EXACT).fit(X, y, sample_weight=np.array([1.0, 3.0, 0.5])[y])
    np.testing.assert_allclose(given.coef_, rows.coef_, rtol=1e-6)
    with pytest.raises(ValueError, match=r"class_weight|classes"):
        LogisticRegression(class_weight={7: 1.0}).fit(X, y)


@pytest.mark.parametrize("k", [2, 3])
@pytest.mark.parametrize("l1_ratio", [0.0, 0.7])
def test_threads_and_scales_of_columns_change_nothing(k, l1_ratio):
    X, y = noisy(n=20_000, d=15, k=k)
    one, three = (LogisticRegression(l1_ratio=l1_ratio, n_jobs=n).fit(X, y) for n in (1, 3))
    np.testing.assert_array_equal(one.coef_, three.coef_)
    free = {"C": np.inf, "tol": 1e-10, "max_iter": 500}
    units = np.logspace(-6, 6, 15)
    plain, scaled = LogisticRegression(**free).fit(X, y), LogisticRegression(**free)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # of gradients in such units
        scaled.fit(X * units, y)
    np.testing.assert_allclose(scaled.predict_proba(X * units), plain.predict_proba(X), atol=1e-6)


def test_warm_start_goes_on():
    X, y = noisy(k=3)
    model = LogisticRegression(warm_start=True, C=0.5).fit(X, y)
    assert model.n_iter_[0] > 1
    once = model.coef_
    model.fit(X, y)
    assert model.n_iter_[0] <= 1
    np.testing.assert_allclose(model.coef_, once, atol=1e-3)
    cold = LogisticRegression(C=0.6).fit(X, y).n_iter_
    assert model.set_params(C=0.6).fit(X, y).n_iter_ < cold
    with pytest.raises(ValueError, match="start from"):
        model.fit(X[:, :3], y)
    np.testing.assert_allclose(model.coef_.shape, (3, 6))


def test_sparsify_leaves_predictions_as_they_are():
    X, y = noisy()
    model = LogisticRegression(l1_ratio=1.0, C=0.01).fit(X, y)
    assert (model.coef_ == 0).any()
    before = model.predict_proba(X)
    assert issparse(model.sparsify().coef_)
    np.testing.assert_array_equal(model.predict_proba(X), before)
    assert not issparse(model.densify().coef_)


def test_penalty_is_deprecated_as_in_scikit_learn():
    X, y = noisy()
    for penalty, modern in (
        ("l1", {"l1_ratio": 1.0}),
        ("l2", {}),
        (None, {"C": np.inf}),
    ):
        with pytest.warns(FutureWarning, match="penalty"):
            old = LogisticRegression(penalty).fit(X, y)
        np.testing.assert_array_equal(old.coef_, LogisticRegression(**modern).fit(X, y).coef_)
    with pytest.warns(FutureWarning, match="penalty"):
        old = LogisticRegression(penalty="elasticnet", l1_ratio=0.3).fit(X, y)
    np.testing.assert_array_equal(old.coef_, LogisticRegression(l1_ratio=0.3).fit(X, y).coef_)
    with pytest.warns(FutureWarning, match="l1_ratio=None"):
        old = LogisticRegression(l1_ratio=None).fit(X, y)
    np.testing.assert_array_equal(old.coef_, LogisticRegression().fit(X, y).coef_)
    with (
        pytest.warns(FutureWarning, match="penalty"),
        pytest.raises(ValueError, match="l1_ratio must be specified"),
    ):
        LogisticRegression(penalty="elasticnet", l1_ratio=None).fit(X, y)


def test_solvers_are_names_but_for_what_liblinear_means():
    X, y = noisy()
    plain = LogisticRegression().fit(X, y)
    for solver in ("newton-cg", "newton-cholesky", "sag", "saga"):
        np.testing.assert_array_equal(
            LogisticRegression(solver=solver).fit(X, y).coef_, plain.coef_
        )
    other = LogisticRegression(solver="liblinear", dual=True).fit(X, y)
    assert abs(other.intercept_[0]) != abs(plain.intercept_[0])
    with pytest.raises(ValueError, match="multiclass"):
        LogisticRegression(solver="liblinear").fit(*noisy(k=3))
    with pytest.raises(ValueError, match=r"C=np\.inf"):
        LogisticRegression(solver="liblinear", C=np.inf).fit(X, y)
    for params in ({}, {"solver": "liblinear", "l1_ratio": 1.0}):
        with pytest.raises(ValueError, match="dual"):
            LogisticRegression(dual=True, **params).fit(X, y)


def test_separable_classes_without_a_penalty_say_so():
    X = np.linspace(-1, 1, 40)[:, None]
    for k in (2, 3):
        y = np.digitize(X[:, 0], [0.0] if k == 2 else [-0.4, 0.3])
        model = LogisticRegression(C=np.inf)
        if k == 3:  # ordered classes on a line: a parabola parts them
            X = np.hstack([X, X**2])
        with pytest.warns(ConvergenceWarning, match="separable"):
            model.fit(X, y)
        assert np.isfinite(model.coef_).all() and np.isfinite(model.intercept_).all()
        assert model.score(X, y) == 1.0


def test_too_few_steps_name_the_columns_to_look_at():
    X, y = noisy()
    X = np.hstack([X, X[:, :1], np.full((len(y), 1), 3.0), X[:, 1:2] * 1e7])
    with pytest.warns(ConvergenceWarning) as caught:
        LogisticRegression(max_iter=1, C=np.inf).fit(X, y)
    text = str(caught[0].message)
    assert "max_iter" in text and "tol" in text
    assert "Column 7 is constant" in text
    assert "Column 8 varies" in text
    assert "Columns 6, 8 are made up by other columns" in text


def test_no_steps_leave_the_start():
    X, y = noisy()
    with pytest.warns(ConvergenceWarning, match="max_iter = 0"):
        model = LogisticRegression(max_iter=0).fit(X, y)
    assert model.n_iter_[0] == 0 and not model.coef_.any() and not model.intercept_.any()


def test_bad_input():
    X, y = noisy()
    with pytest.raises(ValueError, match="NaN"):
        LogisticRegression().fit(np.where(X > 1, np.nan, X), y)
    with pytest.raises(ValueError, match="class"):
        LogisticRegression().fit(X, np.zeros(len(y)))
    with pytest.raises(ValueError, match="weight"):
        LogisticRegression().fit(X, y, sample_weight=np.zeros(len(y)))
    with pytest.raises(ValueError, match="scale them"):
        LogisticRegression().fit(X * 1e305, y)
    with pytest.raises(ValueError, match=r"C must be a float in \(0, inf\]"):
        LogisticRegression(C=0.0).fit(X, y)


def test_more_columns_than_rows():
    X, _ = noisy(n=40, d=300)
    y = X[:, 0] > np.median(X[:, 0])
    for params in ({}, {"l1_ratio": 1.0}, {"l1_ratio": 0.5, "C": 10.0}):
        model = LogisticRegression(**params).fit(X, y)
        assert np.isfinite(model.coef_).all() and model.score(X, y) > 0.9


def test_constant_and_duplicate_columns_are_no_trouble():
    X, y = noisy()
    wide = np.hstack([X, X[:, :2], np.ones((len(y), 1))])
    for params in ({"C": np.inf}, {}, {"l1_ratio": 1.0}):
        model = LogisticRegression(**EXACT, **params).fit(wide, y)
        assert np.isfinite(model.coef_).all()
    free = {"C": np.inf, **EXACT}
    np.testing.assert_allclose(
        LogisticRegression(**free).fit(wide, y).predict_proba(wide),
        LogisticRegression(**free).fit(X, y).predict_proba(X),
        atol=1e-6,
    )


def test_saved_and_pickled_models_predict_the_same(tmp_path):
    X, y = load_iris(return_X_y=True)
    model = LogisticRegression().fit(X, y)
    model.save(tmp_path / "model.safetensors")
    for again in (
        setpoint.load(tmp_path / "model.safetensors"),
        pickle.loads(pickle.dumps(model)),
    ):
        np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))
        np.testing.assert_array_equal(again.coef_, model.coef_)
        np.testing.assert_array_equal(again.n_iter_, model.n_iter_)
    assert set(model.parameters_) == {"coef", "intercept"}


@pytest.mark.parametrize(
    ("load", "candidates"),
    [
        (load_digits, 8),
        (load_breast_cancer, 24),
    ],
)
def test_together_equals_alone_bit_for_bit(load, candidates):
    """On real data, many candidates: more than one pass serves at a time."""
    X, y = load(return_X_y=True)
    grid = [
        {"C": C, "l1_ratio": r, "class_weight": w, "fit_intercept": b, "tol": 1e-3}
        for C in (1e-3, 0.1, 10.0)
        for r in (0.0, 0.5)
        for w in (None, "balanced")
        for b in (True, False)
    ][:candidates]
    estimator = LogisticRegression()
    data = estimator._sweep_data(X, y)
    rows = np.arange(len(y))
    folds = [(rows[rows % 3 != f], rows[rows % 3 == f]) for f in range(2)]
    answer = _core.sweep(
        estimator._family,
        data,
        folds=folds,
        candidates=[estimator._sweep_candidate(each, data) for each in grid],
        metrics=["accuracy", "neg_log_loss"],
        train_metrics=True,
        keep_models=True,
        keep_predictions=True,
        n_threads=3,
        time_limit=None,
        progress=None,
    )
    for c, params in enumerate(grid):
        for f, (train, test) in enumerate(folds):
            alone = LogisticRegression(n_jobs=1, **params).fit(X[train], y[train])
            scores = np.asarray(alone.decision_function(X[test])).reshape(len(test), -1)
            np.testing.assert_array_equal(answer["predictions"][c][f], scores)
            np.testing.assert_array_equal(answer["models"][c][f].coef, alone.coef_)
            assert answer["scores"][c, f, 0] == alone.score(X[test], y[test])


def test_a_search_finds_what_scikit_learns_finds():
    from sklearn.linear_model import LogisticRegression as Peer
    from sklearn.model_selection import GridSearchCV as PeerSearch

    X, y = load_iris(return_X_y=True)
    grid = {"C": [0.01, 0.1, 1.0, 10.0], "fit_intercept": [True, False]}
    ours = GridSearchCV(LogisticRegression(tol=1e-8), grid, scoring="neg_log_loss").fit(X, y)
    peer = PeerSearch(Peer(tol=1e-8, solver="newton-cholesky"), grid, scoring="neg_log_loss")
    peer.fit(X, y)
    np.testing.assert_allclose(
        ours.cv_results_["mean_test_score"], peer.cv_results_["mean_test_score"], rtol=1e-6
    )
    assert ours.best_params_ == peer.best_params_
