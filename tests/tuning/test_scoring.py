"""Which scorers the core is asked for, and which get predictions or models."""

from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.metrics import check_scoring, f1_score, get_scorer, log_loss, make_scorer
from sklearn.model_selection import GridSearchCV as ScikitGridSearchCV

from setpoint import RandomForestClassifier, RandomForestRegressor, _core
from setpoint.tuning import scoring


def data_of(classes, rows=None):
    codes = np.arange(9 if rows is None else rows) % max(len(classes), 1)
    return SimpleNamespace(
        n_classes=[len(classes)] if classes else [],
        classes=[np.array(classes)] if classes else [],
        y=codes.astype(float)[:, None],
    )


def known(scorer, classes, y=None):
    scorer = get_scorer(scorer) if isinstance(scorer, str) else scorer
    y = np.zeros(9) if y is None else y
    return scoring.core_metrics(scorer, y, data_of(classes))


@pytest.mark.parametrize("name", _core.METRICS)
def test_each_metric_of_the_core_is_asked_for_on_some_problem(name):
    asked = [known(name, classes) for classes in ([], [0, 1], [0, 1, 2])]
    assert {"score": name} in asked


@pytest.mark.parametrize(
    ("scorer", "classes"),
    [
        ("r2", [0, 1]),
        ("accuracy", []),
        ("roc_auc", [0, 1, 2]),
        ("f1", [0, 1, 2]),
        ("f1", [1, 2]),
        ("f1", ["no", "yes"]),
        ("top_k_accuracy", [0, 1]),
        (make_scorer(f1_score, average="macro", labels=[0, 1]), [0, 1, 2]),
        (make_scorer(f1_score, average="macro", zero_division=1), [0, 1, 2]),
        (make_scorer(log_loss, response_method="predict_proba"), [0, 1]),
        (lambda estimator, X, y: 1.0, [0, 1]),
    ],
)
def test_what_the_core_is_not_asked_for(scorer, classes):
    assert known(scorer, classes) is None


def test_a_scorer_made_anew_of_the_same_parts_is_the_same():
    scorer = make_scorer(log_loss, greater_is_better=False, response_method="predict_proba")
    assert known(scorer, [0, 1]) == {"score": "neg_log_loss"}


def test_the_area_of_two_classes_is_one_metric():
    assert known("roc_auc_ovr", [0, 1]) == {"score": "roc_auc"}


@pytest.mark.parametrize("y", [np.zeros((9, 2)), np.array(["a"] * 9, dtype=object)])
def test_targets_that_scikit_learn_must_look_at(y):
    assert known("accuracy", [0, 1], y) is None


def test_one_unknown_metric_of_several_is_enough_to_keep_predictions():
    names = ["accuracy", "precision_macro"]
    scorer = check_scoring(RandomForestClassifier(), names)
    assert known(scorer, [0, 1, 2]) is None
    assert scoring.needs(scorer) == "predictions"
    scorer = check_scoring(RandomForestClassifier(), {"a": "accuracy", "own": lambda e, X, y: 1.0})
    assert scoring.needs(scorer) == "models"


@pytest.mark.parametrize(
    ("estimator", "name"),
    [(RandomForestClassifier(), "accuracy"), (RandomForestRegressor(), "r2")],
)
def test_the_score_method_is_a_known_scorer_unless_it_is_the_users_own(estimator, name):
    scorer, _ = ScikitGridSearchCV(estimator, {})._get_scorers()
    assert scoring.explicit(scorer, estimator)._score_func is get_scorer(name)._score_func

    class Own(type(estimator)):
        def score(self, X, y):
            return 0.5

    scorer, _ = ScikitGridSearchCV(Own(), {})._get_scorers()
    assert scoring.explicit(scorer, Own()) is scorer
    assert scoring.needs(scorer) == "models"


def test_a_score_method_of_another_kind_of_estimator_is_left_alone():
    class Plain(ClassifierMixin, BaseEstimator):
        score = None

    assert scoring.explicit(get_scorer("f1"), Plain())._score_func is f1_score


@pytest.mark.parametrize(
    ("metric", "classes", "rows", "defined"),
    [
        ("accuracy", [0, 1, 2], [0], True),
        ("accuracy", [0, 1, 2], [], False),
        ("balanced_accuracy", [0, 1, 2], [0, 1, 2], True),
        ("balanced_accuracy", [0, 1, 2], [0, 1, 3], False),
        ("r2", [], [0], False),
        ("r2", [], [0, 1], True),
        ("neg_mean_squared_error", [], [0], True),
    ],
)
def test_rows_on_which_a_metric_leaves_nothing_open(metric, classes, rows, defined):
    rows = np.array(rows, dtype=np.int64)
    assert scoring.leaves_nothing_open(metric, data_of(classes), rows) is defined
