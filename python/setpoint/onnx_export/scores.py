"""Linear models in ONNX: scores, and the probabilities that links make of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from setpoint.onnx_export.graph import Graph, Value

__all__ = ["linear_scores", "probabilities"]


def linear_scores(graph: Graph, model: Any, rows: Value) -> Value:
    """Scores (n_samples, n_scores) of a fitted linear model.

    Parameters
    ----------
    graph : Graph
        Is added to.
    model : estimator
        Fitted, its core's model linear.
    rows : str
        X in float64.
    """
    core = model._fitted_model()
    product = graph("MatMul", rows, graph.constant(np.ascontiguousarray(core.coef.T)))
    return graph("Add", product, graph.constant(core.intercept))


def probabilities(graph: Graph, scores: Value, link: str, n_classes: int) -> Value:
    """Probabilities (n_samples, n_classes) of scores, as the core's `class_values` has them.

    Parameters
    ----------
    graph : Graph
        Is added to.
    scores : str
        One for two classes, else one for each.
    link : {"logistic", "softmax", "clipped"}
        What makes probabilities of them.
    n_classes : int
        How many classes there are.
    """
    if n_classes == 2:
        scores = graph("Concat", graph("Neg", scores), scores, axis=1)
    elif link == "softmax":
        return graph("Softmax", scores, axis=1)
    if link == "clipped":
        low, high, half = (graph.constant(np.float64(value)) for value in (-1.0, 1.0, 0.5))
        shares = graph("Mul", graph("Add", graph("Clip", scores, low, high), high), half)
    else:
        shares = graph("Sigmoid", scores)
    return shares if n_classes == 2 else _normalised(graph, shares, n_classes)


def _normalised(graph: Graph, shares: Value, n_classes: int) -> Value:
    """To sum 1; all alike where all are 0."""
    total = graph("ReduceSum", shares, graph.constant(np.array([1])), keepdims=1)
    some = graph("Greater", total, graph.constant(np.float64(0.0)))
    alike = graph.constant(np.full((1, n_classes), 1.0 / n_classes))
    return graph("Where", some, graph("Div", shares, total), alike)
