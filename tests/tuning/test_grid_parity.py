"""GridSearchCV behaves as scikit-learn's: arguments, attributes, warnings and errors.

Each call is made on both; what comes out must be the same, for an estimator of scikit-learn and for
one that sweeps.
"""

import pickle

import numpy as np
import pytest
import sklearn
from sklearn.base import BaseEstimator, ClassifierMixin, clone, is_classifier
from sklearn.datasets import load_iris, make_classification
from sklearn.decomposition import PCA
from sklearn.linear_model import Ridge
from sklearn.metrics import accuracy_score, get_scorer, make_scorer
from sklearn.model_selection import GridSearchCV as ScikitGridSearchCV
from sklearn.model_selection import GroupKFold, ShuffleSplit, cross_val_score
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils import estimator_html_repr
from sklearn.utils.estimator_checks import check_estimator

from setpoint import GridSearchCV, RandomForestClassifier
from tuning.agreement import assert_same_results, both, named, outcome

X, Y = make_classification(60, 5, n_informative=3, n_classes=3, random_state=0)
TREE = DecisionTreeClassifier(random_state=0)
FOREST = RandomForestClassifier(n_estimators=3, random_state=0)
GRID = {"max_depth": [1, 2], "min_samples_split": [2, 30]}

estimators = pytest.mark.parametrize("estimator", [TREE, FOREST], ids=["tree", "forest"])


def searches(estimator, grid=GRID, **arguments):
    arguments = {"cv": 3, **arguments}
    return tuple(
        kind(clone(estimator), grid, **arguments) for kind in (GridSearchCV, ScikitGridSearchCV)
    )


def assert_same_outcome(ours, theirs, *data, **fit_params):
    """The same warnings, in number and kind, and the same error or the same results."""
    _, our_error, our_warnings = outcome(lambda: ours.fit(*data, **fit_params))
    _, their_error, their_warnings = outcome(lambda: theirs.fit(*data, **fit_params))
    assert (our_error is None) == (their_error is None), our_error or their_error
    if their_error is not None:
        assert our_error[0] is their_error[0]
        assert our_error[1].split("\n")[:4] == their_error[1].split("\n")[:4]
    else:
        assert_same_results(ours, theirs)
    assert [kind for kind, _ in our_warnings] == [kind for kind, _ in their_warnings]
    assert [text.split("\n")[:4] for _, text in our_warnings] == [
        text.split("\n")[:4] for _, text in their_warnings
    ]
    return our_error


def test_is_a_search_of_scikit_learn():
    search = GridSearchCV(FOREST, GRID)
    assert isinstance(search, ScikitGridSearchCV)
    assert is_classifier(search)
    assert set(search.get_params(deep=False)) == {
        *ScikitGridSearchCV(FOREST, GRID).get_params(deep=False),
        "executor",
        "fit_time_limit",
        "journal",
        "nested_cv",
        "race",
        "time_limit",
    }


@estimators
@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"refit": False},
        {"return_train_score": True},
        {"scoring": "balanced_accuracy"},
        {"scoring": get_scorer("neg_log_loss")},
        {"scoring": ["accuracy", "f1_macro"], "refit": "f1_macro"},
        {"scoring": ["accuracy", "f1_macro"], "refit": False},
        {"scoring": {"a": "accuracy"}, "refit": lambda results: 1},
        {"refit": lambda results: int(np.argmax(results["mean_fit_time"] > -1))},
        {"cv": ShuffleSplit(4, random_state=1)},
        {"cv": None},
        {"n_jobs": 2, "pre_dispatch": 1},
        {"scoring": accuracy_score, "refit": False},  # not a scorer: it fails on each fold
    ],
    ids=named,
)
def test_results_and_best(estimator, arguments):
    ours, theirs = searches(estimator, **arguments)
    assert assert_same_outcome(ours, theirs, X, Y) is None
    assert hasattr(ours, "refit_time_") == hasattr(theirs, "refit_time_") == bool(ours.refit)
    assert repr(ours.scorer_) == repr(theirs.scorer_)


@estimators
@pytest.mark.parametrize(
    "arguments",
    [
        {"scoring": ["accuracy", "f1_macro"]},
        {"scoring": ["accuracy", "accuracy"]},
        {"scoring": []},
        {"scoring": ["accuracy"], "refit": "f1_macro"},
        {"scoring": lambda estimator, X, y: {"a": 1.0}},
        {"scoring": lambda estimator, X, y: "a"},
        {"scoring": "no such metric"},
        {"refit": lambda results: 99},
        {"refit": lambda results: "first"},
        {"cv": 1},
        {"cv": []},
        {"cv": 1000},
        {"error_score": "sometimes"},
        {"n_jobs": "many"},
        {"grid": {"max_depth": []}},
        {"grid": {"max_depth": 3}},
        {"grid": {"no_such_thing": [1]}},
        {"grid": [{"max_depth": [1]}, 3]},
        {"grid": {"max_depth": [-1, -2]}},
        {"grid": {"max_depth": [-1, 2]}, "error_score": "raise"},
    ],
    ids=named,
)
def test_errors(estimator, arguments):
    ours, theirs = searches(estimator, **arguments)
    error = assert_same_outcome(ours, theirs, X, Y)
    assert error is not None
    assert not hasattr(ours, "best_estimator_")


@estimators
@pytest.mark.parametrize("error_score", [np.nan, -7])
@pytest.mark.parametrize("scoring", [None, ["accuracy", "f1_macro"]])
def test_fits_that_fail(estimator, error_score, scoring):
    ours, theirs = searches(
        estimator,
        {"max_depth": [2, -1, 1], "min_samples_split": [2, 30]},
        error_score=error_score,
        scoring=scoring,
        refit=scoring is None or "accuracy",
        return_train_score=True,
    )
    assert assert_same_outcome(ours, theirs, X, Y) is None
    assert np.sum(np.isnan(ours.cv_results_["mean_fit_time"])) == 0


@estimators
def test_a_callable_of_a_dict_with_fits_that_fail(estimator):
    def scores(estimator, X, y):
        return {"a": accuracy_score(y, estimator.predict(X)), "b": 1.0}

    arguments = {"scoring": scores, "refit": "a", "return_train_score": True}
    ours, theirs = searches(estimator, {"max_depth": [-1, 1]}, **arguments)
    assert assert_same_outcome(ours, theirs, X, Y) is None


@estimators
@pytest.mark.parametrize("error_score", [np.nan, 0, "raise"])
@pytest.mark.parametrize("several", [False, True])
def test_scorers_that_fail(estimator, error_score, several):
    def failing(truth, predicted):
        raise ValueError("cannot be scored")

    scorer = make_scorer(failing)
    ours, theirs = searches(
        estimator,
        error_score=error_score,
        scoring={"bad": scorer, "good": "accuracy"} if several else scorer,
        refit=False,
    )
    error = assert_same_outcome(ours, theirs, X, Y)
    assert (error is not None) == (error_score == "raise")


@estimators
@pytest.mark.parametrize("bad", ["nan in y", "short y", "no rows", "text in X", "no y"])
def test_bad_data(estimator, bad):
    data = {
        "nan in y": (X, np.where(np.arange(len(Y)) == 3, np.nan, Y)),
        "short y": (X, Y[:-1]),
        "no rows": (X[:0], Y[:0]),
        "text in X": (np.full(X.shape, "a"), Y),
        "no y": (X,),
    }[bad]
    ours, theirs = searches(estimator)
    assert assert_same_outcome(ours, theirs, *data) is not None


@estimators
def test_attributes_before_and_after_the_fit(estimator):
    for search in searches(estimator):
        assert hasattr(search, "predict_proba")
        assert not hasattr(search, "transform")
        assert not hasattr(search, "decision_function")
        assert not hasattr(search, "classes_")
        assert not hasattr(search, "n_features_in_")
        with pytest.raises(sklearn.exceptions.NotFittedError):
            search.predict(X)
    ours, theirs = both(estimator, GRID, X, Y, cv=3)
    np.testing.assert_array_equal(ours.classes_, theirs.classes_)
    assert ours.n_features_in_ == theirs.n_features_in_ == X.shape[1]
    for method in ("predict", "predict_proba"):
        np.testing.assert_array_equal(getattr(ours, method)(X), getattr(theirs, method)(X))
    assert ours.score(X, Y) == theirs.score(X, Y)
    unrefitted, _ = both(estimator, GRID, X, Y, cv=3, refit=False)
    assert not hasattr(unrefitted, "predict")


def test_methods_of_transformers_and_names_of_features():
    frame = load_iris(as_frame=True)
    ours, theirs = both(PCA(), {"n_components": [1, 2]}, frame.data, None, cv=3)
    assert_same_results(ours, theirs)
    np.testing.assert_array_equal(ours.transform(frame.data), theirs.transform(frame.data))
    restored = ours.inverse_transform(ours.transform(frame.data))
    np.testing.assert_array_equal(restored, theirs.inverse_transform(theirs.transform(frame.data)))
    np.testing.assert_array_equal(ours.feature_names_in_, frame.data.columns)
    ours, theirs = both(FOREST, GRID, frame.data, frame.target, cv=3)
    assert_same_results(ours, theirs)
    np.testing.assert_array_equal(ours.feature_names_in_, theirs.feature_names_in_)


@estimators
def test_clone_set_params_pickle_and_html(estimator):
    search = GridSearchCV(estimator, GRID, time_limit=60.0)
    copy = clone(search).set_params(cv=4, estimator__min_samples_split=3)
    assert (copy.time_limit, copy.cv, search.cv) == (60.0, 4, None)
    assert copy.estimator.min_samples_split == 3
    copy.fit(X, Y)
    again = pickle.loads(pickle.dumps(copy))
    np.testing.assert_array_equal(again.predict(X), copy.predict(X))
    assert type(estimator).__name__ in estimator_html_repr(search)
    assert "best_estimator_" in estimator_html_repr(copy)
    assert repr(search).startswith("GridSearchCV(estimator=")


@estimators
@pytest.mark.parametrize("verbose", [1, 2, 3, 10])
@pytest.mark.parametrize("scoring", [None, ["accuracy", "f1_macro"]])
def test_verbose_prints_what_scikit_learn_prints(estimator, verbose, scoring, capsys):
    printed = []
    for search in searches(estimator, verbose=verbose, scoring=scoring, refit=False):
        search.fit(X, Y)
        lines = capsys.readouterr().out.splitlines()
        # A sweep has no start of a single fit; and times differ.
        ends = [line.split("total time=")[0].rstrip() for line in lines if "START" not in line]
        printed.append([line.replace(".", "") for line in ends])
    assert printed[0] == printed[1]


def test_nested_in_cross_validation():
    ours, theirs = searches(FOREST)
    np.testing.assert_array_equal(
        cross_val_score(ours, X, Y, cv=3), cross_val_score(theirs, X, Y, cv=3)
    )


class Weighed(ClassifierMixin, BaseEstimator):
    """Refuses to be fitted without the metadata that it asks for."""

    def __init__(self, c=1):
        self.c = c

    def fit(self, X, y, sample_weight=None, note=None):
        assert sample_weight is not None and len(sample_weight) == len(X)
        assert note == "seen"
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.full(len(X), self.classes_[0])


def test_metadata_without_routing():
    weight = np.ones(len(Y))
    ours, theirs = searches(Weighed(), {"c": [1, 2]})
    assert assert_same_outcome(ours, theirs, X, Y, sample_weight=weight, note="seen") is None


@pytest.mark.parametrize("scored", [True, False])
@pytest.mark.parametrize("scoring", [None, "accuracy", ["accuracy", "neg_log_loss"]])
def test_metadata_with_routing(scored, scoring):
    weight = np.random.default_rng(0).integers(1, 5, len(Y)).astype(float)
    groups = np.arange(len(Y)) % 7
    with sklearn.config_context(enable_metadata_routing=True):
        forest = clone(FOREST).set_fit_request(sample_weight=True)
        if scoring is None:
            forest.set_score_request(sample_weight=scored)
            scorers = None
        elif scoring == "accuracy":
            scorers = get_scorer("accuracy").set_score_request(sample_weight=scored)
        else:
            scorers = {
                name: get_scorer(name).set_score_request(sample_weight=scored) for name in scoring
            }
        grid = {"n_estimators": [2, 3], "max_depth": [1, 2]}
        searches_ = searches(forest, grid, scoring=scorers, cv=GroupKFold(3), refit=False)
        error = assert_same_outcome(*searches_, X, Y, sample_weight=weight, groups=groups)
        assert error is None
        assert searches_[0].n_fits_ < 4 * 3
        error = assert_same_outcome(*searches(clone(FOREST)), X, Y, sample_weight=weight)
        assert error is not None  # nobody asked for the weights


@estimators
def test_callbacks_are_told_of_every_evaluation(estimator):
    class Counting:
        def __init__(self):
            self.tasks = []

        def setup(self, estimator, context):
            pass

        def on_fit_task_begin(self, estimator, context):
            pass

        def on_fit_task_end(self, estimator, context):
            self.tasks.append(context.task_name)

        def teardown(self, estimator, context):
            pass

    told = []
    for search in searches(estimator):
        callback = Counting()
        search.set_callbacks(callback).fit(X, Y)
        told.append(callback.tasks)
    assert told[0] == told[1]
    assert told[0].count("candidate-split-evaluation") == 12


@pytest.mark.parametrize(
    ("estimator", "grid"),
    [(Ridge(), {"alpha": [0.1, 1.0]}), (FOREST, {"max_depth": [1, 2]})],
    ids=["ridge", "forest"],
)
@pytest.mark.filterwarnings("ignore")
def test_checks_of_scikit_learn_find_what_they_find_in_its_own(estimator, grid):
    failed = [
        {
            check["check_name"]
            for check in check_estimator(kind(estimator, grid, cv=2), on_skip=None, on_fail=None)
            if check["status"] == "failed"
        }
        for kind in (GridSearchCV, ScikitGridSearchCV)
    ]
    assert failed[0] <= failed[1]
