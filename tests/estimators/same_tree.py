"""What it means that our tree is scikit-learn's. No test lives here.

Both trees are walked from the root at once. Where two cuts part a node's rows equally well, the
choice is a matter of luck, and scikit-learn's luck is not ours: there the walk checks that the
decrease of impurity is the same and goes no deeper. Targets and weights are float32 in our core
and float64 in scikit-learn's, hence the tolerance.
"""

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


def _same_node(ours, a, theirs, b):
    assert ours.n_node_samples[a] == theirs.n_node_samples[b]
    for name in ("weighted_n_node_samples", "impurity", "value"):
        np.testing.assert_allclose(
            getattr(ours, name)[a], getattr(theirs, name)[b], err_msg=name, **SAME
        )


def assert_same_tree(ours, theirs, *, at_least=0.8):
    """Equal splits, counts, impurities and values; ties may take up to ``1 - at_least`` of it.

    Parameters
    ----------
    ours, theirs : objects with scikit-learn's arrays of a tree
    at_least : float
        Share of their nodes that the walk has to reach.
    """
    stack, reached = [(0, 0)], 0
    while stack:
        a, b = stack.pop()
        reached += 1
        _same_node(ours, a, theirs, b)
        leaf, their_leaf = ours.children_left[a] == LEAF, theirs.children_left[b] == LEAF
        if leaf or their_leaf:
            # Rounding may leave a pure node a trace of impurity, and so a split of no worth.
            assert leaf == their_leaf or theirs.impurity[b] < 1e-7
            continue
        if not _same_split(ours, a, theirs, b):
            np.testing.assert_allclose(_decrease(ours, a), _decrease(theirs, b), **SAME)
            continue
        stack.append((ours.children_left[a], theirs.children_left[b]))
        stack.append((ours.children_right[a], theirs.children_right[b]))
    assert reached >= at_least * theirs.node_count, f"{reached} of {theirs.node_count} nodes"
