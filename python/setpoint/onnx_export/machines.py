"""Support vector machines with kernels in ONNX: decision values, votes and probabilities."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse

from setpoint.estimators.svm_base import pair_coefficients
from setpoint.onnx_export.graph import Graph, Value

__all__ = ["class_values", "coupled", "decisions"]

_LEAST = 1e-7  # as in rust/core/src/svm/calibrate.rs
_NEAR = 1e-9  # likewise
_LINEAR, _POLY, _RBF, _SIGMOID, _PRECOMPUTED = range(5)  # the core's numbers of kernels


def decisions(graph: Graph, model: Any, rows: Value) -> Value:
    """Decision values (n_samples, n_pairs) of a fitted machine.

    Parameters
    ----------
    graph : Graph
        Is added to.
    model : machine
        Fitted.
    rows : str
        X in float64; of a precomputed kernel its values with the training rows.
    """
    arrays = model._fitted_model().state()
    coefficients = pair_coefficients(arrays["dual_coef"], arrays["n_support"])
    weights = graph.constant(np.ascontiguousarray(coefficients.T))
    values = graph("MatMul", _kernel(graph, model, arrays, rows), weights)
    return graph("Add", values, graph.constant(arrays["intercept"]))


def _kernel(graph: Graph, model: Any, arrays: dict[str, NDArray[Any]], rows: Value) -> Value:
    """Values of the kernel between rows and support vectors (n_samples, n_support)."""
    kernel, degree = arrays["kind"][:2]
    if kernel == _PRECOMPUTED:
        return graph("Gather", rows, graph.constant(arrays["support"]), axis=1)
    vectors = model.support_vectors_
    vectors = vectors.toarray() if issparse(vectors) else vectors
    inner = graph("MatMul", rows, graph.constant(np.ascontiguousarray(vectors.T)))
    if kernel == _LINEAR:
        return inner
    gamma = graph.constant(arrays["kernel"][0])
    if kernel == _RBF:
        own = graph("ReduceSumSquare", rows, graph.constant(np.array([1])), keepdims=1)
        norms = graph("Add", own, graph.constant((vectors**2).sum(axis=1)))
        twice = graph("Mul", inner, graph.constant(np.float64(2.0)))
        distances = graph("Max", graph("Sub", norms, twice), graph.constant(np.float64(0.0)))
        return graph("Exp", graph("Neg", graph("Mul", gamma, distances)))
    argument = graph("Add", graph("Mul", gamma, inner), graph.constant(arrays["kernel"][1]))
    if kernel == _POLY:
        return graph("Pow", argument, graph.constant(np.float64(degree)))
    return graph("Tanh", argument)


def class_values(graph: Graph, values: Value, n_classes: int, confidence: bool) -> Value:
    """Values by class (n_samples, n_classes) of three or more: the core's `pair_votes`.

    Parameters
    ----------
    graph : Graph
        Is added to.
    values : str
        Decision values of the pairs.
    n_classes : int
        At least 3.
    confidence : bool
        Whether sums of decision values break ties.
    """
    pairs = list(combinations(range(n_classes), 2))
    first, second = (np.zeros((len(pairs), n_classes)) for _ in range(2))
    for p, (a, b) in enumerate(pairs):
        first[p, a] = second[p, b] = 1.0
    won = graph("GreaterOrEqual" if confidence else "Greater", values, graph.constant(0.0))
    share = graph.cast(won, np.float64)
    one = graph.constant(np.float64(1.0))
    votes = graph(
        "Add",
        graph("MatMul", share, graph.constant(first)),
        graph("MatMul", graph("Sub", one, share), graph.constant(second)),
    )
    if not confidence:
        return votes
    sums = graph("MatMul", values, graph.constant(first - second))
    scale = graph("Mul", graph("Add", graph("Abs", sums), one), graph.constant(np.float64(3.0)))
    return graph("Add", votes, graph("Div", sums, scale))


def coupled(graph: Graph, model: Any, values: Value, n_classes: int) -> Value:
    """Class probabilities (n_samples, n_classes) of a calibrated machine.

    Parameters
    ----------
    graph : Graph
        Is added to.
    model : machine
        Fitted with `probability`.
    values : str
        Decision values of the pairs.
    n_classes : int
        How many classes there are.
    """
    p = _pair_probabilities(graph, model._fitted_model().state(), values)
    one = graph.constant(np.float64(1.0))
    rest = graph("Sub", one, p)
    if n_classes == 2:
        return graph("Concat", rest, p, axis=1)
    return _coupling(graph, graph("Concat", p, rest, axis=1), n_classes)


def _pair_probabilities(graph: Graph, arrays: dict[str, NDArray[Any]], values: Value) -> Value:
    """The probability of the first class of each pair (of the second of two), (n_samples, P)."""
    if "sigmoid" in arrays:
        a, b = (graph.constant(part) for part in arrays["sigmoid"].T)
        p = graph("Sigmoid", graph("Neg", graph("Add", graph("Mul", values, a), b)))
    else:
        ends = np.cumsum(arrays["isotonic_lengths"])[:-1]
        steps = (np.split(arrays[f"isotonic_{what}"], ends) for what in ("decisions", "shares"))
        each = [
            _interpolated(graph, values, k, *one) for k, one in enumerate(zip(*steps, strict=True))
        ]
        p = graph("Concat", *each, axis=1)
    least, most = (graph.constant(np.float64(end)) for end in (_LEAST, 1.0 - _LEAST))
    return graph("Clip", p, least, most)


def _interpolated(
    graph: Graph, values: Value, column: int, at: NDArray[Any], shares: NDArray[Any]
) -> Value:
    """A column of decision values as points of a function that is straight between steps."""
    if not len(at):
        at, shares = np.zeros(1), np.full(1, 0.5)
    f = graph("Gather", values, graph.constant(np.array([column])), axis=1)
    below = graph("Less", graph.constant(at[None]), f)
    after = graph(
        "ReduceSum", graph.cast(below, np.int64), graph.constant(np.array([1])), keepdims=1
    )
    zero, last = graph.constant(np.int64(0)), graph.constant(np.int64(len(at) - 1))
    before = graph("Max", graph("Sub", after, graph.constant(np.int64(1))), zero)
    after = graph("Min", after, last)
    left, right = (graph("Gather", graph.constant(at), i) for i in (before, after))
    low, high = (graph("Gather", graph.constant(shares), i) for i in (before, after))
    width = graph("Max", graph("Sub", right, left), graph.constant(np.finfo(np.float64).tiny))
    part = graph("Div", graph("Sub", f, left), width)
    part = graph("Clip", part, graph.constant(np.float64(0.0)), graph.constant(np.float64(1.0)))
    return graph("Add", low, graph("Mul", part, graph("Sub", high, low)))


def _coupling(graph: Graph, both: Value, n_classes: int) -> Value:
    """Wu, Lin and Weng (2004), algorithm 2, as the core has it; rows that are done stand still.

    `both` (n_samples, 2 P) are the probabilities of the first classes of all pairs, then of the
    second ones.
    """
    k = n_classes
    pairs = list(combinations(range(k), 2))
    # Entry (i, j) of r is P(i | i or j); its diagonal is not used.
    place = np.zeros((k, k), dtype=np.int64)
    for p, (a, b) in enumerate(pairs):
        place[a, b], place[b, a] = p, len(pairs) + p
    flat = graph("Gather", both, graph.constant(place.ravel()), axis=1)
    r = graph("Reshape", flat, graph.constant(np.array([-1, k, k])))
    turned = graph("Transpose", r, perm=[0, 2, 1])  # (i, j): r_ji
    off = graph.constant(1.0 - np.eye(k))
    squares = graph("Mul", graph("Mul", turned, turned), off)
    diagonal = graph("ReduceSum", squares, graph.constant(np.array([2])), keepdims=1)
    products = graph("Mul", graph("Mul", turned, r), off)
    q = graph("Sub", graph("Mul", diagonal, graph.constant(np.eye(k))), products)
    columns = [graph("Gather", q, graph.constant(np.int64(t)), axis=1) for t in range(k)]
    own = graph("Squeeze", diagonal, graph.constant(np.array([2])))
    zeros = graph("Mul", own, graph.constant(np.float64(0.0)))
    start = graph("Add", zeros, graph.constant(np.float64(1.0 / k)))

    def turn(body: Graph, p: Value) -> Value:
        one, two = body.constant(np.float64(1.0)), body.constant(np.float64(2.0))
        axis, last = body.constant(np.array([1])), body.constant(np.array([2]))
        qp = body("Squeeze", body("MatMul", q, body("Unsqueeze", p, last)), last)
        value = body("ReduceSum", body("Mul", p, qp), axis, keepdims=1)
        error = body("ReduceMax", body("Abs", body("Sub", qp, value)), axis, keepdims=1)
        done = body("Less", error, body.constant(np.float64(_NEAR / k)))
        after = p
        for t in range(k):
            at = body.constant(np.array([t]))
            slope, q_t = body("Gather", qp, at, axis=1), body("Gather", own, at, axis=1)
            step = body("Div", body("Sub", value, slope), q_t)
            norm = body("Add", one, step)
            growth = body("Mul", step, body("Add", body("Mul", step, q_t), body("Mul", two, slope)))
            value = body("Div", body("Add", value, growth), body("Mul", norm, norm))
            qp = body("Div", body("Add", qp, body("Mul", step, columns[t])), norm)
            moved = body("Add", after, body("Mul", step, body.constant(np.eye(k)[t : t + 1])))
            after = body("Div", moved, norm)
        return body("Where", done, p, after)

    return graph.repeat(max(100, k), start, turn)
