"""Linear models that learn by mini-batch gradient descent, for classes and for numbers.

What they share is in ``descent_base``, their hyperparameters in ``descent_hyperparameters``.
"""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import column_or_1d

from setpoint.estimators.base import SweepData, Values
from setpoint.estimators.descent_base import Descent
from setpoint.estimators.descent_hyperparameters import LOSSES_OF_NUMBERS
from setpoint.estimators.scores import ScoreClassifier, ScoreRegressor
from setpoint.hyperparameters import (
    NONE,
    Choice,
    Instance,
    Integer,
    hyperparameter,
    variation,
)

__all__ = ["SGDClassifier", "SGDRegressor"]

_LINKS = {"log_loss": "logistic", "modified_huber": "clipped"}


def _has_probabilities(self: Any) -> bool:
    if self.loss not in _LINKS:
        raise AttributeError(
            f"loss={self.loss!r} gives no probabilities; log_loss and modified_huber do"
        )
    return True


class SGDClassifier(Descent, ScoreClassifier):
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

    _family: ClassVar[str] = "descent"

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
    n_jobs: int | None = hyperparameter(
        default=None,
        domain=Integer() | NONE,
        meaning="Threads of predictions; None or -1: all cores. One training takes one.",
        cost="none",
    )
    class_weight: Any = hyperparameter(
        default=None,
        domain=Choice("balanced") | Instance(dict, "a dict of class label to weight") | NONE,
        meaning="Weights of the classes; balanced: inversely proportional to their frequencies.",
    )

    def partial_fit(
        self, X: Any, y: Any, classes: ArrayLike | None = None, sample_weight: Any = None
    ) -> Self:
        """Learn from some rows, in one epoch: for data that do not fit into memory.

        Everything goes on where the last call stopped, the schedule and the optimiser included.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Some of the rows.
        y : array-like of shape (n_samples,)
            Their labels.
        classes : array-like of shape (n_classes,) or None
            All labels there are; needed at the first call.
        sample_weight : array-like of shape (n_samples,) or None
            Weights of the rows, not negative.

        Returns
        -------
        self
        """
        if isinstance(self.class_weight, str):
            raise ValueError(
                "class_weight 'balanced' is not supported for partial_fit, which does not see all "
                "rows. In order to use 'balanced' weights, use compute_class_weight('balanced', "
                "classes=classes, y=y) on a sample of them, and pass the result as the "
                "class_weight parameter."
            )
        return self._continue(X, y, sample_weight, classes)

    def _part(
        self, target: NDArray[Any], classes: Any
    ) -> tuple[NDArray[np.float64], list[NDArray[Any]]]:
        known: NDArray[Any] | None = self.__dict__.get("classes_")
        if known is None and classes is None:
            raise ValueError("classes must be passed on the first call to partial_fit.")
        labels: NDArray[Any] = np.asarray(known) if classes is None else np.unique(classes)
        if known is not None and not np.array_equal(known, labels):
            raise ValueError(
                f"`classes={classes!r}` is not the same as on last call to partial_fit, was: "
                f"{known!r}"
            )
        if len(labels) < 2:
            raise ValueError(f"classes must hold at least 2 labels, got {labels!r}")
        found, codes = np.unique(target[:, 0], return_inverse=True)
        if strange := sorted(set(found.tolist()) - set(labels.tolist()), key=str):
            raise ValueError(f"y has labels that are not among classes: {strange}")
        places = np.searchsorted(labels, found)
        return places[codes].astype(np.float64).reshape(-1, 1), [labels]

    @available_if(_has_probabilities)
    def predict_proba(self, X: Any) -> Values:
        """Predict the probability of each class; for log_loss and modified_huber.

        Of several classes, each against the rest, normalised to sum 1 (Zadrozny and Elkan, 2002).

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            The input.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            In the order of `classes_`.
        """
        return self._probabilities(X)

    @available_if(_has_probabilities)
    def predict_log_proba(self, X: Any) -> Values:
        """Predict the logarithm of each class's probability; -inf where that is 0.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            The input.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            In the order of `classes_`.
        """
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(self._probabilities(X)))

    def _link(self) -> str:
        return _LINKS.get(self.loss, "decision")


class SGDRegressor(Descent, ScoreRegressor):
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

    _family: ClassVar[str] = "descent"

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Learn from some rows, in one epoch: for data that do not fit into memory.

        Everything goes on where the last call stopped, the schedule and the optimiser included.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Some of the rows.
        y : array-like of shape (n_samples,)
            Their targets.
        sample_weight : array-like of shape (n_samples,) or None
            Weights of the rows, not negative.

        Returns
        -------
        self
        """
        return self._continue(X, y, sample_weight, None)

    def _part(
        self, target: NDArray[Any], classes: Any
    ) -> tuple[NDArray[np.float64], list[NDArray[Any]]]:
        return target, []

    def _read_target(self, unfitted: Any, y: Any) -> NDArray[Any]:
        return super()._read_target(unfitted, column_or_1d(y, warn=True))

    def _attributes(self, data: SweepData, model: Any) -> dict[str, Any]:
        return super()._attributes(data, model) | {
            "coef_": model.coef[0].astype(data.dtype),
            "intercept_": model.intercept.astype(data.dtype),
        }

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = False
        return tags
