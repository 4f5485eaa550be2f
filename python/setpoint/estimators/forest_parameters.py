"""What a forest learned, as arrays over the nodes of all its trees."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from setpoint.parameters import Layout, Parameters

__all__ = ["forest_parameters"]

_MEANINGS = {
    "tree_offsets": "nodes of tree i are tree_offsets[i]:tree_offsets[i + 1]",
    "children_left": "left child, numbered within its tree; -1 in a leaf",
    "children_right": "right child, numbered within its tree; -1 in a leaf",
    "feature": "column that is compared; -2 in a leaf",
    "threshold": "rows at most this go left; -2 in a leaf",
    "missing_go_to_left": "whether a missing value goes left",
    "value": "prediction of the node: by output, by class",
    "impurity": "impurity of the node's rows",
    "n_node_samples": "rows of the node",
    "weighted_n_node_samples": "their weight",
    "category_offsets": "codes of node j are categories[category_offsets[j]:...[j + 1]]",
    "categories": "codes that go left at a categorical split",
}


def forest_parameters(owner: str, model: Any, categorical: bool) -> Parameters:
    """Concatenate the trees' arrays, when one of them is read.

    Parameters
    ----------
    owner : str
        The estimator's name, for the table.
    model : Forest
        The core's trees.
    categorical : bool
        Whether any column is categorical: how many codes there are is only known of the arrays.
    """

    def make() -> dict[str, NDArray[Any]]:
        return _concatenated(model)

    if categorical:
        return Parameters(owner, make(), _MEANINGS)
    first, nodes = _concatenated(model.first(1)), model.node_count
    layouts = {
        name: Layout((nodes, *array.shape[1:]), array.dtype) for name, array in first.items()
    }
    offsets = Layout((model.n_trees + 1,), np.dtype(np.int64))
    return Parameters(owner, make, _MEANINGS, layouts | {"tree_offsets": offsets})


def _concatenated(model: Any) -> dict[str, NDArray[Any]]:
    trees = [model.tree(i) for i in range(model.n_trees)]
    arrays = {"tree_offsets": np.concatenate([[0], np.cumsum(model.tree_sizes())])}
    for name in _MEANINGS:
        if name in trees[0] and name != "categories":
            arrays[name] = np.concatenate([tree[name] for tree in trees])
    left = [codes for tree in trees for codes in tree["categories"]]
    if any(codes is not None for codes in left):
        sizes = [0 if codes is None else len(codes) for codes in left]
        arrays["category_offsets"] = np.concatenate([[0], np.cumsum(sizes)])
        arrays["categories"] = np.concatenate([codes for codes in left if codes is not None])
    return arrays
