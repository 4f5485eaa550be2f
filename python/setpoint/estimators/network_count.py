"""How many parameters a network has, layer by layer, before it is fitted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from setpoint.estimators.network_base import NetworkEstimator, activation_names, layer_sizes
from setpoint.tables import Table

__all__ = ["LayerCount", "ParameterCount", "count_parameters"]


@dataclass(frozen=True, slots=True)
class LayerCount:
    """One layer and the numbers that it learns."""

    name: str
    n_inputs: int
    n_neurons: int
    activation: str
    weights: int
    biases: int
    gains: int

    @property
    def total(self) -> int:
        """All of them."""
        return self.weights + self.biases + self.gains


@dataclass(frozen=True, slots=True)
class ParameterCount:
    """The layers of a network; prints as a drawing and a table, and is an int where one is needed.

    Attributes
    ----------
    layers : tuple of LayerCount
        From the first hidden layer to the output.
    """

    layers: tuple[LayerCount, ...]

    @property
    def total(self) -> int:
        """The parameters of all layers."""
        return sum(layer.total for layer in self.layers)

    def __int__(self) -> int:
        return self.total

    def table(self) -> Table:
        """A row for each layer."""
        rows = [
            (
                layer.name,
                f"{layer.n_inputs} x {layer.n_neurons}",
                layer.activation,
                f"{layer.weights:,}",
                f"{layer.biases:,}",
                f"{layer.gains:,}",
                f"{layer.total:,}",
            )
            for layer in self.layers
        ]
        head = ("layer", "shape", "activation", "weights", "biases", "gains", "total")
        return Table(head, rows, f"{self.total:,} parameters in {len(self.layers)} layers")

    def __str__(self) -> str:
        boxes = [f"[{self.layers[0].n_inputs} inputs]"]
        boxes += [f"[{layer.n_neurons} {layer.activation}]" for layer in self.layers]
        return f"{' -> '.join(boxes)}\n\n{self.table()}"


def count_parameters(
    model: Any, n_features: int | None = None, n_outputs: int | None = None
) -> ParameterCount:
    """Count what a network learns, layer by layer.

    Parameters
    ----------
    model : MLPClassifier or MLPRegressor
        Fitted or not.
    n_features : int or None
        Columns of the input; None: those of the fit.
    n_outputs : int or None
        Neurons of the last layer: targets, labels, or classes (one for two classes); None: those
        of the fit, or else 1.

    Returns
    -------
    ParameterCount
        Prints as a table; ``total`` is the number.

    Examples
    --------
    >>> from setpoint import MLPRegressor, count_parameters
    >>> print(count_parameters(MLPRegressor((20,)), n_features=10))
    [10 inputs] -> [20 relu] -> [1 identity]
    <BLANKLINE>
    241 parameters in 2 layers
    layer   shape    activation  weights  biases  gains  total
    ------  -------  ----------  -------  ------  -----  -----
    hidden  10 x 20  relu        200      20      0      220
    output  20 x 1   identity    20       1       0      21
    """
    if not isinstance(model, NetworkEstimator):
        raise TypeError(f"model must be a network, got {type(model).__name__}")
    fitted = model.__dict__.get("_model")
    sizes = fitted.sizes if fitted is not None else [None, None]
    n_features = sizes[0] if n_features is None else n_features
    n_outputs = (sizes[-1] or 1) if n_outputs is None else n_outputs
    if n_features is None:
        raise ValueError("n_features is needed of a network that is not fitted")
    hidden = layer_sizes(model.hidden_layer_sizes)
    names = activation_names(model.activation, len(hidden))
    last = fitted.out_activation if fitted is not None else model._last_activation(n_outputs)
    ends = [int(n_features), *hidden, int(n_outputs)]
    gains = [size if model.batch_norm else 0 for size in hidden] + [0]
    return ParameterCount(
        tuple(
            LayerCount(
                "output" if i == len(hidden) else "hidden",
                ends[i],
                ends[i + 1],
                [*names, last][i],
                ends[i] * ends[i + 1],
                ends[i + 1],
                gains[i],
            )
            for i in range(len(ends) - 1)
        )
    )
