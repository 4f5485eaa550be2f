"""What it means that our tree is scikit-learn's. No test lives here.

Both trees are walked from the root at once. Where two cuts part a node's rows equally well, the
choice is a matter of luck, and scikit-learn's luck is not ours: there the walk checks that the
decrease of impurity is the same and goes no deeper. Targets and weights are float32 in our core
and float64 in scikit-learn's, hence the tolerance.

Our trees keep values and impurities of leaves only; those of inner nodes are added up from them.
Medians, and values clipped by monotonic constraints, cannot be added up: there `measured` says what
the inner nodes' impurity is, from the rows that reach them.
"""

from types import SimpleNamespace

import numpy as np

LEAF = -1
SAME = {"rtol": 1e-6, "atol": 1e-7}


def _decrease(tree, node):
    """Weighted decrease of impurity by the split of a node."""
    sides = (tree.children_left[node], tree.children_right[node])
    weight = tree.weighted_n_node_samples
    after = sum(weight[side] * tree.impurity[side] for side in sides)
    return weight[node] * tree.impurity[node] - after


def _same_split(ours, a, theirs, b):
    """Whether the same rows go left for the same reason (our thresholds are float32)."""
    left, their_left = ours.children_left[a], theirs.children_left[b]
    return (
        ours.feature[a] == theirs.feature[b]
        and np.isclose(ours.threshold[a], theirs.threshold[b], rtol=2e-7, atol=1e-12)
        and ours.n_node_samples[left] == theirs.n_node_samples[their_left]
    )


def _impurity(criterion, y, weight):
    """Impurity of rows by its definition."""
    if criterion == "absolute_error":
        order = np.argsort(y)
        y, weight = y[order], weight[order]
        up_to = np.cumsum(weight)
        at = np.searchsorted(up_to, up_to[-1] / 2)  # any minimiser has the same deviation
        return np.average(np.abs(y - y[at]), weights=weight)
    if criterion == "squared_error":
        return np.average((y - np.average(y, weights=weight)) ** 2, weights=weight)
    shares = np.bincount(y, weights=weight) / weight.sum()
    shares = shares[shares > 0]
    return 1 - (shares**2).sum() if criterion == "gini" else -(shares * np.log2(shares)).sum()


def measured(tree, criterion, X, y, weight=None):
    """The arrays of a tree of ours, its impurities measured on the training rows.

    A leaf of a regression tree keeps the impurity that the tree says it has.
    """
    names = ["children_left", "children_right", "feature", "threshold", "n_node_samples"]
    names += ["weighted_n_node_samples", "impurity", "value"]
    arrays = SimpleNamespace(**{name: np.array(getattr(tree, name)) for name in names})
    weight = np.ones(len(y)) if weight is None else weight
    stack = [(0, np.flatnonzero(weight))]
    while stack:
        node, rows = stack.pop()
        assert len(rows) == arrays.n_node_samples[node]
        leaf = arrays.children_left[node] == LEAF
        if not leaf or criterion in ("gini", "entropy"):
            arrays.impurity[node] = _impurity(criterion, y[rows], weight[rows])
        if not leaf:
            x = X[rows, arrays.feature[node]]
            missing_left = bool(tree.missing_go_to_left[node])
            left = np.where(np.isnan(x), missing_left, x <= arrays.threshold[node])
            stack.append((arrays.children_left[node], rows[left]))
            stack.append((arrays.children_right[node], rows[~left]))
    return arrays


def _same_node(ours, a, theirs, b, names):
    assert ours.n_node_samples[a] == theirs.n_node_samples[b]
    for name in names:
        np.testing.assert_allclose(
            getattr(ours, name)[a], getattr(theirs, name)[b], err_msg=name, **SAME
        )


def assert_same_tree(ours, theirs, *, at_least=0.8, inner_values=True):
    """Equal splits, counts, impurities and values; ties may take up to ``1 - at_least`` of it.

    Parameters
    ----------
    ours, theirs : objects with scikit-learn's arrays of a tree
    at_least : float
        Share of their nodes that the walk has to reach.
    inner_values : bool
        Whether inner nodes have values to compare.
    """
    reached = same_nodes(ours, theirs, inner_values=inner_values)
    assert reached >= at_least * theirs.node_count, f"{reached} of {theirs.node_count} nodes"


def same_nodes(ours, theirs, *, inner_values=True):
    """Walk both trees as `assert_same_tree` does; how many nodes the walk has reached."""
    stack, reached = [(0, 0)], 0
    while stack:
        a, b = stack.pop()
        reached += 1
        leaf, their_leaf = ours.children_left[a] == LEAF, theirs.children_left[b] == LEAF
        names = ["weighted_n_node_samples", "impurity"]
        _same_node(ours, a, theirs, b, [*names, "value"] if leaf or inner_values else names)
        if leaf or their_leaf:
            # Rounding may leave a pure node a trace of impurity, and so a split of no worth.
            assert leaf == their_leaf or theirs.impurity[b] < 1e-7
            continue
        if not _same_split(ours, a, theirs, b):
            np.testing.assert_allclose(_decrease(ours, a), _decrease(theirs, b), **SAME)
            continue
        stack.append((ours.children_left[a], theirs.children_left[b]))
        stack.append((ours.children_right[a], theirs.children_right[b]))
    return reached
