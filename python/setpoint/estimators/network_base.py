"""What the two estimators of networks share: candidates of the core, and what they tell."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from setpoint import _core
from setpoint.estimators.base import SweepData
from setpoint.estimators.epochs import EpochEstimator
from setpoint.estimators.network_diagnosis import diagnose
from setpoint.estimators.network_hyperparameters import ACTIVATIONS, NetworkHyperparameters
from setpoint.parameters import Parameters

__all__ = ["NetworkEstimator", "activation_names", "layer_sizes"]


class NetworkEstimator(NetworkHyperparameters, EpochEstimator):
    """Base of the two estimators."""

    _family: ClassVar[str] = "network"
    _resumed: ClassVar[Any] = "all"
    _side_by_side: ClassVar[str | None] = "batch_size"
    _continues: ClassVar[str | None] = "max_iter"

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

    @abstractmethod
    def _last_activation(self, n_outputs: int) -> str:
        """What will be done to the scores of so many last neurons."""

    def _sweep_candidate(self, params: Mapping[str, Any], data: SweepData) -> dict[str, object]:
        candidate = super()._sweep_candidate(params, data)
        values = self._checked(params)
        sizes = layer_sizes(values["hidden_layer_sizes"])
        batch_size = values["batch_size"]
        return candidate | {
            "hidden_layer_sizes": sizes,
            "activation": ",".join(activation_names(values["activation"], len(sizes))),
            "batch_size": None if batch_size == "auto" else batch_size,
            "resume": "parameters" if values["warm_start"] else "no",
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
