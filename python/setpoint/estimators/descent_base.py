"""What the two estimators of gradient descent share: whole fits, and fits in parts."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import issparse
from sklearn.utils.validation import check_consistent_length

from setpoint.estimators.base import SweepData
from setpoint.estimators.columns import Columns
from setpoint.estimators.descent_hyperparameters import DescentHyperparameters
from setpoint.estimators.matrix import MatrixEstimator
from setpoint.estimators.seeds import seed_of
from setpoint.estimators.targets import class_weights, read_weights

__all__ = ["Descent"]

# Read in Python only.
_NOT_OF_THE_CORE = ("verbose", "n_jobs", "warm_start")
_LARGEST = 2**31 - 1  # a count beyond any data set: as good as any larger one


class Descent(DescentHyperparameters, MatrixEstimator):
    """Base of the two estimators."""

    _unit: ClassVar[str] = "epochs"
    _side_by_side: ClassVar[str | None] = "batch_size"

    def _learn_rows(self, unfitted: Any, X: Any) -> tuple[Columns, Any]:
        columns, rows = super()._learn_rows(unfitted, X)
        values = rows.data if issparse(rows) else rows
        greatest = max(values.max(initial=0.0), -values.min(initial=0.0))
        if greatest > np.sqrt(np.finfo(values.dtype).max):
            raise ValueError(
                f"X holds values up to {greatest:.3g}, too large to be squared as {values.dtype}. "
                "Scale its columns, for example with sklearn.preprocessing.StandardScaler."
            )
        return columns, rows

    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: ArrayLike | None = None,
        *,
        coef_init: ArrayLike | None = None,
        intercept_init: ArrayLike | None = None,
    ) -> Self:
        """Learn the parameters.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            The input; float32 and float64 are used as they are, without a copy.
        y : array-like of shape (n_samples,)
            The target: class labels, or numbers.
        sample_weight : array-like of shape (n_samples,) or None
            Weights of the rows, not negative; a row of weight 0 is no row.
        coef_init : array-like of the shape of `coef_`, or None
            The coefficients to begin with; None: zeros, or the last ones under `warm_start`.
        intercept_init : array-like of the shape of `intercept_`, or None
            The intercepts to begin with.

        Returns
        -------
        self

        Raises
        ------
        ValueError, TypeError
            If a hyperparameter or the data are not legal; an earlier fit stays as it was.
        """
        data = self._sweep_data(X, y, sample_weight)
        candidate = self._sweep_candidate({}, data)
        start = self._start(data)
        if coef_init is not None or intercept_init is not None:
            start = self._given(data, start, coef_init, intercept_init)
        self._adopt(data, self._learn(data, candidate, start), {})
        return self

    def _start(self, data: SweepData) -> Any:
        if not self.warm_start or "_model" not in self.__dict__:
            return None
        known = self.__dict__.get("classes_")
        if known is not None and not np.array_equal(known, data.classes[0]):
            raise ValueError(
                "warm_start=True goes on from a fit on other classes. Fit on the same classes, or "
                "set warm_start=False."
            )
        return self.__dict__["_model"]

    def _given(self, data: SweepData, start: Any, coef: Any, intercept: Any) -> Any:
        """A model of the parameters to begin with."""
        n_classes = data.n_classes[0] if data.classes else 0
        shape = (1 if n_classes <= 2 else n_classes, data.X.shape[1])
        known = (start.coef, start.intercept) if start else (np.zeros(shape), np.zeros(shape[0]))
        given = []
        for name, value, size, last in (
            ("coef_init", coef, shape, known[0]),
            ("intercept_init", intercept, shape[:1], known[1]),
        ):
            array = np.asarray(last if value is None else value, dtype=np.float64)
            if array.size != np.prod(size):
                raise ValueError(
                    f"Provided {name} does not match dataset: it has shape {array.shape}, and "
                    f"{size} is needed."
                )
            given.append(np.ascontiguousarray(array.reshape(size)))
        kind = np.array([n_classes, 0])  # nothing is predicted by it: any link will do
        return self._model_of({"coef": given[0], "intercept": given[1], "kind": kind})

    def _continue(self, X: Any, y: Any, sample_weight: Any, classes: Any) -> Self:
        """One epoch on these rows, from where the last one stopped."""
        if self.early_stopping:
            raise ValueError("early_stopping should be False with partial_fit")
        self._checked({})
        start = self.__dict__.get("_model")
        unfitted = type(self).__new__(type(self))
        columns, rows = self._learn_rows(unfitted, X) if start is None else (None, None)
        if columns is None:
            columns, rows = self.__dict__["_columns"], self._read_rows(X)
        target = self._read_target(unfitted, y)
        check_consistent_length(rows, target)
        codes, labels = self._part(target, classes)
        weights = read_weights(sample_weight, rows)
        data = SweepData(rows, codes, weights, labels, columns, seed_of(self.random_state))
        once = {"max_iter": 1, "resume": True}
        model = self._learn(data, self._sweep_candidate({}, data) | once, start)
        self._adopt(data, model, {})
        return self

    @abstractmethod
    def _part(
        self, target: NDArray[Any], classes: Any
    ) -> tuple[NDArray[np.float64], list[NDArray[Any]]]:
        """The target of some rows as the core takes it, and the classes of all rows."""

    def _sweep_candidate(self, params: Mapping[str, Any], data: SweepData) -> dict[str, object]:
        values = self._checked(params)
        state = params.get("random_state", self.random_state)
        # All candidates of a search share the seed that was drawn with the data.
        shared = state is self.random_state and not isinstance(state, int | np.integer)
        candidate = {
            name: min(value, _LARGEST) if type(value) is int else value
            for name, value in values.items()
            if name not in _NOT_OF_THE_CORE
        }
        candidate |= {"random_state": data.seed if shared else seed_of(state), "resume": False}
        if data.classes:
            candidate["class_weight"] = class_weights(
                values["class_weight"], data.classes, bootstrap=False, warm_start=False
            )
        return candidate

    def _attributes(self, data: SweepData, model: Any) -> dict[str, Any]:
        facts = model.facts
        attributes = {
            "n_iter_": int(facts["n_iter"][0]),
            "t_": float(facts["t"][0]),
            "loss_curve_": facts["loss_curve"],
        }
        if "validation_curve" in facts:
            attributes["validation_curve_"] = facts["validation_curve"]
        return super()._attributes(data, model) | attributes
