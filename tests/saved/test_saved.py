"""Files and pickles of every estimator: what comes back is what was fitted."""

import io
import json
import pickle

import joblib
import numpy as np
import pytest
from scipy.sparse import issparse
from sklearn.metrics.pairwise import linear_kernel

from saved.golden import files_of, told
from saved.models import LABELS, NUMBERS, TWO, X, all_models, fitted, make
from setpoint import load
from setpoint.estimators.matrix import MatrixEstimator
from setpoint.families import estimator_classes

MODELS = all_models()
every_model = pytest.mark.parametrize("name", MODELS)


def same(one, other):
    """Of one type, and equal to the last bit."""
    if type(one) is not type(other):
        return False
    if issparse(one):
        return same(one.toarray(), other.toarray())
    if isinstance(one, np.ndarray):
        numbers = one.dtype.kind == "f"
        return one.dtype == other.dtype and np.array_equal(one, other, equal_nan=numbers)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other or (one != one and other != other)


def size(path):
    return path.stat().st_size


@every_model
def test_everything_comes_back(name, tmp_path):
    make_model, rows_of = MODELS[name]
    model = make_model()
    model.save(tmp_path / "model")
    for again in (load(tmp_path / "model"), pickle.loads(pickle.dumps(model))):
        assert vars(again).keys() == vars(model).keys()
        for attribute in vars(model).keys() - {"_model", "_columns", "_growth"}:
            assert same(getattr(again, attribute), getattr(model, attribute)), attribute
        assert told(again, rows_of()) == told(model, rows_of())
    assert len(pickle.dumps(model)) < 1.1 * size(tmp_path / "model") + 500


@pytest.mark.parametrize("name", estimator_classes())
def test_pickles_are_about_as_large_as_files(name, tmp_path):
    """Nothing is kept twice: of models whose arrays are large, not their names."""
    rows = np.tile(X, (20, 30)) + 1e-3 * np.sin(np.arange(800 * 120)).reshape(800, 120)
    small = {"n_estimators": 20, "max_depth": None, "hidden_layer_sizes": (40, 40), "max_iter": 30}
    model = make(name)
    model.set_params(**{key: small[key] for key in small.keys() & model.get_params().keys()})
    y = (
        None
        if name == "OneClassSVM"
        else np.tile(TWO if "Class" in name or "SVC" in name else NUMBERS, 20)
    )
    if name == "LogisticRegression":
        y = np.tile(LABELS, 20)
    if name == "NuSVC":
        model.set_params(nu=0.2)
    fitted(model, rows, y)
    model.save(tmp_path / "file")
    memory = io.BytesIO()
    joblib.dump(model, memory)
    for n_bytes in (len(pickle.dumps(model)), len(memory.getvalue())):
        assert n_bytes < 1.05 * size(tmp_path / "file") + 3000


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "name",
    [name for name, kind in estimator_classes().items() if issubclass(kind, MatrixEstimator)],
)
def test_the_type_of_numbers_is_kept(name, dtype, tmp_path):
    model = MODELS[name][0]()
    y = None if name == "OneClassSVM" else LABELS if hasattr(model, "classes_") else NUMBERS
    fitted(model, X.astype(dtype), y)
    model.save(tmp_path / "model")
    again = load(tmp_path / "model")
    for attribute, value in vars(model).items():
        if isinstance(value, np.ndarray):
            assert getattr(again, attribute).dtype == value.dtype, attribute
    rows = X.astype(dtype)
    assert again.predict(rows).dtype == model.predict(rows).dtype


def test_a_refit_forgets_the_rows_of_a_kernel_of_the_users():
    model = fitted(make("SVC", kernel=linear_kernel), X, TWO)
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.decision_function(X), model.decision_function(X))
    fitted(again.set_params(kernel="linear"), X, TWO)
    assert vars(again).keys() == vars(fitted(make("SVC", kernel="linear"), X, TWO)).keys()


@every_model
def test_golden_files(name):
    """What an earlier version saved loads, and predicts the same."""
    file, predictions = files_of(name)
    assert file.exists(), "write it by `python tests/saved/golden.py`"
    model = load(file)
    assert type(model).__name__ == name or name not in estimator_classes()
    expected, found = json.loads(predictions.read_text("utf-8")), told(model, MODELS[name][1]())
    assert found.keys() == expected.keys()
    for method, values in expected.items():
        assert_like(found[method], values)


def assert_like(found, expected):
    """Equal labels; numbers up to rounding: processors with other vectors add in another order."""
    if isinstance(expected, list):
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            assert_like(one, other)
    elif isinstance(expected, float):
        assert found == pytest.approx(expected, rel=1e-5, abs=1e-6)
    else:
        assert found == expected
