"""What it means that our tree is scikit-learn's. No test lives here.

Both trees are walked from the root at once. Where two columns part a node's rows equally well, the
choice is a matter of luck, and scikit-learn's luck is not ours: there the walk checks that the
decrease of impurity is the same and goes no deeper.
"""

import numpy as np

LEAF = -1


def _decrease(tree, node):
    """Weighted decrease of impurity by the split of a node."""
    sides = (tree.children_left[node], tree.children_right[node])
    weight = tree.weighted_n_node_samples
    after = sum(weight[side] * tree.impurity[side] for side in sides)
    return weight[node] * tree.impurity[node] - after


def _same_node(ours, a, theirs, b):
    assert ours.n_node_samples[a] == theirs.n_node_samples[b]
    for name in ("weighted_n_node_samples", "impurity", "value"):
        np.testing.assert_allclose(
            getattr(ours, name)[a], getattr(theirs, name)[b], rtol=1e-9, atol=1e-9, err_msg=name
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
            assert leaf == their_leaf or theirs.impurity[b] < 1e-12
            continue
        same_column = ours.feature[a] == theirs.feature[b]
        same_rows = (
            ours.n_node_samples[ours.children_left[a]]
            == theirs.n_node_samples[theirs.children_left[b]]
        )
        if not (same_column and same_rows):
            np.testing.assert_allclose(
                _decrease(ours, a), _decrease(theirs, b), rtol=1e-9, atol=1e-9
            )
            continue
        # Theirs is the middle in float64, ours is rounded to float32.
        np.testing.assert_allclose(ours.threshold[a], theirs.threshold[b], rtol=2e-7, atol=1e-12)
        stack.append((ours.children_left[a], theirs.children_left[b]))
        stack.append((ours.children_right[a], theirs.children_right[b]))
    assert reached >= at_least * theirs.node_count, f"{reached} of {theirs.node_count} nodes"
