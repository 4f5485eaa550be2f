"""Views of the trees: what scikit-learn's tools make of them, and our own text."""

import numpy as np
import pytest
import sklearn.tree
from sklearn.datasets import load_iris

from setpoint import RandomForestClassifier, RandomForestRegressor, export_text
from setpoint.estimators.forest_base import Forest
from setpoint.families import estimator_classes

ESTIMATORS = [kind for kind in estimator_classes().values() if issubclass(kind, Forest)]
each = pytest.mark.parametrize("kind", ESTIMATORS, ids=lambda kind: kind.__name__)
X, Y = load_iris(return_X_y=True)


@each
def test_views_are_a_lazy_sequence(kind):
    views = kind(4, random_state=0, max_depth=2).fit(X, Y).estimators_
    assert len(views) == len(list(views)) == 4
    assert len(views[1:3]) == 2
    assert np.array_equal(views[-1].tree_.threshold, views[3].tree_.threshold)
    with pytest.raises(IndexError):
        views[4]
    assert "4 trees" in repr(views)


@each
def test_views_are_scikit_learn_trees(kind):
    model = kind(3, random_state=0, max_depth=3, min_samples_leaf=2).fit(X, Y)
    view = model.estimators_[0]
    name = {"RandomForest": "DecisionTree", "ExtraTrees": "ExtraTree"}
    for ours, theirs in name.items():
        if ours in kind.__name__:
            assert type(view).__name__ == kind.__name__.replace(ours, theirs)
    assert view.get_params()["max_depth"] == 3
    assert view.get_depth() <= 3
    tree = view.tree_
    inner = tree.children_left >= 0
    assert tree.n_leaves == (~inner).sum()
    assert (tree.feature[~inner] == -2).all()
    left, right = tree.children_left[inner], tree.children_right[inner]
    assert (
        tree.n_node_samples[inner] == tree.n_node_samples[left] + tree.n_node_samples[right]
    ).all()
    assert tree.n_node_samples.min() >= 2
    assert tree.compute_feature_importances().sum() == pytest.approx(1)
    # Thresholds are float32 numbers, so that an export in float32 is exact.
    assert (tree.threshold == tree.threshold.astype(np.float32)).all()


@each
def test_scikit_learn_exports_them(kind):
    view = kind(2, random_state=0, max_depth=2).fit(X, Y).estimators_[0]
    assert "feature_" in sklearn.tree.export_text(view)
    assert sklearn.tree.export_graphviz(view).startswith("digraph Tree")
    pytest.importorskip("matplotlib").use("agg")
    assert sklearn.tree.plot_tree(view)


@each
def test_categorical_splits_have_no_view_but_a_text(kind):
    pandas = pytest.importorskip("pandas")
    city = np.array(["bern", "oslo", "rome", "york"] * 5)
    frame = pandas.DataFrame({"city": pandas.Categorical(city)})
    y = np.isin(city, ["bern", "rome"]).astype(int)
    model = kind(5, random_state=0, bootstrap=False).fit(frame, y)
    offsets = model.parameters_["tree_offsets"]
    tree = int(np.flatnonzero(np.diff(offsets) > 1)[0])
    with pytest.raises(ValueError, match=rf"tree {tree} splits on categories.*export_text"):
        model.estimators_[tree]
    text = export_text(model, tree)
    assert "city in {" in text
    assert "city not in {" in text
    assert "categories" in model.parameters_


def test_text_of_classes_and_of_numbers():
    small = np.array([[0.0], [1.0], [2.0], [3.0]])
    model = RandomForestClassifier(1, bootstrap=False, max_depth=1)
    assert export_text(model.fit(small, list("aabb"))).splitlines() == [
        "x[0] <= 1.50",
        "    class a [1.00, 0.00] (2 rows)",
        "x[0] > 1.50",
        "    class b [0.00, 1.00] (2 rows)",
    ]
    model = RandomForestRegressor(1, bootstrap=False, max_depth=1)
    text = export_text(model.fit(small, [0, 0, 8, 8]), feature_names=["height"], decimals=1)
    assert text.splitlines() == [
        "height <= 1.5",
        "    value 0.0 (2 rows)",
        "height > 1.5",
        "    value 8.0 (2 rows)",
    ]
    assert export_text(model, max_depth=0) == "... 4 rows"


def test_text_of_several_outputs():
    small = np.array([[0.0], [3.0]])
    y = np.array([["a", "x"], ["b", "y"]])
    text = export_text(RandomForestClassifier(1, bootstrap=False).fit(small, y))
    assert "class a, x [1.00, 0.00; 1.00, 0.00]" in text


def test_text_refuses_what_does_not_fit():
    model = RandomForestClassifier(2, random_state=0).fit(X, Y)
    with pytest.raises(ValueError, match=r"tree must be an int in \[0, 1\], got 2"):
        export_text(model, 2)
    with pytest.raises(ValueError, match="feature_names must have 4 names, got 1"):
        export_text(model, feature_names=["a"])
