"""The same bits for any number of threads, any layout of the data, any run."""

import numpy as np
import pytest

from contracts.cases import (
    continuous,
    every_classifier,
    every_data,
    every_estimator,
    every_tree,
    fitted,
    predictions,
)

FLOAT32 = 1e-3
"""How far a model trained in float32 may be from the same in float64, relative to its size."""


def assert_same_model(model, other, X):
    np.testing.assert_array_equal(predictions(model, X), predictions(other, X))
    assert set(model.parameters_) == set(other.parameters_)
    for name, array in model.parameters_.items():
        np.testing.assert_array_equal(array, other.parameters_[name], err_msg=name)


@every_data
@every_estimator
def test_threads(kind, data):
    if "n_jobs" not in kind.declared:
        pytest.skip("has no say in the number of threads")
    X, y = kind.problem(data, n=400)
    one = fitted(kind.small(n_jobs=1), X, y)
    for n_jobs in (2, 3, None, -1):
        assert_same_model(one, fitted(kind.small(n_jobs=n_jobs), X, y), X)


@every_data
@every_estimator
def test_same_seed_same_model(kind, data):
    X, y = kind.problem(data)
    assert_same_model(fitted(kind.small(), X, y), fitted(kind.small(), X, y), X)


@pytest.fixture
def generator():
    """NumPy's global generator, put back afterwards."""
    state = np.random.get_state()
    yield np.random.mtrand._rand
    np.random.set_state(state)


@every_estimator
def test_without_a_seed_numpys_generator_gives_one(kind, generator):
    X, y = continuous(kind.task)
    models = []
    for seed in (3, 3, 4):
        generator.seed(seed)
        model = kind.small()
        models.append(fitted(model.set_params(**dict.fromkeys(kind.seed)), X, y))
    assert_same_model(models[0], models[1], X)
    if kind.seed and kind.declared["random_state"].cost != "none":
        unseen, _ = continuous(kind.task, seed=1)
        assert not np.array_equal(predictions(models[0], unseen), predictions(models[2], unseen))


@every_estimator
def test_what_needs_no_random_number_draws_none(kind, generator):
    X, y = continuous(kind.task)
    before = generator.get_state()[1:3]
    model = fitted(kind.small(), X, y)
    predictions(model, X)
    np.testing.assert_equal(generator.get_state()[1:3], before)


@every_estimator
def test_seeds_differ(kind):
    X, y = continuous(kind.task)
    if not kind.seed or kind.declared["random_state"].cost == "none":
        pytest.skip("no random number shapes its models")
    one, other = (fitted(kind.small(random_state=seed), X, y) for seed in (0, 1))
    unseen, _ = continuous(kind.task, seed=1)
    assert not np.array_equal(predictions(one, unseen), predictions(other, unseen))


@every_data
@every_estimator
def test_layout_and_type_of_rows(kind, data):
    X, y = kind.problem(data)
    model = fitted(kind.small(), X, y)
    wide = np.zeros((2 * len(X), 2 * X.shape[1]), dtype=np.float32)
    wide[::2, ::2] = X
    for rows in (np.asfortranarray(X), wide[::2, ::2]):
        other = fitted(kind.small(), rows, y)
        assert_same_model(model, other, X)
        np.testing.assert_array_equal(predictions(model, rows), predictions(model, X))
    for rows in (X.astype(np.float64), X.tolist()):
        other = fitted(kind.small(), rows, y)
        if kind.reads_matrices:
            size = np.abs(predictions(model, X)).max()
            close = {"rtol": 0.0, "atol": FLOAT32 * size}
            np.testing.assert_allclose(predictions(other, X), predictions(model, X), **close)
            np.testing.assert_allclose(predictions(model, rows), predictions(model, X), **close)
        else:
            assert_same_model(model, other, X)
            np.testing.assert_array_equal(predictions(model, rows), predictions(model, X))


@every_data
@every_estimator
def test_rows_are_predicted_one_by_one(kind, data):
    """A row's prediction does not depend on the rows beside it, nor on threads."""
    X, y = kind.problem(data)
    model = fitted(kind.small(), X, y)
    together = predictions(model, X)
    for i in range(0, len(X), 17):
        np.testing.assert_array_equal(predictions(model, X[i : i + 1]), together[i : i + 1])
    model.set_params(**kind.only({"n_jobs": 1}))
    np.testing.assert_array_equal(predictions(model, X), together)


@every_classifier
def test_names_of_classes(kind):
    X, y = continuous(kind.task)
    model = fitted(kind.small(), X, y)
    for names in (np.array(["a", "b", "c"]), np.array([-5, 0, 1000]), np.array([0.0, 2.0, 3.0])):
        other = fitted(kind.small(), X, names[y])
        np.testing.assert_array_equal(predictions(other, X), predictions(model, X))
        np.testing.assert_array_equal(other.predict(X), names[model.predict(X)])


@every_data
@every_tree
def test_order_of_rows(kind, data):
    """Without a bootstrap sample the order of the rows tells nothing (counts are exact)."""
    X, y = kind.problem(data)
    if kind.task == "regression":
        y = np.round(4 * y)  # whole numbers: their sums are exact in any order
    order = np.random.default_rng(0).permutation(len(y))
    model = fitted(kind.small(bootstrap=False), X, y)
    other = fitted(kind.small(bootstrap=False), X[order], y[order])
    np.testing.assert_allclose(predictions(other, X), predictions(model, X), rtol=1e-12)


@every_data
@every_tree
@pytest.mark.parametrize("column", [0, 3])
def test_scale_of_a_column(kind, data, column):
    """Powers of two change no bit of the mantissa, so nothing may change."""
    X, y = kind.problem(data)
    scaled = X.copy()
    scaled[:, column] *= 8.0
    model, other = fitted(kind.small(), X, y), fitted(kind.small(), scaled, y)
    np.testing.assert_array_equal(predictions(other, scaled), predictions(model, X))


@every_data
@every_tree
@pytest.mark.parametrize("change", [np.cbrt, lambda x: x + 1000.0], ids=["cbrt", "shift"])
def test_monotone_change_of_a_column(kind, data, change):
    """Where the best split is taken, only the order of the values counts on the training rows."""
    if kind.family != "forest":
        pytest.skip("cuts at random values, not at random ranks")
    X, y = kind.problem(data)
    X = np.round(X, 1)
    changed = X.copy()
    changed[:, 1] = change(changed[:, 1])
    params = {"bootstrap": False, "max_features": 0.5}
    model, other = fitted(kind.small(**params), X, y), fitted(kind.small(**params), changed, y)
    np.testing.assert_array_equal(predictions(other, changed), predictions(model, X))
