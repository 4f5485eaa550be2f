"""Estimators that learn in epochs: fits in parts, warm starts, and the candidate of the core.

What an epoch is, and what its hyperparameters come to, is in the family's own file.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_consistent_length

from setpoint.estimators.base import SweepData
from setpoint.estimators.matrix import MatrixEstimator
from setpoint.estimators.seeds import Seed, seed_of
from setpoint.estimators.targets import class_weights, read_weights

__all__ = [
    "EpochEstimator",
    "PartialClassifier",
    "PartialRegressor",
    "codes_among",
    "same_classes",
]

# Read in Python only.
_NOT_OF_THE_CORE = ("verbose", "n_jobs", "warm_start")
_LARGEST = 2**31 - 1  # a count beyond any data set: as good as any larger one


def _has_epochs(self: Any) -> bool:
    if getattr(self, "solver", None) == "lbfgs":
        raise AttributeError(
            "partial_fit is only available for stochastic optimizers. lbfgs is not stochastic."
        )
    return True


class EpochEstimator(MatrixEstimator):
    """Base of gradient descent and of networks."""

    _unit: ClassVar[str] = "epochs"
    # What the core calls to go on from a model, optimiser included.
    _resumed: ClassVar[Any]

    def _continue(self, X: Any, y: Any, sample_weight: Any, classes: Any) -> Self:
        """One epoch on these rows, from where the last one stopped."""
        settings = self._checked({})
        if settings["early_stopping"]:
            raise ValueError(
                "partial_fit does not support early_stopping=True, which needs all rows: "
                "early_stopping should be False with partial_fit."
            )
        if isinstance(settings.get("class_weight"), str):
            raise ValueError(
                "class_weight 'balanced' is not supported for partial_fit, which does not see all "
                "rows. In order to use 'balanced' weights, use compute_class_weight('balanced', "
                "classes=classes, y=y) on a sample of them, and pass the result as the "
                "class_weight parameter."
            )
        start = self.__dict__.get("_model")
        unfitted = type(self).__new__(type(self))
        if start is None:
            columns, rows = self._learn_rows(unfitted, X)
        else:
            columns, rows = self.__dict__["_columns"], self._read_rows(X)
        target = self._read_target(unfitted, y)
        check_consistent_length(rows, target)
        codes, labels = self._part(target, classes)
        weights = read_weights(sample_weight, rows)
        seed = Seed(partial(seed_of, self.__dict__["random_state"]))
        data = SweepData(rows, codes, weights, labels, columns, seed)
        once = {"max_iter": 1, "resume": self._resumed}
        model = self._learn(data, self._sweep_candidate({}, data) | once, start)
        self._adopt(data, model, {})
        return self

    @abstractmethod
    def _part(
        self, target: NDArray[Any], classes: Any
    ) -> tuple[NDArray[np.float64], list[NDArray[Any]]]:
        """The target of some rows as the core takes it, and the classes of all rows."""

    def _start(self, data: SweepData) -> Any:
        if not self.__dict__["warm_start"] or "_model" not in self.__dict__:
            return None
        known = self.__dict__.get("classes_", [])
        known = known if isinstance(known, list) else [known]
        if len(known) != len(data.classes) or not all(map(np.array_equal, known, data.classes)):
            raise ValueError(
                "warm_start can only be used where `y` has the same classes as in the previous "
                f"call to fit. Previously got {known}, `y` has {data.classes}. Fit on the same "
                "classes, or set warm_start=False."
            )
        return self.__dict__["_model"]

    def _sweep_candidate(self, params: Mapping[str, Any], data: SweepData) -> dict[str, object]:
        values = self._checked(params)
        candidate = {
            name: min(value, _LARGEST) if type(value) is int else value
            for name, value in values.items()
            if name not in _NOT_OF_THE_CORE
        }
        weights = class_weights(values.get("class_weight"), data.classes)
        return candidate | {"random_state": self._seed(params, data), "class_weight": weights}


class PartialClassifier(EpochEstimator):
    """Adds ``partial_fit`` for classes."""

    @available_if(_has_epochs)
    def partial_fit(
        self, X: Any, y: Any, classes: ArrayLike | None = None, sample_weight: Any = None
    ) -> Self:
        """Learn from some rows, in one epoch: for data that do not fit into memory.

        Parameters and optimiser go on where the last call stopped. So does the schedule; of
        networks only adaptive and invscaling do, others begin anew.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Some of the rows.
        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            Their classes, or labels 0 and 1 of a network.
        classes : array-like of shape (n_classes,) or None
            All classes there are; needed at the first call, but for labels.
        sample_weight : array-like of shape (n_samples,) or None
            Weights of the rows, not negative.

        Returns
        -------
        self
        """
        return self._continue(X, y, sample_weight, classes)


class PartialRegressor(EpochEstimator):
    """Adds ``partial_fit`` for numbers."""

    @available_if(_has_epochs)
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Learn from some rows, in one epoch: for data that do not fit into memory.

        Parameters and optimiser go on where the last call stopped. So does the schedule; of
        networks only adaptive and invscaling do, others begin anew.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Some of the rows.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Their targets; several of a network only.
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


def same_classes(known: NDArray[Any] | None, given: Any) -> NDArray[Any]:
    """The classes of `partial_fit`: those of its first call, which the others may repeat."""
    if known is None and given is None:
        raise ValueError("classes must be passed on the first call to partial_fit.")
    labels: NDArray[Any] = np.asarray(known) if given is None else np.unique(np.asarray(given))
    if known is not None and not np.array_equal(known, labels):
        raise ValueError(
            f"`classes={given!r}` is not the same as on last call to partial_fit, was: {known!r}"
        )
    return labels


def codes_among(labels: NDArray[Any], target: NDArray[Any]) -> NDArray[np.float64]:
    """The places of a target's labels among all labels, which are sorted."""
    found, codes = np.unique(target, return_inverse=True)
    if strange := sorted(set(found.tolist()) - set(labels.tolist()), key=str):
        raise ValueError(
            f"`y` has classes not in `self.classes_`: {strange} are not among classes."
        )
    return np.searchsorted(labels, found)[codes].astype(np.float64)
