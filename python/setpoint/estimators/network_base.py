"""What the two estimators of networks share: whole fits, fits in parts, and what they tell."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_consistent_length

from setpoint import _core
from setpoint.estimators.base import SweepData
from setpoint.estimators.matrix import MatrixEstimator
from setpoint.estimators.network_diagnosis import diagnose
from setpoint.estimators.network_hyperparameters import ACTIVATIONS, NetworkHyperparameters
from setpoint.estimators.seeds import seed_of
from setpoint.estimators.targets import class_weights, read_weights
from setpoint.parameters import Parameters

__all__ = ["NetworkEstimator", "activation_names", "layer_sizes"]

# Read in Python only.
_NOT_OF_THE_CORE = ("verbose", "n_jobs", "warm_start")
_LARGEST = 2**31 - 1  # a count beyond any data set: as good as any larger one


class NetworkEstimator(NetworkHyperparameters, MatrixEstimator):
    """Base of the two estimators."""

    _unit: ClassVar[str] = "epochs"
    _side_by_side: ClassVar[str | None] = "batch_size"

    @property
    def parameters_(self) -> Parameters:
        """What was learned: names to read-only arrays, printed as a table."""
        model = self._fitted_model()
        arrays: dict[str, NDArray[Any]] = {}
        meanings: dict[str, str] = {}
        gains, moments = model.gains(), model.moments()
        for i, (weights, biases) in enumerate(zip(model.weights(), model.biases(), strict=True)):
            n_in, n_out = weights.shape
            arrays[f"weights[{i}]"], arrays[f"biases[{i}]"] = weights, biases
            meanings[f"weights[{i}]"] = f"from {n_in} inputs to {n_out} neurons"
            meanings[f"biases[{i}]"] = "added to their sums"
            if i < len(gains):
                arrays[f"gains[{i}]"], arrays[f"moments[{i}]"] = gains[i], moments[i]
                meanings[f"gains[{i}]"] = "scale of the normalised sums"
                meanings[f"moments[{i}]"] = "mean and variance of the sums: seen, not learned"
        return Parameters(type(self).__name__, arrays, meanings)

    @property
    def diagnosis_(self) -> str:
        """Whether the network underfits or overfits, as far as its losses tell, and the remedy."""
        return diagnose(self._fitted_model().history)

    def _continue(self, X: Any, y: Any, sample_weight: Any, classes: Any) -> Self:
        """One epoch on these rows, from where the last one stopped."""
        if self.early_stopping:
            raise ValueError("partial_fit does not support early_stopping=True")
        self._checked({})
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
        data = SweepData(rows, codes, weights, labels, columns, seed_of(self.random_state))
        candidate = self._sweep_candidate({}, data) | {"max_iter": 1, "resume": "all"}
        self._adopt(data, self._learn(data, candidate, start), {})
        return self

    @abstractmethod
    def _part(
        self, target: NDArray[Any], classes: Any
    ) -> tuple[NDArray[np.float64], list[NDArray[Any]]]:
        """The target of some rows as the core takes it, and the classes of all rows."""

    @abstractmethod
    def _last_activation(self, n_outputs: int) -> str:
        """What will be done to the scores of so many last neurons."""

    def _start(self, data: SweepData) -> Any:
        if not self.warm_start or "_model" not in self.__dict__:
            return None
        known = self.__dict__.get("classes_", [])
        known = known if isinstance(known, list) else [known]
        if len(known) != len(data.classes) or not all(map(np.array_equal, known, data.classes)):
            raise ValueError(
                "warm_start can only be used where `y` has the same classes as in the previous "
                f"call to fit. Previously got {known}, `y` has {data.classes}"
            )
        return self.__dict__["_model"]

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
        sizes = layer_sizes(values["hidden_layer_sizes"])
        batch_size = values["batch_size"]
        return candidate | {
            "hidden_layer_sizes": sizes,
            "activation": ",".join(activation_names(values["activation"], len(sizes))),
            "batch_size": None if batch_size == "auto" else batch_size,
            "random_state": data.seed if shared else seed_of(state),
            "resume": "parameters" if values["warm_start"] else "no",
            "class_weight": class_weights(
                values.get("class_weight"), data.classes, bootstrap=False, warm_start=False
            ),
        }

    def _attributes(self, data: SweepData, model: Any) -> dict[str, Any]:
        history = model.history
        losses, scores = history["losses"], history["validation_scores"]
        early = bool(scores)
        return {
            "coefs_": model.weights(),
            "intercepts_": model.biases(),
            "n_layers_": len(model.sizes),
            "out_activation_": model.out_activation,
            "n_iter_": history["n_iter"],
            "t_": history["n_seen"],
            "loss_": losses[-1] if losses else np.inf,
            "loss_curve_": losses,
            "best_loss_": None if early else history["best"],
            "best_epoch_": history["best_epoch"],
            "validation_scores_": scores if early else None,
            "validation_loss_curve_": history["validation_losses"] if early else None,
            "best_validation_score_": history["best"] if early else None,
        }

    @staticmethod
    def _model_of(state: dict[str, NDArray[Any]]) -> _core.Network:
        return _core.Network.from_state(state)


def layer_sizes(given: Any) -> list[int]:
    """Neurons of each hidden layer, checked."""
    sizes = list(given) if hasattr(given, "__iter__") else [given]
    if not all(isinstance(size, int | np.integer) and not isinstance(size, bool) for size in sizes):
        raise ValueError(f"hidden_layer_sizes must hold ints, got {given!r}.")
    if any(size <= 0 for size in sizes):
        raise ValueError(f"hidden_layer_sizes must be > 0, got {sizes}.")
    return [int(size) for size in sizes]


def activation_names(given: Any, n_layers: int) -> list[str]:
    """The activation of each hidden layer, checked."""
    if isinstance(given, str):
        return [given] * n_layers
    names = [str(name) for name in given]
    if unknown := [name for name in names if name not in ACTIVATIONS]:
        raise ValueError(f"activation must hold names among {list(ACTIVATIONS)}, got {unknown}.")
    if len(names) != n_layers:
        raise ValueError(
            f"activation names {len(names)} layers, hidden_layer_sizes has {n_layers}: give one "
            "name for each hidden layer, or one for all."
        )
    return names
