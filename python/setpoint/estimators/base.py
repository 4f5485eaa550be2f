"""What all families' estimators share: data in, hyperparameters checked, predictions out.

`SweepEstimator` is also the protocol that the tuners use (`_sweep_*`, `_from_model`): they prepare
the data once, ask for the core's candidate of each setting, and get fitted estimators back. What a
family adds (its hyperparameters, its attributes) is in its own file.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone, is_classifier
from sklearn.utils.validation import _num_samples, check_consistent_length, check_is_fitted

from setpoint.estimators.columns import Columns
from setpoint.estimators.scikit import BaseEstimator
from setpoint.estimators.seeds import seed_of
from setpoint.estimators.targets import class_codes, read_target, read_weights
from setpoint.hyperparameters import Declared, Hyperparameters
from setpoint.parameters import Parameters
from setpoint.threads import threads

__all__ = ["Recorded", "SweepData", "SweepEstimator"]

Rows = NDArray[np.float32]
Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SweepData:
    """A training set as the core takes it, checked once.

    Attributes
    ----------
    X : ndarray of shape (n_samples, n_features)
        float32; NaN is missing; a categorical column holds codes.
    y : ndarray of shape (n_samples, n_outputs)
        Numbers, or class codes.
    sample_weight : ndarray of shape (n_samples,) or None
        Not negative.
    classes : list of ndarray
        The classes of each output; empty for regression.
    columns : Columns
        What a model must remember of the columns.
    seed : int
        The seed where `random_state` is no int: drawn once for the data set, so that all
        candidates of a search share it.
    """

    X: Rows
    y: Values
    sample_weight: Values | None
    classes: list[NDArray[Any]]
    columns: Columns
    seed: int

    @property
    def n_classes(self) -> list[int]:
        """The number of classes of each output; empty for regression."""
        return [len(labels) for labels in self.classes]

    @property
    def n_outputs(self) -> int:
        """The number of targets."""
        return int(self.y.shape[1])

    @property
    def categorical(self) -> NDArray[np.bool_]:
        """Which columns are categorical, shape (n_features,)."""
        return self.columns.categorical


class Recorded:
    """Predictions made already, in the place of a model: for scorers that the core lacks."""

    def __init__(self, values: Values) -> None:
        self.values = values

    def of(self, X: Any) -> Values:
        """The recorded values, whatever the rows hold; their number must agree."""
        if (n := _num_samples(X)) != len(self.values):
            raise ValueError(f"predictions were recorded for {len(self.values)} rows, got {n}")
        return self.values


class SweepEstimator(Declared, BaseEstimator):
    """Base of the estimators whose training is a sweep of the compiled core."""

    _family: ClassVar[str]
    # The hyperparameters that `_sweep_data` reads: candidates that differ in them share no data.
    _shapes_data: ClassVar[frozenset[str]] = frozenset({"categorical_features"})

    @property
    def hyperparameters(self) -> Hyperparameters:
        """What was set: a read-only mapping that prints as a table."""
        return Hyperparameters(type(self).__name__, self._declarations, self.get_params(deep=False))

    @property
    @abstractmethod
    def parameters_(self) -> Parameters:
        """What was learned: names to read-only arrays, printed as a table."""

    def save(self, path: str | Path) -> None:
        """Write the fitted model to a safetensors file; `setpoint.load` reads it.

        Parameters
        ----------
        path : str or Path
            Where to write. The file holds arrays and JSON, no code.
        """
        from setpoint.estimators.persistence import save

        save(self, path)

    # What the tuners use.

    @abstractmethod
    def _sweep_candidate(self, params: Mapping[str, Any], data: SweepData) -> dict[str, object]:
        """The core's candidate for ``get_params() | params``; `ValueError` if it is illegal."""

    def _sweep_refusal(self, params: Mapping[str, Any]) -> str | None:
        """Why these hyperparameters cannot be swept together with others; None if they can."""
        return None

    def _sweep_data(self, X: Any, y: Any, sample_weight: Any = None) -> SweepData:
        """A whole training set, checked; raises `ValueError` or `TypeError`."""
        self._checked({})
        unfitted = type(self).__new__(
            type(self)
        )  # so that a failure leaves this estimator as it is
        columns, rows = Columns.learn(unfitted, X, getattr(self, "categorical_features", None))
        target = read_target(unfitted, y, numeric=not is_classifier(self))
        check_consistent_length(rows, target)
        codes, classes = class_codes(target) if is_classifier(self) else (target, [])
        weights = read_weights(sample_weight, rows)
        return SweepData(
            rows, codes, weights, classes, columns, seed_of(self.__dict__.get("random_state"))
        )

    def _from_model(
        self, data: SweepData, model: Any, params: Mapping[str, Any] | None = None
    ) -> Self:
        """A fitted copy of this estimator around a model that the core learned."""
        fitted: Self = clone(self).set_params(**(params or {}))
        fitted._adopt(data, model, {})
        return fitted

    def _predictions_as_estimator(self, data: SweepData, prediction: Values) -> Self:
        """A fitted copy that answers with predictions made already."""
        return self._from_model(data, Recorded(prediction))

    # What saving and loading use.

    def _to_header(self) -> dict[str, Any]:
        """What a family adds to the JSON header of a saved model."""
        return {}

    def _from_header(self, header: Mapping[str, Any]) -> dict[str, Any]:
        """Fitted attributes from what `_to_header` wrote; `ValueError` if they make no sense."""
        return {}

    # What the families use.

    def _checked(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """All hyperparameters as plain legal values; `InvalidHyperparameterError` otherwise."""
        owner, given = type(self).__name__, self.__dict__
        return {
            name: item.check(params[name] if name in params else given[name], owner)
            for name, item in self._declarations.items()
        }

    def _adopt(self, data: SweepData, model: Any, learned: Mapping[str, Any]) -> None:
        """Become fitted; only called when training has succeeded."""
        columns = data.columns
        fitted: dict[str, Any] = {
            "_model": model,
            "_columns": columns,
            "n_features_in_": columns.n_features,
            "n_outputs_": data.n_outputs,
            "categories_": list(columns.categories),
            **learned,
        }
        if columns.names is not None:
            fitted["feature_names_in_"] = columns.names
        if data.classes:
            fitted["classes_"] = data.classes if data.n_outputs > 1 else data.classes[0]
            fitted["n_classes_"] = data.n_classes if data.n_outputs > 1 else data.n_classes[0]
        kept = {
            name: value
            for name, value in self.__dict__.items()
            if not name.endswith("_") and name not in ("_model", "_columns", "_growth")
        }
        # One assignment: an interruption leaves the earlier fit or this one, no mixture.
        self.__dict__ = kept | fitted

    def __sklearn_is_fitted__(self) -> bool:
        return "_model" in self.__dict__

    def _raw(self, X: Any) -> Values:
        """The core's predictions, shape (n_samples, n_values)."""
        check_is_fitted(self)
        model = self.__dict__["_model"]
        if isinstance(model, Recorded):
            return model.of(X)
        return np.asarray(model.predict(self._rows(X), threads(self.__dict__["n_jobs"])))

    def _rows(self, X: Any) -> Rows:
        """The rows of `X`, checked against the training set's columns."""
        columns: Columns = self.__dict__["_columns"]
        if (
            type(X) is np.ndarray
            and X.ndim == 2
            and X.shape[1] == columns.n_features
            and X.dtype.char in "fd"
            and len(X)
            and columns.plain
        ):
            # Nothing to check but infinity. A sum that is not finite tells of one, or of NaN, or
            # of nothing: the long way finds out which.
            with np.errstate(all="ignore"):
                rows = np.ascontiguousarray(X, dtype=np.float32)
                if np.isfinite(rows.sum()):
                    return rows
        return columns.read(self, X)
