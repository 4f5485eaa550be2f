"""The promise: a candidate's scores in a sweep are those of fitting and scoring it alone.

scikit-learn's own GridSearchCV clones, fits and scores each candidate of the same estimator; the
scores must be equal bit for bit, and the sweep must have trained fewer models.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csc_matrix, csr_array
from sklearn.datasets import make_classification, make_regression
from sklearn.exceptions import FitFailedWarning
from sklearn.metrics import accuracy_score, f1_score, make_scorer, mean_squared_error
from sklearn.model_selection import GridSearchCV as ScikitGridSearchCV
from sklearn.model_selection import GroupKFold, LeaveOneOut

from setpoint import (
    ExtraTreesClassifier,
    GridSearchCV,
    RandomForestClassifier,
    RandomForestRegressor,
    _core,
)
from setpoint.tuning import sweep
from tuning.agreement import assert_same_results, both, named, outcome

GRID = {"n_estimators": [2, 5], "max_depth": [1, 3, None]}


def classes(n_classes, n=90, seed=0):
    X, y = make_classification(
        n, 6, n_informative=4, n_classes=n_classes, flip_y=0.2, random_state=seed
    )
    return X, y


def numbers(n=80, seed=0):
    return make_regression(n, 5, noise=20.0, random_state=seed)


def assert_shared(ours):
    assert ours.n_candidates_ == len(ours.cv_results_["params"])
    assert 0 < ours.n_fits_ < ours.n_candidates_ * ours.n_splits_


def two_scores(estimator, X, y):
    predicted = estimator.predict(X)
    return {"right": accuracy_score(y, predicted), "f1": f1_score(y, predicted, average="macro")}


def number_of_trees(estimator, X, y):
    return len(estimator.estimators_) + accuracy_score(y, estimator.predict(X))


@pytest.mark.parametrize(
    "scoring",
    [
        None,
        "accuracy",
        "balanced_accuracy",
        "neg_log_loss",
        "roc_auc_ovr",
        "roc_auc_ovo_weighted",
        "f1_macro",
        "f1_micro",
        "f1_weighted",
        "recall_macro",
        "neg_brier_score",
        "r2",
        make_scorer(f1_score, average="macro"),
        number_of_trees,
    ],
    ids=named,
)
@pytest.mark.parametrize("return_train_score", [False, True])
def test_scorers_of_several_classes(scoring, return_train_score):
    X, y = classes(3)
    ours, theirs = both(
        RandomForestClassifier(random_state=3),
        GRID,
        X,
        y,
        scoring=scoring,
        return_train_score=return_train_score,
        cv=3,
        refit=False,
    )
    assert_same_results(ours, theirs)
    assert_shared(ours)


@pytest.mark.parametrize("scoring", [None, "f1", "roc_auc", "roc_auc_ovr", "neg_log_loss"])
@pytest.mark.parametrize(
    "labels", [[0, 1], [-1, 1], [1, 2], [False, True], ["no", "yes"]], ids=named
)
@pytest.mark.filterwarnings("ignore::UserWarning")  # F1 of other labels than 1 fails to score
def test_scorers_of_two_classes(scoring, labels):
    X, y = classes(2)
    ours, theirs = both(
        RandomForestClassifier(random_state=3),
        GRID,
        X,
        np.array(labels)[y],
        scoring=scoring,
        cv=3,
        refit=False,
    )
    assert_same_results(ours, theirs)
    assert_shared(ours)


@pytest.mark.parametrize(
    "scoring",
    [
        None,
        "r2",
        "neg_mean_squared_error",
        "neg_root_mean_squared_error",
        "neg_mean_absolute_error",
        "neg_median_absolute_error",
        make_scorer(mean_squared_error, greater_is_better=False),
    ],
    ids=named,
)
@pytest.mark.parametrize("return_train_score", [False, True])
def test_scorers_of_a_regression(scoring, return_train_score):
    X, y = numbers()
    ours, theirs = both(
        RandomForestRegressor(random_state=3),
        GRID,
        X,
        y,
        scoring=scoring,
        return_train_score=return_train_score,
        cv=4,
        refit=False,
    )
    assert_same_results(ours, theirs)
    assert_shared(ours)


@pytest.mark.parametrize(
    ("scoring", "refit"),
    [
        (["accuracy", "neg_log_loss"], "accuracy"),
        (("f1_macro", "recall_macro"), False),
        ({"a": "accuracy", "b": make_scorer(accuracy_score)}, lambda results: 2),
        ({"a": "accuracy", "own": number_of_trees}, "own"),
        (two_scores, "right"),
    ],
    ids=["known", "known and unknown", "twice the same", "with a callable", "callable of a dict"],
)
def test_several_metrics(scoring, refit):
    X, y = classes(3)
    ours, theirs = both(
        RandomForestClassifier(random_state=1),
        [GRID, {"n_estimators": [3], "min_samples_split": [2, 9]}],
        X,
        y,
        scoring=scoring,
        refit=refit,
        cv=3,
        return_train_score=True,
    )
    assert_same_results(ours, theirs)
    assert_shared(ours)


def test_string_labels_and_refit():
    X, y = classes(3)
    y = np.array(["red", "green", "blue"])[y]
    ours, theirs = both(RandomForestClassifier(random_state=1), GRID, X, y, cv=3)
    assert_same_results(ours, theirs)
    np.testing.assert_array_equal(ours.classes_, theirs.classes_)
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))
    np.testing.assert_array_equal(ours.predict_proba(X), theirs.predict_proba(X))
    assert ours.score(X, y) == theirs.score(X, y)


@pytest.mark.parametrize("scoring", [None, "neg_mean_absolute_error"])
def test_two_outputs(scoring):
    X, y = make_regression(60, 5, n_targets=2, noise=5.0, random_state=0)
    ours, theirs = both(RandomForestRegressor(random_state=0), GRID, X, y, scoring=scoring, cv=3)
    assert_same_results(ours, theirs)
    assert_shared(ours)


def test_missing_values():
    X, y = classes(3)
    X[np.random.default_rng(0).random(X.shape) < 0.1] = np.nan
    ours, theirs = both(RandomForestClassifier(random_state=1), GRID, X, y, cv=3)
    assert_same_results(ours, theirs)


@pytest.mark.parametrize("scoring", [None, "accuracy", "roc_auc_ovr", two_scores])
@pytest.mark.filterwarnings("ignore:The scoring .* does not support sample_weight:UserWarning")
def test_weights(scoring):
    X, y = classes(3)
    weight = np.random.default_rng(0).integers(1, 5, len(y)).astype(float)
    ours, theirs = both(
        RandomForestClassifier(random_state=1),
        GRID,
        X,
        y,
        scoring=scoring,
        cv=3,
        refit=False,
        fit_params={"sample_weight": weight},
    )
    assert_same_results(ours, theirs)
    assert_shared(ours)
    unweighted, _ = both(RandomForestClassifier(random_state=1), GRID, X, y, cv=3, refit=False)
    assert scoring is not None or (
        list(unweighted.cv_results_["mean_test_score"]) != list(ours.cv_results_["mean_test_score"])
    )


def test_balanced_class_weights_are_those_of_the_training_rows():
    X, y = classes(3)
    keep = (y == 0) | (np.arange(len(y)) % 3 == 0)
    grid = {**GRID, "class_weight": [None, "balanced", "balanced_subsample", {0: 1, 1: 2, 2: 3}]}
    ours, theirs = both(RandomForestClassifier(random_state=1), grid, X[keep], y[keep], cv=3)
    assert_same_results(ours, theirs)


@pytest.mark.parametrize("scoring", ["accuracy", "neg_mean_squared_error"])
def test_one_held_out_row(scoring):
    X, y = numbers(12)
    estimator = RandomForestRegressor(random_state=0)
    if scoring == "accuracy":
        estimator, y = RandomForestClassifier(random_state=0), y > y.mean()
    ours, theirs = both(estimator, GRID, X, y, scoring=scoring, cv=LeaveOneOut(), refit=False)
    assert_same_results(ours, theirs)
    assert_shared(ours)


@given(st.integers(0, 10**6))
@settings(max_examples=15)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_random_problems_grids_and_folds(seed):
    """Rows in number and kind as they come: ties, missing values, weights, targets of any size."""
    rng = np.random.default_rng(seed)
    n, d = int(rng.choice([20, 57, 150, 600])), int(rng.integers(1, 6))
    X = rng.normal(size=(n, d)).round(int(rng.integers(0, 3)))
    total = X.sum(axis=1) + rng.normal(size=n)
    X[rng.random(X.shape) < rng.choice([0, 0.1])] = np.nan
    weight = rng.integers(0, 3, n) + rng.choice([0.0, 0.5]) if rng.random() < 0.3 else None
    if rng.random() < 0.5:
        kind, n_classes = ExtraTreesClassifier, rng.choice([2, 3, 5])
        y = np.digitize(total, np.quantile(total, np.arange(1, n_classes) / n_classes))
        scoring = ["accuracy", "balanced_accuracy", "f1_macro", "f1_weighted", "roc_auc_ovr"]
    else:
        kind, y = RandomForestRegressor, total * 10.0 ** rng.integers(-3, 6) + rng.choice([0, 1e4])
        scoring = ["r2", "neg_mean_squared_error", "neg_mean_absolute_error"]
    values = {"n_estimators": [1, 4], "max_depth": [1, None], "min_samples_leaf": [1, 3]}
    ours, theirs = both(
        kind(random_state=seed, max_features=rng.choice([None, 0.5]), n_estimators=3),
        {name: values[name] for name in rng.permutation(list(values))[:2]},
        X,
        y,
        scoring=scoring,
        refit=False,
        cv=int(rng.integers(2, 5)),
        return_train_score=bool(rng.integers(2)),
        fit_params=None if weight is None else {"sample_weight": weight},
    )
    assert_same_results(ours, theirs)


def categorical_columns(kind):
    rng = np.random.default_rng(0)
    numbers, codes = rng.normal(size=90), rng.integers(0, 12, 90)
    codes[0] = 12  # a category of one row: unknown to the models of one fold
    y = (numbers + 1.5 * (codes % 3 == 0) > 0.8).astype(int)
    if kind == "index":
        return np.column_stack([numbers, codes]), y, [1]
    if kind == "object":
        X = np.empty((90, 2), dtype=object)
        X[:, 0], X[:, 1] = numbers, [f"code {code}" for code in codes]
        return X, y, [1]
    frames = pytest.importorskip(kind)
    if kind == "pandas":
        column = frames.Categorical(codes)
    else:
        column = frames.Series([str(code) for code in codes]).cast(frames.Categorical)
    return frames.DataFrame({"number": numbers, "code": column}), y, "from_dtype"


@pytest.mark.parametrize("scoring", ["accuracy", "recall_macro"])
@pytest.mark.parametrize("kind", ["index", "object", "pandas", "polars"])
def test_categorical_columns(kind, scoring):
    X, y, columns = categorical_columns(kind)
    forest = RandomForestClassifier(random_state=0, categorical_features=columns)
    ours, theirs = both(forest, GRID, X, y, cv=3, scoring=scoring, refit=False)
    assert_same_results(ours, theirs)
    assert_shared(ours)


@pytest.mark.parametrize("form", [csr_array, csc_matrix, np.ndarray.tolist], ids=named)
def test_other_forms_of_rows(form):
    X, y = classes(3)
    X[X < 0] = 0
    ours, theirs = both(RandomForestClassifier(random_state=0), GRID, form(X), y.tolist(), cv=3)
    assert_same_results(ours, theirs)
    assert_shared(ours)


def test_a_candidate_that_is_illegal_for_the_rows_of_a_fold_alone_fails():
    X, y = classes(3)
    grid = {"n_estimators": [2, 5], "max_samples": [0.5, 20, 1e9, None]}
    searches = []
    for kind in (GridSearchCV, ScikitGridSearchCV):
        search = kind(RandomForestClassifier(random_state=0), grid, cv=3, refit=False)
        _, error, warned = outcome(lambda search=search: search.fit(X, y))
        assert error is None
        assert [category for category, _ in warned] == [FitFailedWarning, UserWarning]
        assert "6 fits failed out of a total of 24" in warned[0][1]
        searches.append(search)
    assert_same_results(*searches)
    assert_shared(searches[0])


def test_splitters_with_groups():
    X, y = classes(3)
    ours, theirs = both(
        RandomForestClassifier(random_state=1),
        GRID,
        X,
        y,
        cv=GroupKFold(3),
        fit_params={"groups": np.arange(len(y)) // 9},
    )
    assert_same_results(ours, theirs)


def test_folds_as_masks_lists_and_repeated_rows():
    X, y = classes(3)
    mask = np.arange(len(y)) % 4 == 0
    repeated = np.random.default_rng(0).integers(0, len(y), len(y))
    cv = [(~mask, mask), (list(range(60)), list(range(60, 90))), (repeated, np.array([-1, -2]))]
    ours, theirs = both(RandomForestClassifier(random_state=1), GRID, X, y, cv=cv, refit=False)
    assert_same_results(ours, theirs)
    assert_shared(ours)


def test_a_fold_without_one_of_the_classes():
    X, y = classes(3, n=60)
    order = np.argsort(y == 2, kind="stable")
    X, y = X[order], y[order]
    first = int(np.sum(y != 2))
    rows = np.arange(len(y))
    cv = [(rows[:first], rows[first:]), (rows[::2], rows[1::2]), (rows[1:], rows[:1])]
    ours, theirs = both(RandomForestClassifier(random_state=1), GRID, X, y, cv=cv, refit=False)
    assert_same_results(ours, theirs)
    assert_shared(ours)


@pytest.mark.parametrize("scoring", ["f1_macro", "balanced_accuracy", "roc_auc_ovr"])
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_held_out_rows_without_one_of_the_classes(scoring):
    X, y = classes(3, n=60)
    rows = np.arange(len(y))
    cv = [(rows[::2], rows[1::2]), (rows, np.flatnonzero(y != 2))]
    ours, theirs = both(
        RandomForestClassifier(random_state=1), GRID, X, y, cv=cv, scoring=scoring, refit=False
    )
    assert_same_results(ours, theirs)
    assert_shared(ours)


def test_a_random_state_object_gives_every_candidate_its_first_draw():
    X, y = classes(3)
    state = np.random.RandomState(5)
    ours, theirs = both(RandomForestClassifier(random_state=state), GRID, X, y, cv=3)
    assert_same_results(ours, theirs)
    assert_shared(ours)
    assert state.randint(10**6) == np.random.RandomState(5).randint(10**6)


def test_seeds_in_the_grid():
    X, y = classes(3)
    grid = {"n_estimators": [2, 4], "random_state": [0, 1, np.random.RandomState(2)]}
    ours, theirs = both(RandomForestClassifier(), grid, X, y, cv=3, refit=False)
    for key in ("split0_test_score", "split1_test_score", "split2_test_score"):
        np.testing.assert_array_equal(ours.cv_results_[key], theirs.cv_results_[key])
    assert_shared(ours)


def test_columns_that_are_categorical_in_some_candidates():
    X, y, columns = categorical_columns("index")
    grid = {"categorical_features": [None, columns, "from_dtype"], "max_depth": [1, 3]}
    ours, theirs = both(RandomForestClassifier(4, random_state=0), grid, X, y, cv=3, refit=False)
    assert_same_results(ours, theirs)
    assert_shared(ours)
    means = ours.cv_results_["mean_test_score"]
    assert list(means[:2]) != list(means[2:4])


@pytest.mark.parametrize(
    "grid",
    [
        {"oob_score": [True, False]},
        {"early_stopping": [False, True], "tol": [0.0, 0.5]},
        {"warm_start": [True, False]},
        {"n_jobs": [1, 2]},
        {"bootstrap": [True, False], "min_weight_fraction_leaf": [0.0, 0.2]},
        {"monotonic_cst": [None, [1, 0]]},
        {"max_bins": [4, None]},
        {"max_features": ["sqrt", "log2", 1, 0.9, None]},
        {"criterion": ["gini", "entropy", "log_loss"]},
        {"max_leaf_nodes": [2, 5, None], "min_impurity_decrease": [0.0, 0.02]},
        {"class_weight": [None, {0: 1, 1: 4}, "balanced"]},
        {"n_estimators": list(np.arange(1, 4)), "max_samples": [0.3, 1.0, 7, None]},
    ],
    ids=named,
)
@pytest.mark.filterwarnings("ignore:Some inputs do not have OOB scores")
def test_every_hyperparameter(grid):
    X, y, _ = categorical_columns("index")
    forest = RandomForestClassifier(4, random_state=0)
    ours, theirs = both(forest, grid, X, y, cv=3, refit=False, scoring="neg_brier_score")
    assert_same_results(ours, theirs)


@pytest.mark.parametrize("scoring", ["recall_macro", number_of_trees], ids=named)
def test_predictions_are_kept_for_a_few_folds_at_a_time(scoring, monkeypatch):
    X, y = classes(3)
    calls = []

    def counted(*args, **kwargs):
        calls.append(len(kwargs["folds"]))
        return core_sweep(*args, **kwargs)

    core_sweep = _core.sweep
    monkeypatch.setattr(_core, "sweep", counted)
    # Three folds of 30 rows and 3 classes, for 6 candidates: 12,960 bytes in all.
    monkeypatch.setattr(sweep, "STORED_BYTES", 8000)
    ours, theirs = both(
        RandomForestClassifier(random_state=0), GRID, X, y, cv=3, scoring=scoring, refit=False
    )
    assert calls == ([2, 1] if scoring == "recall_macro" else [1, 1, 1])
    assert_same_results(ours, theirs)
