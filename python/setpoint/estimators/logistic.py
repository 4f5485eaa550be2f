"""Logistic regression. Its hyperparameters are in ``logistic_hyperparameters``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from sklearn.linear_model._base import SparseCoefMixin

from setpoint.estimators.base import SweepData, Values
from setpoint.estimators.logistic_candidate import logistic_candidate
from setpoint.estimators.logistic_hyperparameters import LogisticHyperparameters
from setpoint.estimators.scores import ScoreClassifier

__all__ = ["LogisticRegression"]


class LogisticRegression(LogisticHyperparameters, SparseCoefMixin, ScoreClassifier):
    """Logistic regression of two or more classes, with an L2, L1 or elastic-net penalty or none.

    Minimises, over the coefficients W and the intercepts b,

    ``sum_i w_i log_loss(y_i, W x_i + b) + ((1 - l1_ratio) / 2 |W|^2 + l1_ratio |W|_1) / C``

    where w_i are the rows' weights and norms run over all coefficients. Hyperparameters,
    attributes and semantics are those of `sklearn.linear_model.LogisticRegression`. The solver is
    chosen by the data: L-BFGS steps from the second derivatives of the loss (Newton's, where these
    are cheap), and proximal Newton steps with coordinate descent where there is L1. Columns need
    not be scaled for it. Every fit ends by the same rule: the greatest absolute entry of the
    gradient of the mean loss, penalty included (with L1: of the subgradient nearest to 0), and the
    Newton decrement are at most `tol`. The candidates of a search share the passes over the data;
    each gets what it gets alone, bit for bit, and the model does not depend on the number of
    threads.

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
        The constants; 0 without an intercept.
    n_iter_ : ndarray of shape (1,)
        Steps taken on all rows.
    n_features_in_ : int
        The number of columns.
    feature_names_in_ : ndarray of shape (n_features,)
        The columns' names, where the input had any.

    References
    ----------
    Nocedal and Wright (2006), "Numerical optimization". Lee, Sun and Saunders (2014), "Proximal
    Newton-type methods for minimizing composite functions", SIAM J. Optim. 24. Friedman, Hastie
    and Tibshirani (2010), "Regularization paths for generalized linear models via coordinate
    descent", J. Stat. Softw. 33.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from setpoint import LogisticRegression
    >>> X, y = load_iris(return_X_y=True)
    >>> model = LogisticRegression().fit(X, y)
    >>> model.predict(X[:2])
    array([0, 0])
    >>> round(model.score(X, y), 3)
    0.973
    """

    _family: ClassVar[str] = "logistic"

    def predict_proba(self, X: Any) -> Values:
        """Predict the probability of each class.

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
            return np.asarray(np.log(self.predict_proba(X)))

    def _link(self) -> str:
        return "logistic" if len(self.__dict__["classes_"]) == 2 else "softmax"

    def _sweep_candidate(self, params: Mapping[str, Any], data: SweepData) -> dict[str, object]:
        return logistic_candidate(self._checked(params), data)

    def _start(self, data: SweepData) -> Any:
        known = self.__dict__.get("_model")
        return known if self.__dict__["warm_start"] else None

    def _attributes(self, data: SweepData, model: Any) -> dict[str, Any]:
        n_iter = model.facts["n_iter"].astype(np.int32)
        return super()._attributes(data, model) | {"n_iter_": n_iter}
