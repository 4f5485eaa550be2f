"""The four forests' interface: scikit-learn's shapes, semantics and errors.

What trees are grown is in ``test_forest_oracle``; out-of-bag, warm start and early stopping in
``test_growth``; data frames and categories in ``test_columns``.
"""

import pickle
import warnings
from copy import deepcopy

import numpy as np
import pytest
import sklearn.ensemble
from scipy import sparse
from sklearn.datasets import load_diabetes, load_iris, make_multilabel_classification
from sklearn.exceptions import DataConversionWarning, NotFittedError
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from setpoint import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
    load,
)

CLASSIFIERS = [RandomForestClassifier, ExtraTreesClassifier]
REGRESSORS = [RandomForestRegressor, ExtraTreesRegressor]
ALL = CLASSIFIERS + REGRESSORS
each = pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
each_classifier = pytest.mark.parametrize("kind", CLASSIFIERS, ids=lambda kind: kind.__name__)
each_regressor = pytest.mark.parametrize("kind", REGRESSORS, ids=lambda kind: kind.__name__)

IRIS = load_iris(return_X_y=True)
DIABETES = load_diabetes(return_X_y=True)


def data_for(kind):
    return IRIS if kind in CLASSIFIERS else DIABETES


@each_classifier
def test_learns_classes(kind):
    X, y = IRIS
    names = np.array(["setosa", "versicolor", "virginica"])[y]
    model = kind(20, random_state=0).fit(X, names)
    assert model.score(X, names) > 0.98
    assert cross_val_score(model, X, y).mean() > 0.92
    assert model.classes_.tolist() == ["setosa", "versicolor", "virginica"]
    assert model.n_classes_ == 3
    proba = model.predict_proba(X)
    assert proba.shape == (150, 3)
    assert np.allclose(proba.sum(axis=1), 1)
    assert (model.predict(X) == model.classes_[proba.argmax(axis=1)]).all()
    with np.errstate(divide="ignore"):
        assert (model.predict_log_proba(X) == np.log(proba)).all()


@each_regressor
def test_learns_numbers(kind):
    X, y = DIABETES
    model = kind(20, random_state=0, max_features=0.5).fit(X, y)
    assert model.score(X, y) > 0.8
    assert cross_val_score(model, X, y).mean() > 0.3
    assert model.predict(X).shape == (442,)


@each
def test_fitted_attributes(kind):
    X, y = data_for(kind)
    model = kind(5, random_state=0)
    for name in ("estimators_", "feature_importances_", "parameters_", "n_features_in_"):
        assert not hasattr(model, name)
    with pytest.raises(NotFittedError):
        model.predict(X)
    assert model.fit(X, y) is model
    assert (model.n_features_in_, model.n_outputs_) == (X.shape[1], 1)
    assert len(model.estimators_) == 5
    assert model.feature_importances_.shape == (X.shape[1],)
    assert model.feature_importances_.sum() == pytest.approx(1)
    assert hasattr(model, "classes_") == (kind in CLASSIFIERS)


@each
def test_one_leaf_has_no_importances(kind):
    X = np.zeros((10, 3))
    y = np.arange(10) % 2
    assert (kind(3, random_state=0).fit(X, y).feature_importances_ == 0).all()


@each
def test_seeds(kind):
    X, y = data_for(kind)
    once = kind(5, random_state=3).fit(X, y).predict(X)
    assert (once == kind(5, random_state=3).fit(X, y).predict(X)).all()
    other = kind(5, random_state=4, max_features=2).fit(X, y)
    assert (other.apply(X) != kind(5, random_state=3, max_features=2).fit(X, y).apply(X)).any()
    # A RandomState is drawn from: the second fit differs from the first.
    first, second = (kind(5, random_state=np.random.RandomState(0)).fit(X, y) for _ in range(2))
    assert (first.apply(X) == second.apply(X)).all()
    assert (first.apply(X) != first.fit(X, y).apply(X)).any()
    fresh = kind(5).fit(X, y)
    assert (fresh.apply(X) != fresh.fit(X, y).apply(X)).any()


@each
@pytest.mark.parametrize("n_jobs", [1, 2, -1])
def test_the_number_of_threads_changes_nothing(kind, n_jobs):
    X, y = data_for(kind)
    one = kind(7, random_state=0, n_jobs=None).fit(X, y)
    other = kind(7, random_state=0, n_jobs=n_jobs).fit(X, y)
    for name, array in one.parameters_.items():
        assert np.array_equal(array, other.parameters_[name], equal_nan=True)
    assert np.array_equal(one.predict(X), other.predict(X))


@each
def test_every_kind_of_input_gives_the_same(kind):
    X, y = data_for(kind)
    X = X.astype(np.float32)
    model = kind(5, random_state=0).fit(X, y)
    expected = model.predict(X)
    for same in (
        X.astype(np.float64), np.asfortranarray(X), X.tolist(), sparse.csr_array(X),
        sparse.csc_matrix(X), np.repeat(X, 2, axis=0)[::2], X.astype(object),
    ):  # fmt: skip
        assert (model.predict(same) == expected).all()
        assert (kind(5, random_state=0).fit(same, y).predict(X) == expected).all()
    assert (model.predict(X[3:4]) == expected[3:4]).all()


@each
def test_missing_values(kind):
    X, y = data_for(kind)
    X = X.copy()
    X[::3, 0] = np.nan
    X[:, 1] = np.nan
    model = kind(10, random_state=0).fit(X, y)
    assert model.score(X, y) > 0.5
    assert np.isfinite(model.predict(X[:1]).astype(float)).all()


@each
def test_sparse_input_too_large_to_be_made_dense(kind):
    wide = sparse.csr_array((2, 2**60 // 8), dtype=np.float32)
    with pytest.raises(MemoryError, match=r"X is sparse.*GiB.*Select or project columns"):
        kind().fit(wide, [0, 1])


@each
def test_apply_and_decision_path_agree_with_the_views(kind):
    X, y = data_for(kind)
    model = kind(4, random_state=0).fit(X, y)
    leaves = model.apply(X)
    indicator, ends = model.decision_path(X)
    assert leaves.shape == (len(X), 4)
    assert indicator.format == "csr"
    for i, tree in enumerate(model.estimators_):
        single = X.astype(np.float32)
        assert (leaves[:, i] == tree.apply(single)).all()
        part = indicator[:, ends[i] : ends[i + 1]]
        assert (part != tree.decision_path(single)).nnz == 0


@each
def test_prediction_is_the_mean_over_the_views(kind):
    X, y = data_for(kind)
    model = kind(6, random_state=0).fit(X, y)
    method = "predict_proba" if kind in CLASSIFIERS else "predict"
    mean = np.mean([getattr(t, method)(X.astype(np.float32)) for t in model.estimators_], axis=0)
    assert np.allclose(getattr(model, method)(X), mean, rtol=1e-6)


@each_classifier
def test_several_outputs_of_classes(kind):
    X, y = make_multilabel_classification(80, 6, n_classes=3, random_state=0)
    y = y + np.array([0, 10, 20])
    y[::4, 2] = 25
    ours, theirs = (
        module(10, random_state=0).fit(X, y)
        for module in (kind, getattr(sklearn.ensemble, kind.__name__))
    )
    assert ours.n_outputs_ == 3
    assert [c.tolist() for c in ours.classes_] == [c.tolist() for c in theirs.classes_]
    assert list(ours.n_classes_) == list(theirs.n_classes_)
    assert ours.predict(X).shape == theirs.predict(X).shape
    assert ours.predict(X).dtype == theirs.predict(X).dtype
    for a, b in zip(ours.predict_proba(X), theirs.predict_proba(X), strict=True):
        assert a.shape == b.shape
        assert np.allclose(a.sum(axis=1), 1)
    assert isinstance(ours.predict_log_proba(X), list)
    assert (ours.predict(X) == y).mean() > 0.9


@each_regressor
def test_several_outputs_of_numbers(kind):
    X, y = DIABETES
    model = kind(10, random_state=0).fit(X, np.stack([y, -y, y * 0], axis=1))
    predicted = model.predict(X)
    assert predicted.shape == (442, 3)
    assert np.allclose(predicted[:, 0], -predicted[:, 1])
    assert (predicted[:, 2] == 0).all()


@each
def test_a_column_vector_as_target_warns(kind):
    X, y = data_for(kind)
    with pytest.warns(DataConversionWarning, match="column-vector y"):
        model = kind(3, random_state=0).fit(X, y[:, None])
    assert model.predict(X).shape == (len(X),)


@each_classifier
def test_one_class_is_predicted(kind):
    model = kind(3).fit([[0.0], [1.0]], ["a", "a"])
    assert model.predict([[5.0]]).tolist() == ["a"]
    assert model.predict_proba([[5.0]]).tolist() == [[1.0]]


@each_classifier
@pytest.mark.parametrize("class_weight", ["balanced", {0: 1.0, 1: 20.0, 2: 20.0}])
def test_class_weights_favour_the_rare(kind, class_weight):
    random = np.random.RandomState(0)
    X = random.rand(300, 1)
    y = (random.rand(300) < 0.1).astype(int) + (random.rand(300) < 0.01)
    plain = kind(20, random_state=0, max_depth=2).fit(X, y)
    weighted = kind(20, random_state=0, max_depth=2, class_weight=class_weight).fit(X, y)
    assert weighted.predict_proba(X)[:, 1].mean() > plain.predict_proba(X)[:, 1].mean() + 0.1


@each_classifier
def test_class_weights_that_do_not_fit_the_target(kind):
    X, y = IRIS
    two = np.stack([y, y], axis=1)
    for class_weight, target, message in [
        ({0: 1.0, 5: 2.0}, y, r"classes, \[1, 2\], are not in class_weight"),
        ({0: 1.0}, two, "class_weight should be a list of dicts.*one dict for 2 outputs"),
        ([{0: 1.0}], two, r"Got 1 element\(s\) while having 2 outputs"),
        (["balanced", "balanced"], two, "one dict .* for each output"),
    ]:
        with pytest.raises(ValueError, match=message):
            kind(3, class_weight=class_weight).fit(X, target)


@each_classifier
@pytest.mark.parametrize("preset", ["balanced", "balanced_subsample"])
def test_class_weight_presets_warn_under_warm_start(kind, preset):
    model = kind(3, random_state=0, class_weight=preset, warm_start=True)
    with pytest.warns(UserWarning, match="not recommended for warm_start"):
        model.fit(*IRIS)


@each_classifier
def test_balanced_subsample_without_bootstrap_is_balanced(kind):
    X, y = IRIS
    settings = {"random_state": 0, "bootstrap": False}
    one = kind(5, class_weight="balanced", **settings).fit(X[:120], y[:120])
    other = kind(5, class_weight="balanced_subsample", **settings).fit(X[:120], y[:120])
    assert (one.predict_proba(X) == other.predict_proba(X)).all()


@each
def test_monotonic_constraints(kind):
    random = np.random.RandomState(0)
    X = random.rand(400, 2)
    y = X[:, 0] + 0.3 * random.randn(400)
    y = (y > 0.5).astype(int) if kind in CLASSIFIERS else y
    model = kind(20, random_state=0, monotonic_cst=[1, 0]).fit(X, y)
    line = np.stack([np.linspace(0, 1, 50), np.full(50, 0.5)], axis=1)
    up = model.predict_proba(line)[:, 1] if kind in CLASSIFIERS else model.predict(line)
    assert (np.diff(up) >= -1e-12).all()
    assert up[-1] > up[0]


@each
def test_monotonic_constraints_that_make_no_sense(kind):
    X, y = data_for(kind)
    n = X.shape[1]
    for constraint, target, message in [
        ([1], y, f"monotonic_cst has shape 1 but the input data X has {n} features"),
        ([2] * n, y, "must be None or an array-like of -1, 0 or 1, but got"),
        ([1] * n, np.stack([y, y], axis=1), "not supported with multiple outputs"),
    ]:
        with pytest.raises(ValueError, match=message):
            kind(monotonic_cst=constraint).fit(X, target)
    if kind in CLASSIFIERS:
        with pytest.raises(ValueError, match="not supported with multiclass"):
            kind(monotonic_cst=[1] * n).fit(X, y)
    with pytest.raises(ValueError, match="Categorical features cannot have monotonic"):
        kind(monotonic_cst=[1] + [0] * (n - 1), categorical_features=[0]).fit(X, y > y.mean())


@each_regressor
def test_poisson_needs_counts(kind):
    X = np.arange(6.0)[:, None]
    kind(3, criterion="poisson").fit(X, [0, 1, 2, 3, 4, 5])
    with pytest.raises(ValueError, match="y are negative"):
        kind(criterion="poisson").fit(X, [0, 1, 2, 3, 4, -5])
    with pytest.raises(ValueError, match="Sum of y is not strictly positive"):
        kind(criterion="poisson").fit(X, [0] * 6)


@each
def test_pickle_and_deepcopy(kind):
    X, y = data_for(kind)
    model = kind(5, random_state=0, oob_score=kind.declarations()["bootstrap"].default)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        model.fit(X, y)
    for copy in (pickle.loads(pickle.dumps(model)), deepcopy(model)):
        assert np.array_equal(copy.predict(X), model.predict(X))
        assert copy.get_params() == model.get_params()
        assert all(
            np.array_equal(a, b)
            for a, b in zip(copy.estimators_samples_, model.estimators_samples_, strict=True)
        )
    assert pickle.loads(pickle.dumps(kind(3))).n_estimators == 3


@each
def test_a_failing_fit_leaves_the_earlier_one(kind):
    X, y = data_for(kind)
    model = kind(5, random_state=0).fit(X, y)
    before = model.predict(X)
    for bad in (lambda: model.fit(X[:, :2], y[:-1]), lambda: model.fit(X[:, :2], [None] * len(X))):
        with pytest.raises((ValueError, TypeError)):
            bad()
        assert np.array_equal(model.predict(X), before)
        assert model.n_features_in_ == X.shape[1]
    model.set_params(max_depth=0)
    with pytest.raises(ValueError, match="max_depth must be"):
        model.fit(X, y)
    assert np.array_equal(model.predict(X), before)


@each
def test_a_new_fit_forgets_the_earlier_one(kind):
    pandas = pytest.importorskip("pandas")
    X, y = data_for(kind)
    model = kind(5, random_state=0, bootstrap=True, oob_score=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        model.fit(pandas.DataFrame(X, columns=[f"c{i}" for i in range(X.shape[1])]), y)
    assert model.feature_names_in_[0] == "c0"
    model.set_params(oob_score=False).fit(X[:, :2], y)
    assert not hasattr(model, "feature_names_in_")
    assert not hasattr(model, "oob_score_")
    assert model.n_features_in_ == 2


@each
def test_tables(kind):
    X, y = data_for(kind)
    model = kind(5, max_depth=3, random_state=0)
    assert model.hyperparameters.max_depth == 3
    model.fit(X, y)
    assert model.hyperparameters["max_depth"] == 3
    assert str(model.hyperparameters).startswith(f"{kind.__name__}: ")
    learned = model.parameters_
    nodes = int(learned["tree_offsets"][-1])
    assert learned["tree_offsets"].shape == (6,)
    for name in ("feature", "threshold", "children_left", "children_right"):
        assert learned.shapes[name] == (nodes,)
    assert learned["value"].shape[0] == nodes
    assert learned.total == sum(array.size for array in learned.values())
    assert "<table>" in learned._repr_html_()
    assert "<table>" in model.hyperparameters._repr_html_()
    assert kind.__name__ in model._repr_html_()


@each
@pytest.mark.parametrize("early_stopping", [np.False_, np.True_])
def test_hyperparameters_may_be_numbers_of_numpy(kind, early_stopping, tmp_path):
    X, y = data_for(kind)
    plain = {
        "n_estimators": 6, "max_depth": 4, "min_samples_split": 0.02, "min_samples_leaf": 2,
        "min_impurity_decrease": 0.0, "max_leaf_nodes": 9, "ccp_alpha": 0.001, "max_samples": 50,
        "random_state": 3, "n_jobs": 1, "bootstrap": True, "n_iter_no_change": 3, "tol": 0.1,
        "early_stopping": bool(early_stopping), "verbose": 0, "max_bins": 99,
    }  # fmt: skip
    numpy = {name: np.asarray(value)[()] for name, value in plain.items()}
    assert all(isinstance(value, np.generic) for value in numpy.values())
    expected = kind(**plain).fit(X, y)
    model = kind(**numpy).fit(X, y)
    assert np.array_equal(model.predict(X), expected.predict(X))
    model.save(tmp_path / "m")
    assert np.array_equal(load(tmp_path / "m").predict(X), expected.predict(X))


@each
def test_in_a_pipeline(kind):
    X, y = data_for(kind)
    pipeline = make_pipeline(StandardScaler(), kind(5, random_state=0)).fit(X, y)
    assert pipeline.predict(X).shape == (len(X),)


@each
def test_progress_bar(kind, capsys):
    X, y = data_for(kind)
    kind(5, random_state=0, verbose=1).fit(X, y)
    assert "5/5" in capsys.readouterr().err
    kind(5, random_state=0).fit(X, y)
    assert capsys.readouterr().err == ""
