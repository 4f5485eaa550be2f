"""What all families' estimators share: data in, hyperparameters checked, predictions out.

`SweepEstimator` is also the protocol that the tuners use (`_sweep_*`, `_from_model`): they prepare
the data once, ask for the core's candidate of each setting, and get fitted estimators back. What a
family adds (its hyperparameters, its attributes) is in its own file.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone, is_classifier
from sklearn.utils.validation import _num_samples, check_consistent_length, check_is_fitted

from setpoint.estimators.columns import Columns
from setpoint.estimators.scikit import BaseEstimator
from setpoint.estimators.seeds import Seed, seed_of
from setpoint.estimators.targets import class_codes, read_target, read_weights
from setpoint.hyperparameters import Declared, Hyperparameters
from setpoint.parameters import Parameters
from setpoint.threads import threads

if TYPE_CHECKING:
    from setpoint.report.model_plots import ModelPlots

__all__ = ["Recorded", "SweepData", "SweepEstimator"]

Values = NDArray[np.float64]

# Private attributes of a fit: those of an earlier one must not stay.
_LEARNED = ("_model", "_columns", "_dtype", "_growth", "_kernel_rows")


@dataclass(frozen=True, slots=True)
class SweepData:
    """A training set as the core takes it, checked once.

    Attributes
    ----------
    X : ndarray or CSR matrix of shape (n_samples, n_features)
        As the family reads it: see ``table`` and ``matrix``.
    y : ndarray of shape (n_samples, n_outputs)
        Numbers, or class codes.
    sample_weight : ndarray of shape (n_samples,) or None
        Not negative.
    classes : list of ndarray
        The classes of each output; empty for regression.
    columns : Columns
        What a model must remember of the columns.
    seed : callable() -> int
        The seed where `random_state` is no int: drawn once for the data set, when it is first
        asked for, so that all candidates of a search share it.
    """

    X: Any
    y: Values
    sample_weight: Values | None
    classes: list[NDArray[Any]]
    columns: Columns
    seed: Callable[[], int]

    @property
    def n_classes(self) -> list[int]:
        """The number of classes of each output; empty for regression."""
        return [len(labels) for labels in self.classes]

    @property
    def n_outputs(self) -> int:
        """The number of targets."""
        return int(self.y.shape[1])

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the numbers of X."""
        dtype: np.dtype[Any] = self.X.dtype
        return dtype

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
    _shapes_data: ClassVar[frozenset[str]] = frozenset()
    # The hyperparameter in which candidates that train side by side must agree, if that is all.
    _side_by_side: ClassVar[str | None] = None
    # The hyperparameter of which less is the beginning of a training with more, if it can go on.
    _continues: ClassVar[str | None] = None
    # Together equals alone: how far the predictions of a sweep may be from those of a fit, relative
    # to their size, where both are trained to high precision. 0: not by a bit.
    _agreement: ClassVar[float] = 0.0

    @property
    def hyperparameters(self) -> Hyperparameters:
        """What was set: a read-only mapping that prints as a table."""
        return Hyperparameters(type(self).__name__, self._declarations, self.get_params(deep=False))

    @property
    @abstractmethod
    def parameters_(self) -> Parameters:
        """What was learned: names to read-only arrays, printed as a table."""

    @property
    def plot(self) -> ModelPlots:
        """Plots of the fitted model: ``model.plot.importances()`` and others (`ModelPlots`)."""
        from setpoint.report.model_plots import ModelPlots

        return ModelPlots(self)

    def save(self, path: str | Path) -> None:
        """Write the fitted model to a safetensors file; `setpoint.load` reads it.

        Parameters
        ----------
        path : str or Path
            Where to write. The file holds arrays and JSON, no code.
        """
        from setpoint.estimators.persistence import save

        save(self, path)

    def to_onnx(self, path: str | Path, *, dtype: str | None = None) -> None:
        """Write the fitted model as an ONNX graph; needs ``pip install 'setpoint[onnx]'``.

        Its input is ``X`` (n, n_features), numbers; a categorical column as the positions of its
        values among `categories_`, NaN where missing or unknown. Its outputs are, as far as the
        estimator has them, ``label``, ``probabilities`` and ``scores``, or ``prediction``, with
        the values of `predict`, `predict_proba`, `decision_function` and `predict`.

        Parameters
        ----------
        path : str or Path
            Where to write.
        dtype : {"float32", "float64"} or None
            The type of the input; None: that of the rows in fit (forests: float32).

        Raises
        ------
        ValueError
            If something of the model has no form in ONNX, such as a kernel that is a function.
        """
        from setpoint.onnx_export import save_onnx

        save_onnx(self, path, dtype=dtype)

    # How a family reads its input and keeps its model.

    @abstractmethod
    def _learn_rows(self, unfitted: Any, X: Any) -> tuple[Columns, Any]:
        """The columns of a training set and its rows as the core takes them."""

    @abstractmethod
    def _read_rows(self, X: Any) -> Any:
        """Rows as the core takes them, checked against the training set's columns."""

    def _read_target(self, unfitted: Any, y: Any) -> NDArray[Any]:
        """The target, shape (n_samples, n_outputs), checked."""
        return read_target(unfitted, y, numeric=not is_classifier(self))

    @staticmethod
    @abstractmethod
    def _model_of(state: dict[str, NDArray[Any]]) -> Any:
        """The core's model of a saved state; `ValueError` if it makes no sense."""

    def _attributes(self, data: SweepData, model: Any) -> dict[str, Any]:
        """What the estimator tells of a learned model, by attribute."""
        return {}

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
        columns, rows = self._learn_rows(unfitted, X)
        target = self._read_target(unfitted, y)
        check_consistent_length(rows, target)
        codes, classes = class_codes(target) if is_classifier(self) else (target, [])
        weights = read_weights(sample_weight, rows)
        seed = Seed(partial(seed_of, self.__dict__.get("random_state")))
        return SweepData(rows, codes, weights, classes, columns, seed)

    def _from_model(
        self, data: SweepData, model: Any, params: Mapping[str, Any] | None = None
    ) -> Self:
        """A fitted copy of this estimator around a model that the core learned."""
        fitted: Self = clone(self).set_params(**(params or {}))
        fitted._adopt(data, model, {})
        return fitted

    def _predictions_as_estimator(
        self, data: SweepData, prediction: Values, params: Mapping[str, Any]
    ) -> Self:
        """A fitted copy that answers with predictions made already."""
        return self._from_model(data, Recorded(prediction), params)

    # What saving, loading and copying use.

    def _to_header(self) -> dict[str, Any]:
        """What a family adds to the JSON header of a saved model."""
        return {}

    def _from_header(self, header: Mapping[str, Any]) -> dict[str, Any]:
        """Fitted attributes from what `_to_header` wrote; `ValueError` if they make no sense."""
        return {}

    def _restored(self, header: Mapping[str, Any]) -> dict[str, Any]:
        """The attributes of a fitted model that follow from what the core keeps and its header."""
        fitted = self.__dict__
        classes = fitted.get("classes_", [])
        n_features, n_outputs = fitted["n_features_in_"], fitted["n_outputs_"]
        data = SweepData(
            np.empty((0, n_features), fitted["_dtype"]),
            np.empty((0, n_outputs)),
            None,
            classes if isinstance(classes, list) else [classes],
            fitted["_columns"],
            Seed(),
        )
        return self._attributes(data, fitted["_model"]) | self._from_header(header)

    # What the families use.

    def _checked(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """All hyperparameters as plain legal values; `InvalidHyperparameterError` otherwise."""
        owner, given = type(self).__name__, self.__dict__
        return {
            name: item.check(params[name] if name in params else given[name], owner)
            for name, item in self._declarations.items()
        }

    def _seed(self, params: Mapping[str, Any], data: SweepData) -> int:
        """The seed of a candidate: the one drawn with the data, unless it brings its own."""
        own = self.__dict__["random_state"]
        state = params.get("random_state", own)
        shared = state is own and not isinstance(state, int | np.integer)
        return data.seed() if shared else seed_of(state)

    def _adopt(self, data: SweepData, model: Any, learned: Mapping[str, Any]) -> None:
        """Become fitted; only called when training has succeeded."""
        columns = data.columns
        fitted: dict[str, Any] = {
            "_model": model,
            "_columns": columns,
            "_dtype": data.dtype,
            "n_features_in_": columns.n_features,
            "n_outputs_": data.n_outputs,
            "categories_": list(columns.categories),
            **learned,
        }
        if not isinstance(model, Recorded):
            fitted |= self._attributes(data, model)
        if columns.names is not None:
            fitted["feature_names_in_"] = columns.names
        if data.classes:
            fitted["classes_"] = data.classes if data.n_outputs > 1 else data.classes[0]
            fitted["n_classes_"] = data.n_classes if data.n_outputs > 1 else data.n_classes[0]
        kept = {
            name: value
            for name, value in self.__dict__.items()
            if not name.endswith("_") and name not in _LEARNED
        }
        # One assignment: an interruption leaves the earlier fit or this one, no mixture.
        self.__dict__ = kept | fitted

    def __sklearn_is_fitted__(self) -> bool:
        return "_model" in self.__dict__

    def _fitted_model(self) -> Any:
        """The core's model; `NotFittedError` if there is none."""
        check_is_fitted(self)
        return self.__dict__["_model"]

    def _raw(self, X: Any) -> Values:
        """The core's predictions, shape (n_samples, n_values)."""
        model = self._fitted_model()
        if isinstance(model, Recorded):
            return model.of(X)
        return np.asarray(model.predict(self._read_rows(X), threads(self.__dict__.get("n_jobs"))))

    # Pickles hold arrays, not objects of the core, and hold them once.

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = dict(super().__getstate__())
        if "_model" in state:
            header = self._to_header()
            for name, value in self._restored(header).items():
                if type(state.get(name)) is type(value):  # not what `sparsify` made of it
                    state.pop(name)
            state["_model"] = (state["_model"].state(), header)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        if "_model" not in state:
            return super().__setstate__(state)
        arrays, header = state["_model"]
        super().__setstate__(state | {"_model": self._model_of(arrays)})
        self.__dict__ = self._restored(header) | self.__dict__
