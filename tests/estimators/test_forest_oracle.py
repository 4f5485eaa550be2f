"""Forests against scikit-learn's.

A forest of one tree without bootstrap sample that tries every column at each node leaves nothing to
chance but ties: it must be the tree that scikit-learn's DecisionTree grows. Whole forests differ by
their random numbers, so their scores agree within noise.
"""

import numpy as np
import pytest
import sklearn.ensemble
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_wine
from sklearn.model_selection import cross_val_score
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

import setpoint
from estimators.same_tree import assert_same_tree, measured, same_nodes

CLASSIFIER = ["gini", "entropy", "log_loss"]
REGRESSOR = ["squared_error", "absolute_error", "poisson"]
CRITERIA = CLASSIFIER + REGRESSOR


def made(criterion, n=400, d=5, seed=0, n_classes=3):
    """Continuous columns, and a noisy target that depends on them."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d)).astype(np.float32)
    signal = X[:, 0] + np.sin(2 * X[:, 1]) * X[:, 2] + 0.5 * rng.normal(size=n)
    if criterion in CLASSIFIER:
        return X, signal.argsort().argsort() * n_classes // n
    if criterion == "absolute_error":
        # Cuts between the medians tie; short binary fractions tie exactly, so that the first wins.
        return X, np.round(signal * 1024) / 1024
    return X, np.exp(signal) if criterion == "poisson" else signal


def grown(criterion, X, y, sample_weight=None, **params):
    """Our tree's and scikit-learn's arrays, for the same hyperparameters."""
    classifier = criterion in CLASSIFIER
    forest = (setpoint.RandomForestClassifier if classifier else setpoint.RandomForestRegressor)(
        n_estimators=1,
        bootstrap=False,
        max_features=None,
        criterion=criterion,
        random_state=0,
        **params,
    ).fit(X, y, sample_weight)
    tree = (DecisionTreeClassifier if classifier else DecisionTreeRegressor)(
        criterion=criterion, random_state=0, **params
    ).fit(X, y, sample_weight)
    ours = forest.estimators_[0].tree_
    if criterion == "absolute_error" or "monotonic_cst" in params:
        ours = measured(ours, criterion, X, y, sample_weight)
    return ours, tree.tree_


def inner_values(criterion, monotonic_cst=None):
    """Whether the values of inner nodes follow from those of leaves."""
    return criterion != "absolute_error" and monotonic_cst is None


PARAMS = [
    {"min_samples_leaf": 5},
    {"max_depth": 4},
    {"min_samples_split": 30},
    {"min_samples_leaf": 0.02, "min_samples_split": 0.1},
    {"min_weight_fraction_leaf": 0.03},
    {"min_impurity_decrease": 0.004, "min_samples_leaf": 5},
    {"max_leaf_nodes": 12},
    {"max_leaf_nodes": 25, "min_samples_leaf": 7},
    {"max_leaf_nodes": 40, "max_depth": 5, "min_samples_leaf": 5},
    {"ccp_alpha": 0.004, "min_samples_leaf": 5},
    {"ccp_alpha": 0.02, "max_depth": 6, "min_samples_leaf": 3},
]


def text(params):
    return ", ".join(f"{name}={value}" for name, value in params.items())


@pytest.mark.parametrize("params", PARAMS, ids=text)
@pytest.mark.parametrize("criterion", CRITERIA)
def test_same_tree(criterion, params):
    X, y = made(criterion)
    ours, theirs = grown(criterion, X, y, **params)
    assert theirs.node_count > 1
    assert len(ours.children_left) == theirs.node_count
    assert_same_tree(ours, theirs, inner_values=inner_values(criterion))


@pytest.mark.parametrize("criterion", CRITERIA)
def test_same_tree_to_pure_leaves(criterion):
    """In the smallest nodes every column parts the rows equally well: ties are many there."""
    X, y = made(criterion)
    ours, theirs = grown(criterion, X, y)
    assert_same_tree(ours, theirs, at_least=0.3, inner_values=inner_values(criterion))


@pytest.mark.parametrize("criterion", CRITERIA)
def test_same_tree_of_one_column(criterion):
    """With one column ties are left only between its cuts."""
    X, y = made(criterion, n=200, d=3)
    ours, theirs = grown(criterion, X[:, :1], y)
    assert_same_tree(ours, theirs, at_least=0.7, inner_values=inner_values(criterion))


@pytest.mark.parametrize("params", [PARAMS[i] for i in (0, 4, 5, 7, 9)], ids=text)
@pytest.mark.parametrize("criterion", CRITERIA)
def test_sample_weights(criterion, params):
    X, y = made(criterion)
    weight = np.random.default_rng(1).exponential(size=len(y))
    weight[::7] = 0.0
    ours, theirs = grown(criterion, X, y, weight, **params)
    assert_same_tree(ours, theirs, inner_values=inner_values(criterion))


@pytest.mark.parametrize("class_weight", ["balanced", {0: 1.0, 1: 4.0, 2: 0.3}], ids=str)
@pytest.mark.parametrize("criterion", CLASSIFIER)
def test_class_weights(criterion, class_weight):
    X, y = made(criterion)
    y[y == 2] = np.arange((y == 2).sum()) % 5 == 0  # unbalanced
    y[:20] = 2
    ours, theirs = grown(criterion, X, y, class_weight=class_weight, min_samples_leaf=5)
    assert_same_tree(ours, theirs, at_least=0.5)


@pytest.mark.parametrize("criterion", CRITERIA)
@pytest.mark.parametrize("columns", [[0], [0, 1, 2]], ids=str)
def test_missing_values(criterion, columns):
    reached = nodes = 0
    for seed in range(3):  # small nodes with ties differ from data to data
        X, y = made(criterion, seed=seed)
        rng = np.random.default_rng(2)
        for j in columns:
            X[rng.random(len(y)) < 0.15 + 0.2 * (X[:, j] > 0.5), j] = np.nan
        ours, theirs = grown(criterion, X, y, min_samples_leaf=5)
        reached += same_nodes(ours, theirs, inner_values=inner_values(criterion))
        nodes += theirs.node_count
    assert reached >= 0.8 * nodes, f"{reached} of {nodes} nodes"


@pytest.mark.parametrize("criterion", ["gini", "entropy", "squared_error"])
@pytest.mark.parametrize("directions", [[1, 0, 0, 0, 0], [-1, 0, 1, 0, -1]], ids=str)
@pytest.mark.parametrize("more", [{}, {"max_leaf_nodes": 15}], ids=text)
def test_monotonic_constraints(criterion, directions, more):
    X, y = made(criterion, n_classes=2)
    ours, theirs = grown(criterion, X, y, monotonic_cst=directions, min_samples_leaf=5, **more)
    assert_same_tree(ours, theirs, inner_values=inner_values(criterion, directions))


@pytest.mark.parametrize("criterion", ["gini", "squared_error"])
def test_several_outputs(criterion):
    X, y = made(criterion)
    _, other = made(criterion, seed=1)
    ours, theirs = grown(criterion, X, np.column_stack([y, other]), min_samples_leaf=5)
    assert_same_tree(ours, theirs)


@pytest.mark.parametrize("criterion", ["gini", "entropy", "squared_error"])
def test_pruned_at_every_step_of_the_path(criterion):
    """Between two alphas of scikit-learn's path both prunings have the same number of nodes."""
    X, y = made(criterion, n=300)
    kind = DecisionTreeClassifier if criterion in CLASSIFIER else DecisionTreeRegressor
    tree = kind(criterion=criterion, min_samples_leaf=8, random_state=0)
    alphas = np.unique(np.round(tree.cost_complexity_pruning_path(X, y).ccp_alphas, 12))
    for alpha in (alphas[1:] + alphas[:-1]) / 2:
        ours, theirs = grown(criterion, X, y, min_samples_leaf=8, ccp_alpha=alpha)
        assert ours.node_count == theirs.node_count
        assert_same_tree(ours, theirs, at_least=0.7)


@pytest.mark.parametrize("criterion", ["gini", "squared_error"])
@pytest.mark.parametrize("max_leaf_nodes", [2, 3, 5, 8, 17, 64, 1000])
def test_best_first_spends_its_budget_well(criterion, max_leaf_nodes):
    """A few dominant splits, then many small ones.

    A library that counts leaves when they are born rather than when they are chosen ends with fewer
    of them, or with worse ones, on such data.
    """
    rng = np.random.default_rng(0)
    X = rng.random((600, 4)).astype(np.float32)
    steps = 8.0 * (X[:, 0] > 0.5) + 4.0 * (X[:, 1] > 0.7) + np.floor(8 * X[:, 2]) / 8
    y = steps + 0.01 * rng.normal(size=600)
    y = (2 * y).astype(int) % 5 if criterion in CLASSIFIER else y
    ours, theirs = grown(criterion, X, y, max_leaf_nodes=max_leaf_nodes)
    assert (ours.children_left == -1).sum() == (theirs.children_left == -1).sum()
    leaves = [tree.children_left == -1 for tree in (ours, theirs)]
    ours_loss, theirs_loss = (
        (tree.impurity * tree.weighted_n_node_samples)[leaf].sum()
        for tree, leaf in zip((ours, theirs), leaves, strict=True)
    )
    assert ours_loss <= theirs_loss * 1.02 + 1e-9
    assert_same_tree(ours, theirs, at_least=0.6 if max_leaf_nodes <= 64 else 0.2)


@pytest.mark.parametrize("criterion", CRITERIA)
def test_first_split_may_gain_nothing(criterion):
    """No single column says anything of an exclusive or, both of them say all."""
    X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]] * 5, dtype=np.float32)
    y = (X[:, 0] != X[:, 1]).astype(int)
    ours, theirs = grown(criterion, X, y + (criterion == "poisson"))
    assert len(ours.children_left) == theirs.node_count == 7


@pytest.mark.parametrize("criterion", CRITERIA)
@pytest.mark.parametrize("n", [12, 300])
def test_a_budget_of_leaves_that_is_never_spent_changes_nothing(criterion, n):
    """Best first and depth first reach the same nodes, and each node's split is its own affair."""
    X, y = made(criterion, n=n)
    kind = "RandomForestClassifier" if criterion in CLASSIFIER else "RandomForestRegressor"
    for seed in range(5):
        free, budget = (
            getattr(setpoint, kind)(8, criterion=criterion, random_state=seed, max_leaf_nodes=most)
            .fit(X, y)
            .predict(X)
            for most in (None, n + 1)
        )
        np.testing.assert_array_equal(budget, free)


@pytest.mark.parametrize("kind", ["RandomForest", "ExtraTrees"])
@pytest.mark.parametrize(
    "load", [load_breast_cancer, load_wine, load_digits, load_diabetes], ids=lambda f: f.__name__
)
def test_scores_of_forests(kind, load):
    """Means over folds and seeds differ by no more than the noise between seeds."""
    X, y = load(return_X_y=True)
    name = kind + ("Regressor" if load is load_diabetes else "Classifier")
    more = {"max_features": 0.4} if load is load_diabetes else {}
    ours, theirs = (
        np.array(
            [
                cross_val_score(
                    getattr(library, name)(n_estimators=50, random_state=seed, **more), X, y, cv=3
                ).mean()
                for seed in range(3)
            ]
        )
        for library in (setpoint, sklearn.ensemble)
    )
    assert abs(ours.mean() - theirs.mean()) < 0.01 + 2 * np.hypot(ours.std(), theirs.std())
