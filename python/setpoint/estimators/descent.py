"""Linear models that learn by mini-batch gradient descent, for classes and for numbers.

What they share is in ``descent_base``, their hyperparameters in ``descent_hyperparameters``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from setpoint.estimators.common_hyperparameters import CLASS_WEIGHT, N_JOBS
from setpoint.estimators.descent_base import Descent
from setpoint.estimators.descent_hyperparameters import LOSSES_OF_NUMBERS
from setpoint.estimators.epochs import (
    PartialClassifier,
    PartialRegressor,
    codes_among,
    same_classes,
)
from setpoint.estimators.scores import ProbabilityClassifier, SingleScoreRegressor
from setpoint.hyperparameters import Choice, variation

__all__ = ["SGDClassifier", "SGDRegressor"]

_LINKS = {"log_loss": "logistic", "modified_huber": "clipped"}


class SGDClassifier(PartialClassifier, Descent, ProbabilityClassifier):
    """A linear classifier that learns by mini-batch gradient descent.

    Minimises, for each class against the rest (for two classes once), over the coefficients w and
    the intercept b,

    ``1/n sum_i w_i loss(w x_i + b, +-1) + alpha (l1_ratio |w|_1 + (1 - l1_ratio) |w|^2 / 2)``

    where w_i are the weights of rows and classes. The loss hinge makes it a linear support vector
    machine, log_loss logistic regression. Hyperparameters, attributes and semantics are those of
    `sklearn.linear_model.SGDClassifier`; with ``batch_size=1`` its steps are the same ones (rows
    in another order). Mini-batches, momentum, Adam, AdamW, further schedules, gradient clipping,
    the two curves, `save` and the two tables are added. L1 is taken by proximal steps.

    The candidates of a search that see the same batches go through them side by side; each gets
    what it gets alone, bit for bit.

    Parameters
    ----------
    {hyperparameters}

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels.
    coef_ : ndarray of shape (1, n_features) or (n_classes, n_features)
        The coefficients; one row for two classes.
    intercept_ : ndarray of shape (1,) or (n_classes,)
        The intercepts.
    n_iter_ : int
        Epochs of the class that took the most.
    t_ : float
        Steps taken, and 1.
    loss_curve_ : ndarray of shape (n_iter,)
        What is minimised, after each epoch: mean loss of its batches as they came, and the
        penalty at its end; the mean over the classes.
    validation_curve_ : ndarray of shape (n_iter,)
        Accuracy on the rows kept back, if `early_stopping`; the mean over the classes.
    n_features_in_ : int
        The number of columns.
    feature_names_in_ : ndarray of shape (n_features,)
        The columns' names, where the input had any.

    References
    ----------
    Bottou (2012), "Stochastic gradient descent tricks". Kingma and Ba (2015), "Adam". Loshchilov
    and Hutter (2019), "Decoupled weight decay regularization".

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from setpoint import SGDClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> model = SGDClassifier(loss="log_loss", batch_size=16, optimizer="adam", random_state=0)
    >>> model.set_params(eta0=0.05, learning_rate="cosine", max_iter=100, tol=None).fit(X, y)
    SGDClassifier(batch_size=16, eta0=0.05, learning_rate='cosine', loss='log_loss',
                  max_iter=100, optimizer='adam', random_state=0, tol=None)
    >>> model.score(X, y) > 0.9
    True
    """

    loss: str = variation(
        default="hinge",
        domain=Choice(
            "hinge",
            "log_loss",
            "modified_huber",
            "squared_hinge",
            "perceptron",
            *LOSSES_OF_NUMBERS,
        ),
    )
    learning_rate: str = variation(default="optimal")
    power_t: float = variation(default=0.5)
    n_jobs: int | None = replace(
        N_JOBS, meaning="Threads of predictions; None or -1: all cores. One training takes one."
    )
    class_weight: Any = CLASS_WEIGHT

    def _part(
        self, target: NDArray[Any], classes: Any
    ) -> tuple[NDArray[np.float64], list[NDArray[Any]]]:
        labels = same_classes(self.__dict__.get("classes_"), classes)
        if len(labels) < 2:
            raise ValueError(f"classes must hold at least 2 labels, got {labels!r}")
        return codes_among(labels, target), [labels]

    def _link(self) -> str:
        if self.loss not in _LINKS:
            raise AttributeError(
                f"loss={self.loss!r} gives no probabilities; log_loss and modified_huber do"
            )
        return _LINKS[self.loss]


class SGDRegressor(PartialRegressor, Descent, SingleScoreRegressor):
    """A linear regressor that learns by mini-batch gradient descent.

    Minimises, over the coefficients w and the intercept b,

    ``1/n sum_i w_i loss(w x_i + b, y_i) + alpha (l1_ratio |w|_1 + (1 - l1_ratio) |w|^2 / 2)``

    where w_i are the weights of the rows. Hyperparameters, attributes and semantics are those of
    `sklearn.linear_model.SGDRegressor`; with ``batch_size=1`` its steps are the same ones (rows in
    another order). Mini-batches, momentum, Adam, AdamW, further schedules, gradient clipping, the
    two curves, `save` and the two tables are added. L1 is taken by proximal steps.

    The candidates of a search that see the same batches go through them side by side; each gets
    what it gets alone, bit for bit.

    Parameters
    ----------
    {hyperparameters}

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,)
        The coefficients.
    intercept_ : ndarray of shape (1,)
        The intercept.
    n_iter_ : int
        Epochs.
    t_ : float
        Steps taken, and 1.
    loss_curve_ : ndarray of shape (n_iter,)
        What is minimised, after each epoch: mean loss of its batches as they came, and the
        penalty at its end.
    validation_curve_ : ndarray of shape (n_iter,)
        R2 on the rows kept back, if `early_stopping`.
    n_features_in_ : int
        The number of columns.
    feature_names_in_ : ndarray of shape (n_features,)
        The columns' names, where the input had any.

    References
    ----------
    Bottou (2012), "Stochastic gradient descent tricks". Kingma and Ba (2015), "Adam". Loshchilov
    and Hutter (2019), "Decoupled weight decay regularization".

    Examples
    --------
    >>> from sklearn.datasets import make_regression
    >>> from setpoint import SGDRegressor
    >>> X, y = make_regression(200, 5, random_state=0)
    >>> model = SGDRegressor(batch_size=10, eta0=0.1, random_state=0).fit(X, y)
    >>> round(model.score(X, y), 3)
    1.0
    """
