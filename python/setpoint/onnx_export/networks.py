"""Networks in ONNX: products, activations and normalisation, in the network's own precision."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from setpoint.estimators.network_hyperparameters import ACTIVATIONS
from setpoint.onnx_export.graph import Graph, Value

__all__ = ["network_outputs"]

_LEAST_VARIANCE = 1e-5  # as in rust/core/src/network/pass.rs


def network_outputs(graph: Graph, model: Any, rows: Value) -> Value:
    """What the last layer gives (n_samples, n_outputs), float64.

    Parameters
    ----------
    graph : Graph
        Is added to.
    model : network
        Fitted.
    rows : str
        X in float64.
    """
    core = model._fitted_model()
    weights, biases, gains, moments = core.weights(), core.biases(), core.gains(), core.moments()
    numbers = core.state()["kind"][2:]  # of the hidden layers' activations
    dtype = weights[0].dtype
    out = graph.cast(rows, dtype)
    for i, (w, b) in enumerate(zip(weights, biases, strict=True)):
        out = graph("MatMul", out, graph.constant(w))
        if i < len(gains):
            mean, variance = moments[i]
            scale = gains[i] / np.sqrt(variance + dtype.type(_LEAST_VARIANCE))
            out = graph("Mul", graph("Sub", out, graph.constant(mean)), graph.constant(scale))
        out = graph("Add", out, graph.constant(b))
        if i < len(numbers):
            out = _activated(graph, out, ACTIVATIONS[numbers[i]], dtype)
    last = core.out_activation
    if last == "softmax":
        out = graph("Softmax", out, axis=1)
    elif last != "identity":
        out = graph("Exp" if last == "exp" else "Sigmoid", out)
    return graph.cast(out, np.float64)


def _activated(graph: Graph, z: Value, name: str, dtype: np.dtype[Any]) -> Value:
    def number(value: float) -> Value:
        return graph.constant(dtype.type(value))

    def gelu() -> Value:
        cube = graph("Mul", z, graph("Mul", z, z))
        inner = graph("Add", z, graph("Mul", number(0.044715), cube))
        curve = graph("Tanh", graph("Mul", number(np.sqrt(2 / np.pi)), inner))
        return graph("Mul", graph("Mul", number(0.5), z), graph("Add", number(1.0), curve))

    def elu() -> Value:
        below = graph("Sub", graph("Exp", graph("Min", z, number(0.0))), number(1.0))
        return graph("Add", graph("Relu", z), below)

    makers: dict[str, Callable[[], Value]] = {
        "identity": lambda: z,
        "logistic": lambda: graph("Sigmoid", z),
        "tanh": lambda: graph("Tanh", z),
        "relu": lambda: graph("Relu", z),
        "leaky_relu": lambda: graph("Max", z, graph("Mul", number(0.01), z)),
        "elu": elu,
        "silu": lambda: graph("Mul", z, graph("Sigmoid", z)),
        "gelu": gelu,
    }
    return makers[name]()
