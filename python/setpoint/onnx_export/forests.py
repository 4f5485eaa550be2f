"""Forests in ONNX: TreeEnsemble finds the leaf of each tree, a fold adds their values up.

TreeEnsemble could add up itself, but in an order that depends on the number of rows and threads,
and in another type for classifiers. So it is only asked which leaf a row ends in; values are added
in float64, tree after tree, as the core adds them: predictions are the same to the last bit.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from setpoint.onnx_export.graph import ML, Graph, Value, tensor

__all__ = ["forest_values"]

_AT_MOST, _MEMBER = 0, 6  # modes of TreeEnsemble: x <= threshold, x is in a set
_SUM, _NOTHING = 1, 0  # how leaves of a target are combined; what is done to the sums


def forest_values(graph: Graph, model: Any, rows: Value) -> Value:
    """The core's predictions (n_samples, n_values) of a fitted forest, float64.

    Parameters
    ----------
    graph : Graph
        Is added to.
    model : forest
        Fitted.
    rows : str
        X in float64, each number one of float32.
    """
    core = model._fitted_model()
    trees = [core.tree(t) for t in range(core.n_trees)]
    sizes = core.n_classes or [1] * core.n_outputs
    leaves, values = _leaf_values(trees, sizes)
    found = graph("TreeEnsemble", rows, domain=ML, **_attributes(trees, leaves))
    # (n, n_trees) rows of `values` -> (n_trees, n)
    places = graph("Transpose", graph.cast(found, np.int64), perm=[1, 0])
    table, n_trees = graph.constant(values), graph.constant(np.float64(len(trees)))
    first = graph("Gather", places, graph.constant(np.int64(0)), axis=0)
    nothing = graph("Mul", graph("Gather", table, first, axis=0), graph.constant(np.float64(0)))

    def add(body: Graph, total: Value, place: Value) -> Value:
        return body("Add", total, body("Gather", table, place, axis=0))

    return graph("Div", graph.fold(nothing, places, add), n_trees)


def _leaf_values(
    trees: list[Any], sizes: list[int]
) -> tuple[list[NDArray[np.int64]], NDArray[np.float64]]:
    """For each tree the rows of its leaves, in order; and the distinct values of all leaves."""
    of_leaves = [tree["value"][tree["children_left"] < 0] for tree in trees]
    side_by_side = np.concatenate(of_leaves)
    outputs = [side_by_side[:, k, :size] for k, size in enumerate(sizes)]
    values, places = np.unique(np.concatenate(outputs, axis=1), axis=0, return_inverse=True)
    return np.split(places.ravel(), np.cumsum([len(leaves) for leaves in of_leaves])[:-1]), values


def _attributes(trees: list[Any], leaves: list[NDArray[np.int64]]) -> dict[str, Any]:
    """TreeEnsemble's arrays: tree t adds, to target t, the row of the leaf's values."""
    parts: dict[str, list[NDArray[Any]]] = {}

    def put(name: str, values: Any) -> None:
        parts.setdefault(name, []).append(np.asarray(values))

    first_node, first_leaf = 0, 0
    for t, (tree, rows) in enumerate(zip(trees, leaves, strict=True)):
        put("tree_roots", [first_node])
        put("leaf_targetids", np.full(len(rows), t))
        put("leaf_weights", rows.astype(np.float64))
        is_leaf = tree["children_left"] < 0
        # The number of each node among its kind, in the whole ensemble.
        number = np.where(
            is_leaf, first_leaf + np.cumsum(is_leaf) - 1, first_node + np.cumsum(~is_leaf) - 1
        )
        inner = np.flatnonzero(~is_leaf)
        for side, child in (("true", "children_left"), ("false", "children_right")):
            ends = tree[child][inner]
            if not len(inner):  # a tree has a node, both of whose sides are the leaf here
                ends = np.zeros(1, dtype=np.int64)
            put(f"nodes_{side}nodeids", number[ends])
            put(f"nodes_{side}leafs", is_leaf[ends])
        sets = [tree["categories"][node] for node in inner]
        put("nodes_modes", [_AT_MOST if codes is None else _MEMBER for codes in sets] or [_AT_MOST])
        put("nodes_featureids", tree["feature"][inner] if len(inner) else [0])
        put("nodes_splits", tree["threshold"][inner] if len(inner) else [0.0])
        missing = tree["missing_go_to_left"][inner] if len(inner) else [0]
        put("nodes_missing_value_tracks_true", missing)
        for codes in sets:
            if codes is not None:
                # No code is negative: a set of none (missing values go left) needs a member.
                put("membership_values", [*(codes if len(codes) else [-1]), np.nan])
        first_node += max(len(inner), 1)
        first_leaf += len(rows)
    return _typed({name: np.concatenate(arrays) for name, arrays in parts.items()}, len(trees))


def _typed(arrays: dict[str, NDArray[Any]], n_trees: int) -> dict[str, Any]:
    tensors = {
        "nodes_modes": np.uint8,
        "nodes_splits": np.float64,
        "leaf_weights": np.float64,
        "membership_values": np.float64,
    }
    typed: dict[str, Any] = {
        name: tensor(name, array.astype(tensors[name]))
        if name in tensors
        else array.astype(np.int64).tolist()
        for name, array in arrays.items()
    }
    return typed | {
        "n_targets": n_trees,
        "aggregate_function": _SUM,
        "post_transform": _NOTHING,
    }
