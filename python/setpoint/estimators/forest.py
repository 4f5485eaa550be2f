"""The four forests: random forests and extremely randomised trees, for classes and for numbers.

What they share is in ``forest_base``, their hyperparameters in ``forest_hyperparameters``.
"""

from __future__ import annotations

from typing import Any, ClassVar

from setpoint.estimators.forest_base import Forest
from setpoint.estimators.predictors import SweepClassifier, SweepRegressor
from setpoint.hyperparameters import (
    NONE,
    Choice,
    Instance,
    Search,
    hyperparameter,
    variation,
)

__all__ = [
    "ExtraTreesClassifier",
    "ExtraTreesRegressor",
    "RandomForestClassifier",
    "RandomForestRegressor",
]


class ForestClassifier(Forest, SweepClassifier):
    """Base of the two classifiers."""

    class_weight: Any = hyperparameter(
        default=None,
        domain=Choice("balanced", "balanced_subsample")
        | Instance(dict, "a dict of class label to weight")
        | Instance(list, "a list of such dicts, one for each output")
        | NONE,
        meaning="Weights of the classes; balanced: inversely proportional to their frequencies.",
    )


class ForestRegressor(Forest, SweepRegressor):
    """Base of the two regressors."""

    criterion: str = variation(
        default="squared_error",
        domain=Choice("squared_error", "absolute_error", "poisson"),
        meaning="Impurity that a split reduces.",
    )
    max_features: str | int | float | None = variation(
        default=1.0, search=Search((0.4, 1.0), 0.1, 1.0)
    )


class RandomForestClassifier(ForestClassifier):
    """A random forest classifier: the best splits of random columns, on bootstrap samples.

    Hyperparameters, attributes and semantics are those of
    `sklearn.ensemble.RandomForestClassifier`; `max_bins`, `categorical_features`, early stopping,
    out-of-bag importances, `save` and the two tables are added. All cores are used by default, and
    the model does not depend on their number.

    Parameters
    ----------
    {hyperparameters}

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,), or a list of them
        The class labels, by output if there are several.
    n_classes_ : int or list of int
        Their number.
    n_features_in_ : int
        The number of columns.
    n_outputs_ : int
        The number of targets.
    feature_names_in_ : ndarray of shape (n_features,)
        The columns' names, where the input had any.
    categories_ : list of (ndarray or None)
        The categories of each categorical column.
    estimators_ : sequence of DecisionTreeClassifier
        The trees, made when looked at.
    oob_score_ : float
        Score on the rows that each tree has not seen, if `oob_score`.
    oob_decision_function_ : ndarray of shape (n_samples, n_classes[, n_outputs])
        Probabilities from the trees that have not seen the row, if `oob_score`.
    n_iter_ : int
        Trees grown, if `early_stopping`.
    validation_score_ : ndarray
        Scores along the way, if `early_stopping`.

    References
    ----------
    Breiman (2001), "Random forests", Machine Learning 45.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from setpoint import RandomForestClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> RandomForestClassifier(n_estimators=50, random_state=0).fit(X, y).predict(X[:2])
    array([0, 0])
    """

    _splitter: ClassVar[str] = "best"


class RandomForestRegressor(ForestRegressor):
    """A random forest regressor: the best splits, on bootstrap samples.

    Hyperparameters, attributes and semantics are those of
    `sklearn.ensemble.RandomForestRegressor`; `max_bins`, `categorical_features`, early stopping,
    out-of-bag importances, `save` and the two tables are added. All cores are used by default, and
    the model does not depend on their number.

    Parameters
    ----------
    {hyperparameters}

    Attributes
    ----------
    n_features_in_ : int
        The number of columns.
    n_outputs_ : int
        The number of targets.
    feature_names_in_ : ndarray of shape (n_features,)
        The columns' names, where the input had any.
    categories_ : list of (ndarray or None)
        The categories of each categorical column.
    estimators_ : sequence of DecisionTreeRegressor
        The trees, made when looked at.
    oob_score_ : float
        Score on the rows that each tree has not seen, if `oob_score`.
    oob_prediction_ : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        Predictions from the trees that have not seen the row, if `oob_score`.
    n_iter_ : int
        Trees grown, if `early_stopping`.
    validation_score_ : ndarray
        Scores along the way, if `early_stopping`.

    References
    ----------
    Breiman (2001), "Random forests", Machine Learning 45.
    """

    _splitter: ClassVar[str] = "best"


class ExtraTreesClassifier(ForestClassifier):
    """An extremely randomised trees classifier: the best of random splits, on all rows.

    As `RandomForestClassifier`, but each column tried at a split is cut at a random threshold, and
    `bootstrap` is off by default. Hyperparameters, attributes and semantics are those of
    `sklearn.ensemble.ExtraTreesClassifier`, with the same additions.

    Parameters
    ----------
    {hyperparameters}

    References
    ----------
    Geurts, Ernst and Wehenkel (2006), "Extremely randomized trees", Machine Learning 63.
    """

    _splitter: ClassVar[str] = "random"
    bootstrap: bool = variation(default=False)


class ExtraTreesRegressor(ForestRegressor):
    """An extremely randomised trees regressor: the best of random splits, on all rows.

    As `RandomForestRegressor`, but each column tried at a split is cut at a random threshold, and
    `bootstrap` is off by default. Hyperparameters, attributes and semantics are those of
    `sklearn.ensemble.ExtraTreesRegressor`, with the same additions.

    Parameters
    ----------
    {hyperparameters}

    References
    ----------
    Geurts, Ernst and Wehenkel (2006), "Extremely randomized trees", Machine Learning 63.
    """

    _splitter: ClassVar[str] = "random"
    bootstrap: bool = variation(default=False)
