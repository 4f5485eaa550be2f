"""Trees of a fitted forest as scikit-learn's trees, made when asked for.

``sklearn.tree.export_text``, ``plot_tree``, ``export_graphviz`` and what else reads a `tree_` take
them. A tree that splits on categories has no such form; ``export`` prints any tree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray
from sklearn.tree import (
    DecisionTreeClassifier,
    DecisionTreeRegressor,
    ExtraTreeClassifier,
    ExtraTreeRegressor,
)
from sklearn.tree._tree import NODE_DTYPE, Tree

__all__ = ["TreeViews", "paths", "unfitted_tree"]

_KINDS = {
    ("best", True): DecisionTreeClassifier,
    ("best", False): DecisionTreeRegressor,
    ("random", True): ExtraTreeClassifier,
    ("random", False): ExtraTreeRegressor,
}

_FIELDS = {
    "left_child": "children_left",
    "right_child": "children_right",
    "feature": "feature",
    "threshold": "threshold",
    "impurity": "impurity",
    "n_node_samples": "n_node_samples",
    "weighted_n_node_samples": "weighted_n_node_samples",
    "missing_go_to_left": "missing_go_to_left",
}


class TreeViews(Sequence[Any]):
    """The trees of a forest; each is made anew when it is looked at, and belongs to the reader.

    Parameters
    ----------
    model : Forest
        The core's trees.
    make : callable() -> tree estimator
        An unfitted scikit-learn tree with the forest's hyperparameters.
    """

    def __init__(self, model: Any, make: Callable[[], Any]) -> None:
        self._model = model
        self._make = make

    def __len__(self) -> int:
        return int(self._model.n_trees)

    @overload
    def __getitem__(self, index: int) -> Any: ...
    @overload
    def __getitem__(self, index: slice) -> list[Any]: ...
    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        position = range(len(self))[index]
        arrays = self._model.tree(position)
        if any(left is not None for left in arrays["categories"]):
            raise ValueError(
                f"tree {position} splits on categories, which scikit-learn's trees cannot "
                "represent. Use setpoint.export_text(model, tree) to print it, or "
                "model.parameters_ for the arrays."
            )
        return self._view(arrays)

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    def __repr__(self) -> str:
        return f"<{len(self)} trees, made when looked at>"

    def _view(self, arrays: Mapping[str, Any]) -> Any:
        view, model = self._make(), self._model
        n_outputs, sizes = model.n_outputs, np.asarray(model.n_classes or [1] * model.n_outputs)
        tree = Tree(model.n_features, sizes.astype(np.intp), n_outputs)
        nodes = np.zeros(len(arrays["feature"]), dtype=NODE_DTYPE)
        for field, name in _FIELDS.items():
            nodes[field] = arrays[name]
        tree.__setstate__(
            {
                "max_depth": int(depths(arrays).max()),
                "node_count": len(nodes),
                "nodes": nodes,
                "values": np.ascontiguousarray(arrays["value"], dtype=np.float64),
            }
        )
        view.tree_ = tree
        view.n_features_in_, view.n_outputs_ = model.n_features, n_outputs
        if model.n_classes:
            # Codes, not labels: as in scikit-learn, whose forests train their trees on codes.
            codes = [np.arange(size, dtype=np.float64) for size in sizes]
            view.classes_ = codes if n_outputs > 1 else codes[0]
            view.n_classes_ = sizes.astype(np.intp) if n_outputs > 1 else sizes[0]
        return view


def unfitted_tree(splitter: str, classifier: bool, settings: Mapping[str, Any]) -> Any:
    """Make scikit-learn's tree of the same kind, with those hyperparameters that it has too.

    Parameters
    ----------
    splitter : {"best", "random"}
        How splits are found.
    classifier : bool
        Whether it predicts classes.
    settings : dict
        The forest's hyperparameters.
    """
    kind = _KINDS[splitter, classifier]
    shared = kind().get_params().keys() - {"class_weight", "random_state"}
    return kind(**{name: value for name, value in settings.items() if name in shared})


def depths(arrays: Mapping[str, Any]) -> NDArray[np.int64]:
    """Splits between the root and each node, shape (nodes,)."""
    depth = np.zeros(len(arrays["feature"]), dtype=np.int64)
    level, deep = np.zeros(1, dtype=np.int64), 0
    while len(level):
        depth[level] = deep
        inner = level[arrays["children_left"][level] >= 0]
        level = np.concatenate([arrays["children_left"][inner], arrays["children_right"][inner]])
        deep += 1
    return depth


def paths(
    arrays: Mapping[str, Any], leaves: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Nodes between the root and each row's leaf, both included.

    Parameters
    ----------
    arrays : dict of ndarray
        A tree, as the core gives it.
    leaves : ndarray of shape (n_samples,)
        The leaf of each row.

    Returns
    -------
    rows, nodes : ndarray of shape (n_steps,)
        Pairs of a row and a node on its path.
    """
    parent = np.full(len(arrays["feature"]), -1, dtype=np.int64)
    inner = np.flatnonzero(arrays["children_left"] >= 0)
    parent[arrays["children_left"][inner]] = inner
    parent[arrays["children_right"][inner]] = inner
    rows, nodes = [], []
    row, node = np.arange(len(leaves)), leaves
    while len(row):
        rows.append(row)
        nodes.append(node)
        up = parent[node]
        row, node = row[up >= 0], up[up >= 0]
    return np.concatenate(rows), np.concatenate(nodes)
