"""Fully connected networks, for classes and for numbers.

What they share is in ``network_base``, their hyperparameters in ``network_hyperparameters``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from setpoint.estimators.base import SweepData, Values
from setpoint.estimators.common_hyperparameters import CLASS_WEIGHT
from setpoint.estimators.epochs import (
    PartialClassifier,
    PartialRegressor,
    codes_among,
    same_classes,
)
from setpoint.estimators.network_base import NetworkEstimator
from setpoint.estimators.predictors import SweepClassifier, SweepRegressor
from setpoint.hyperparameters import Choice, Instance, Real, hyperparameter

__all__ = ["MLPClassifier", "MLPRegressor"]


class MLPClassifier(PartialClassifier, NetworkEstimator, SweepClassifier):
    """A fully connected network that predicts classes.

    Minimises, over the weights W and the biases b of all layers,

    ``1/s sum_i w_i loss(network(x_i), y_i) + alpha / (2 s) |W|^2,   s = sum_i w_i``

    over the rows of one batch after the other, where loss is the logarithmic loss and w_i are the
    weights of rows and classes. Hyperparameters, attributes and semantics are those of
    `sklearn.neural_network.MLPClassifier`; with the same first weights and batches its steps are
    the same ones. Class weights, dropout, batch normalisation, AdamW and RMSprop, further
    activations, schedules and starts, gradient clipping, the loss of the rows kept back, the best
    epoch, `diagnosis_`, `save` and the two tables are added. Numbers are float32 unless told
    otherwise, and schedules hold for every solver, not for sgd alone.

    The candidates of a search that see the same batches go through them side by side; each gets
    what it gets alone, bit for bit, and more values of `max_iter` cost next to nothing.

    Parameters
    ----------
    {hyperparameters}

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,), or a list of them
        The labels; a list for multilabel targets.
    coefs_ : list of ndarray of shape (n_inputs, n_neurons)
        The weights, layer by layer.
    intercepts_ : list of ndarray of shape (n_neurons,)
        The biases, layer by layer.
    n_layers_ : int
        Layers, the input included.
    out_activation_ : str
        The last layer's: softmax, or logistic for two classes and for labels.
    n_iter_ : int
        Epochs of the last fit.
    t_ : int
        Rows seen in training.
    loss_ : float
        The training loss of the last epoch.
    loss_curve_ : list of float
        The training loss by epoch, penalty included.
    best_loss_ : float or None
        The least of them; None under early stopping.
    validation_scores_ : list of float or None
        Accuracy on the rows kept back by epoch, if `early_stopping`.
    validation_loss_curve_ : list of float or None
        The loss of the rows kept back by epoch, if `early_stopping`.
    best_validation_score_ : float or None
        The best accuracy on the rows kept back.
    best_epoch_ : int
        The epoch of the best score, or else of the least loss, from 1.
    diagnosis_ : str
        Whether the network underfits or overfits, and the remedy.
    n_outputs_ : int
        The number of targets.
    n_features_in_ : int
        The number of columns.
    feature_names_in_ : ndarray of shape (n_features,)
        The columns' names, where the input had any.

    References
    ----------
    Glorot and Bengio (2010), He et al. (2015) and Saxe et al. (2014) for the starts. Kingma and Ba
    (2015), "Adam". Loshchilov and Hutter (2019), "Decoupled weight decay regularization".
    Srivastava et al. (2014), "Dropout". Ioffe and Szegedy (2015), "Batch normalization".

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from setpoint import MLPClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> model = MLPClassifier((20,), learning_rate_init=0.01, max_iter=300, random_state=0)
    >>> model.fit(X, y).score(X, y) > 0.95
    True
    """

    class_weight: Any = replace(
        CLASS_WEIGHT,
        domain=CLASS_WEIGHT.domain | Instance(list, "a list of such dicts, one a label"),
    )

    def predict_proba(self, X: Any) -> Values:
        """Predict the probability of each class, or of each label.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            The input.

        Returns
        -------
        ndarray of shape (n_samples, n_classes) or (n_samples, n_labels)
            In the order of `classes_`; of labels the probability of the second class.
        """
        values = self._raw(X)
        if isinstance(self.__dict__["classes_"], list):
            last = np.cumsum(self.__dict__["n_classes_"]) - 1
            return np.ascontiguousarray(values[:, last])
        return values

    def _part(
        self, target: NDArray[Any], classes: Any
    ) -> tuple[NDArray[np.float64], list[NDArray[Any]]]:
        known = self.__dict__.get("classes_")
        n_before, n = self.__dict__.get("n_outputs_", target.shape[1]), target.shape[1]
        if n_before != n:
            raise ValueError(
                f"y has {n} column(s) and had {n_before} in the calls before: partial_fit goes on "
                "with the same labels. Use fit to begin with others."
            )
        if target.shape[1] > 1:
            labels = known or [np.array([0, 1])] * target.shape[1]
        else:
            labels = [same_classes(known, classes)]
        codes = [codes_among(names, target[:, k]) for k, names in enumerate(labels)]
        return np.column_stack(codes), labels

    def _sweep_data(self, X: Any, y: Any, sample_weight: Any = None) -> SweepData:
        data = super()._sweep_data(X, y, sample_weight)
        if data.n_outputs > 1 and max(data.n_classes) > 2:
            raise ValueError(
                "y has several columns of more than two classes (multiclass-multioutput), which "
                "networks do not learn: fit one for each column."
            )
        return data

    def _sweep_candidate(self, params: Mapping[str, Any], data: SweepData) -> dict[str, object]:
        return super()._sweep_candidate(params, data) | {"loss": "log_loss", "huber_delta": 1.0}

    def _last_activation(self, n_outputs: int) -> str:
        return "logistic" if n_outputs == 1 else "softmax"

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = False  # but for labels
        return tags


class MLPRegressor(PartialRegressor, NetworkEstimator, SweepRegressor):
    """A fully connected network that predicts numbers.

    Minimises, over the weights W and the biases b of all layers,

    ``1/s sum_i w_i loss(network(x_i), y_i) + alpha / (2 s) |W|^2,   s = sum_i w_i``

    over the rows of one batch after the other, where w_i are the weights of the rows.
    Hyperparameters, attributes and semantics are those of `sklearn.neural_network.MLPRegressor`;
    with the same first weights and batches its steps are the same ones. The huber loss, dropout,
    batch normalisation, AdamW and RMSprop, further activations, schedules and starts, gradient
    clipping, the loss of the rows kept back, the best epoch, `diagnosis_`, `save` and the two
    tables are added. Numbers are float32 unless told otherwise, and schedules hold for every
    solver, not for sgd alone.

    The candidates of a search that see the same batches go through them side by side; each gets
    what it gets alone, bit for bit, and more values of `max_iter` cost next to nothing.

    Parameters
    ----------
    {hyperparameters}

    Attributes
    ----------
    coefs_ : list of ndarray of shape (n_inputs, n_neurons)
        The weights, layer by layer.
    intercepts_ : list of ndarray of shape (n_neurons,)
        The biases, layer by layer.
    n_layers_ : int
        Layers, the input included.
    out_activation_ : str
        The last layer's: identity, or exp for the poisson loss.
    n_iter_ : int
        Epochs of the last fit.
    t_ : int
        Rows seen in training.
    loss_ : float
        The training loss of the last epoch.
    loss_curve_ : list of float
        The training loss by epoch, penalty included; of several targets their mean.
    best_loss_ : float or None
        The least of them; None under early stopping.
    validation_scores_ : list of float or None
        R2 on the rows kept back by epoch, if `early_stopping`.
    validation_loss_curve_ : list of float or None
        The loss of the rows kept back by epoch, if `early_stopping`.
    best_validation_score_ : float or None
        The best R2 on the rows kept back.
    best_epoch_ : int
        The epoch of the best score, or else of the least loss, from 1.
    diagnosis_ : str
        Whether the network underfits or overfits, and the remedy.
    n_outputs_ : int
        The number of targets.
    n_features_in_ : int
        The number of columns.
    feature_names_in_ : ndarray of shape (n_features,)
        The columns' names, where the input had any.

    References
    ----------
    Those of `MLPClassifier`; Huber (1964), "Robust estimation of a location parameter".

    Examples
    --------
    >>> from sklearn.datasets import make_regression
    >>> from setpoint import MLPRegressor
    >>> X, y = make_regression(500, 5, random_state=0)
    >>> model = MLPRegressor((50,), learning_rate_init=0.01, random_state=0)
    >>> model.fit(X, y / y.std()).score(X, y / y.std()) > 0.98
    True
    """

    loss: str = hyperparameter(
        default="squared_error",
        domain=Choice("squared_error", "huber", "poisson"),
        meaning="What is minimised; poisson is for counts, its predictions are positive.",
    )
    huber_delta: float = hyperparameter(
        default=1.0,
        domain=Real(0.0, None, "neither"),
        meaning="Of huber: error from which on the loss goes on straight.",
    )

    def _last_activation(self, n_outputs: int) -> str:
        return "exp" if self.loss == "poisson" else "identity"
