"""What support vector machines with kernels share: rows or Gram matrices in, what was learned out.

Their hyperparameters are declared in ``svm_hyperparameters``; the classes are in ``svm`` and
``nu_svm``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import combinations
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, issparse
from sklearn.utils.validation import check_array

from setpoint import _core
from setpoint.estimators.base import SweepData, Values
from setpoint.estimators.columns import Columns
from setpoint.estimators.matrix import SingleTarget
from setpoint.estimators.svm_hyperparameters import KernelHyperparameters
from setpoint.parameters import Parameters

__all__ = ["KernelData", "KernelMachine"]

_MEANINGS = {
    "support": "rows of the training set that are support vectors",
    "support_vectors": "these rows",
    "n_support": "how many of each class",
    "dual_coef": "their signed dual coefficients, by row of scikit-learn's dual_coef_",
    "intercept": "constant of each decision function",
    "sigmoid": "Platt's A and B of each pair of classes",
    "support_starts": "where the entries of each support vector begin",
    "support_columns": "columns of the entries",
    "support_values": "the entries",
    "isotonic_lengths": "steps of each pair's isotonic function",
    "isotonic_decisions": "decision values of the steps",
    "isotonic_shares": "probabilities at the steps",
}
_FACTS = ("n_iter", "dual_gap", "violation", "objective")


@dataclass(frozen=True, slots=True)
class KernelData(SweepData):
    """A training set whose X is a Gram matrix that a callable made.

    Attributes
    ----------
    kernel_rows : ndarray or CSR matrix of shape (n_samples, n_features)
        What the callable was given.
    """

    kernel_rows: Any


class KernelMachine(KernelHyperparameters, SingleTarget):
    """Base of the machines with a kernel."""

    _unit: ClassVar[str] = "problems"
    _agreement: ClassVar[float] = 1e-5

    @property
    def parameters_(self) -> Parameters:
        """What was learned: names to read-only arrays, printed as a table."""
        arrays = self._fitted_model().arrays()
        learned = {name: array for name, array in arrays.items() if name not in _FACTS}
        return Parameters(type(self).__name__, learned, _MEANINGS)

    @property
    def coef_(self) -> Any:
        """Weights of the columns, shape (n_pairs, n_features); only of the linear kernel."""
        if self.kernel != "linear":
            raise AttributeError("coef_ is only available when using a linear kernel")
        self._fitted_model()
        dual, vectors = self.__dict__["dual_coef_"], self.__dict__["support_vectors_"]
        if dual.shape[0] == 1:
            weights = dual @ vectors
        else:
            dense = dual.toarray() if issparse(dual) else dual
            weights = pair_coefficients(dense, self.__dict__["n_support_"])
            weights = (csr_array(weights) if issparse(vectors) else weights) @ vectors
        if not issparse(weights):
            weights.flags.writeable = False
        return weights

    # Rows in.

    def _learn_rows(self, unfitted: Any, X: Any) -> tuple[Columns, Any]:
        if self.kernel == "precomputed" and issparse(X):
            raise TypeError("Sparse precomputed kernels are not supported.")
        columns, rows = super()._learn_rows(unfitted, X)
        if self.kernel == "precomputed" and rows.shape[0] != rows.shape[1]:
            raise ValueError(
                "Precomputed matrix must be a square matrix. Input is a "
                f"{rows.shape[0]}x{rows.shape[1]} matrix."
            )
        return columns, rows

    def _sweep_data(self, X: Any, y: Any, sample_weight: Any = None) -> SweepData:
        data = super()._sweep_data(X, y, sample_weight)
        if not callable(self.kernel):
            return data
        known = {field.name: getattr(data, field.name) for field in fields(SweepData)}
        rows = known["X"]
        gram = _gram(self.kernel, rows, rows)
        if gram.shape[0] != gram.shape[1]:
            raise ValueError("X.shape[0] should be equal to X.shape[1]")
        return KernelData(**(known | {"X": gram}), kernel_rows=rows)

    def _read_rows(self, X: Any) -> Any:
        rows = super()._read_rows(X)
        known = self.__dict__.get("_kernel_rows")
        return rows if known is None else _gram(self.kernel, rows, known)

    # Hyperparameters in.

    def _sweep_refusal(self, params: Mapping[str, Any]) -> str | None:
        if callable(params.get("kernel", self.kernel)):
            return "a callable kernel makes a Gram matrix of its own for each training set"
        return None

    def _sweep_candidate(self, params: Mapping[str, Any], data: SweepData) -> dict[str, object]:
        values = self._checked(params)
        kernel = values["kernel"]
        names = ("degree", "gamma", "coef0", "tol", "shrinking", "cache_size", "max_iter")
        return {name: values[name] for name in names} | {
            "kernel": "precomputed" if callable(kernel) else kernel,
            **self._own(values, data),
        }

    def _own(self, values: Mapping[str, Any], data: SweepData) -> dict[str, object]:
        """What the core is told of a machine beside its kernel."""
        raise NotImplementedError

    # What was learned out.

    @staticmethod
    def _model_of(state: dict[str, NDArray[Any]]) -> _core.Svm:
        return _core.Svm.from_state(state)

    def _attributes(self, data: SweepData, model: Any) -> dict[str, Any]:
        arrays = model.arrays()
        dual_coef, vectors = arrays["dual_coef"], _vectors(arrays, model.n_features)
        if issparse(vectors):
            dual_coef = csr_array(dual_coef)
        steps = arrays["n_iter"].astype(np.int32)
        gap = arrays["dual_gap"]
        several = bool(data.classes)
        return {
            "support_": arrays["support"].astype(np.int32),
            "support_vectors_": vectors,
            "n_support_": arrays["n_support"].astype(np.int32),
            "dual_coef_": dual_coef,
            "intercept_": arrays["intercept"],
            "n_iter_": steps if several else int(steps[0]),
            "dual_gap_": gap if several else float(gap[0]),
            "fit_status_": 0 if model.converged else 1,
            "shape_fit_": tuple(data.X.shape),
            "_gamma": model.gamma,
            **({"_kernel_rows": data.kernel_rows} if isinstance(data, KernelData) else {}),
        }

    def _to_header(self) -> dict[str, Any]:
        return {"n_samples": self.__dict__["shape_fit_"][0]}

    def _from_header(self, header: Mapping[str, Any]) -> dict[str, Any]:
        n, model = header["n_samples"], self.__dict__["_model"]
        if type(n) is not int or n <= model.arrays()["support"].max(initial=0):
            raise ValueError(f"support vectors of more than {n!r} rows")
        return {"shape_fit_": (n, model.n_features)}

    def _decisions(self, X: Any) -> Values:
        """Decision values of the pairs, shape (n_samples, n_pairs)."""
        return self._raw(X)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.pairwise = self.kernel == "precomputed"
        tags.input_tags.sparse = self.kernel != "precomputed"
        return tags


def _gram(kernel: Any, rows: Any, known: Any) -> NDArray[np.float64]:
    values = kernel(rows, known)
    if issparse(values):
        values = values.toarray()
    return np.asarray(check_array(values, dtype=np.float64, order="C", input_name="the kernel"))


def _vectors(arrays: Mapping[str, NDArray[Any]], n_features: int) -> Any:
    if "support_vectors" in arrays:
        return arrays["support_vectors"]
    parts = (arrays["support_values"], arrays["support_columns"], arrays["support_starts"])
    return csr_array(parts, shape=(len(arrays["support_starts"]) - 1, n_features))


def pair_coefficients(
    dual_coef: NDArray[np.float64], n_support: Sequence[int] | NDArray[Any]
) -> NDArray[np.float64]:
    """The coefficient of each support vector in each pair's decision value.

    Parameters
    ----------
    dual_coef : ndarray of shape (n_classes - 1, n_vectors)
        As scikit-learn has them: of a class against each of the others.
    n_support : sequence of int
        Support vectors of each class, which stand together.

    Returns
    -------
    ndarray of shape (n_pairs, n_vectors)
        0 where the vector is of neither class.
    """
    if len(dual_coef) == 1:
        return dual_coef
    ends = np.cumsum([0, *n_support])
    pairs = list(combinations(range(len(n_support)), 2))
    coefficients = np.zeros((len(pairs), ends[-1]))
    for row, (a, b) in zip(coefficients, pairs, strict=True):
        for own, place in ((a, b - 1), (b, a)):
            row[ends[own] : ends[own + 1]] = dual_coef[place, ends[own] : ends[own + 1]]
    return coefficients
