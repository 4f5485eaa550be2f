"""A model's life: a failed fit leaves it as it was; copies and files predict the same."""

import copy
import pickle
import re

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

import setpoint
from contracts.cases import (
    NEAR_A_CONSTANT,
    continuous,
    every_data,
    every_estimator,
    every_kind,
    fitted,
    predictions,
)


@every_data
@every_estimator
def test_copies_predict_the_same(kind, data, tmp_path):
    X, y = kind.problem(data)
    model = fitted(kind.small(), X, y)
    model.save(tmp_path / "model.safetensors")
    joblib.dump(model, tmp_path / "model.joblib")
    copies = [
        pickle.loads(pickle.dumps(model)),
        copy.deepcopy(model),
        joblib.load(tmp_path / "model.joblib"),
        setpoint.load(tmp_path / "model.safetensors"),
        fitted(clone(model), X, y),
    ]
    for other in copies:
        assert type(other) is kind.cls
        assert dict(other.hyperparameters) == dict(model.hyperparameters)
        np.testing.assert_array_equal(predictions(other, X), predictions(model, X))
        for name, array in model.parameters_.items():
            np.testing.assert_array_equal(other.parameters_[name], array, err_msg=name)


@every_estimator
def test_tables_of_a_model_are_copied_and_pickled(kind):
    X, y = continuous(kind.task)
    model = fitted(kind.small(), X, y)
    for make in (copy.copy, copy.deepcopy, lambda table: pickle.loads(pickle.dumps(table))):
        settings, learned = make(model.hyperparameters), make(model.parameters_)
        assert dict(settings) == dict(model.hyperparameters)
        assert str(settings) == str(model.hyperparameters)
        assert str(learned) == str(model.parameters_)
        for name, array in model.parameters_.items():
            np.testing.assert_array_equal(learned[name], array, err_msg=name)
            assert not learned[name].flags.writeable


@every_estimator
def test_a_new_estimator_can_be_asked_for_any_attribute(kind):
    """Of what is learned later `hasattr` says no."""
    new = kind.small()
    learned = [name for name in dir(new) if name.endswith("_") and not name.startswith("_")]
    assert [name for name in learned if hasattr(new, name)] == []


@every_estimator
def test_file_that_is_cut_short(kind, tmp_path):
    X, y = continuous(kind.task)
    path = tmp_path / "model.safetensors"
    fitted(kind.small(), X, y).save(path)
    content = path.read_bytes()
    for keep in (0, 7, len(content) // 2, len(content) - 1):
        path.write_bytes(content[:keep])
        with pytest.raises(ValueError, match=r"model\.safetensors"):
            setpoint.load(path)


def with_cell(array, value):
    changed = np.array(array, dtype=float)
    changed.flat[3] = value
    return changed


BAD = {
    "NaN in y": (lambda X, y: (X, with_cell(y, np.nan)), r"\by\b.*NaN"),
    "infinity in y": (lambda X, y: (X, with_cell(y, np.inf)), r"\by\b.*infinity"),
    "infinity in X": (lambda X, y: (with_cell(X, np.inf), y), r"\bX\b.*infinity"),
    "more than can be squared": (
        lambda X, y: (with_cell(X, 1e300), y),
        r"\bX\b.*large|large.*\bX\b",
    ),
    "no rows": (lambda X, y: (X[:0], None if y is None else y[:0]), "0 sample"),
    "no columns": (lambda X, y: (X[:, :0], y), "0 feature"),
    "too few y": (lambda X, y: (X, y[:-1]), "inconsistent"),
    "three dimensions": (lambda X, y: (X[:, :, None], y), "dim"),
    "one dimension": (lambda X, y: (X[:, 0], y), "1D|1-d|dim"),
    "words": (lambda X, y: (np.full(X.shape, "word", dtype=object), y), "word|str"),
    "complex numbers": (lambda X, y: (X + 1j, y), "[Cc]omplex"),
    "no y": (lambda X, y: (X, None), r"requires y|\by\b.*None"),
}


@pytest.mark.parametrize("name", BAD)
@every_estimator
@pytest.mark.filterwarnings("ignore")
def test_failed_fit_leaves_the_model_as_it_was(kind, name):
    damage, message = BAD[name]
    X, y = continuous(kind.task)
    if y is None and re.search(r"\by\b", name):
        pytest.skip("has no target")
    fresh, model = kind.small(), fitted(kind.small(), X, y)
    before, attributes = predictions(model, X), set(vars(model))
    for each in (fresh, model):
        with pytest.raises((ValueError, TypeError), match=message):
            each.fit(*damage(X, y))
    with pytest.raises(NotFittedError):
        fresh.predict(X)
    np.testing.assert_array_equal(predictions(model, X), before)
    assert set(vars(model)) == attributes


@pytest.mark.parametrize(
    "weight", [[1.0], [np.nan], [np.inf], [-1.0], [0.0], ["heavy"]], ids=lambda w: str(w[0])
)
@every_estimator
def test_bad_sample_weight(kind, weight):
    X, y = continuous(kind.task)
    n = len(X) - 1 if weight == [1.0] else len(X)
    model = kind.small()
    with pytest.raises((ValueError, TypeError), match=r"weight|could not convert"):
        model.fit(X, y, sample_weight=np.array(weight * n))
    with pytest.raises(NotFittedError):
        model.predict(X)


@every_kind
def test_one_class_or_one_value(kind):
    """Nothing to tell apart: refused with a word on classes, or predicted as it is."""
    X, y = continuous(kind.task)
    constant = np.full_like(y, y[0])
    try:
        model = fitted(kind.small(**kind.patient), X, constant)
    except ValueError as error:
        assert "class" in str(error)
    else:
        rtol = NEAR_A_CONSTANT.get(kind.family, 1e-12)
        np.testing.assert_allclose(model.predict(X), constant, rtol=rtol)


@every_estimator
def test_bad_rows_to_predict(kind):
    X, y = continuous(kind.task)
    model = fitted(kind.small(), X, y)
    for rows in (X[:, :-1], np.hstack([X, X]), X[:0], X[0], with_cell(X, np.inf)):
        with pytest.raises(ValueError):
            model.predict(rows)
    assert len(model.predict(X[:2])) == 2


@every_estimator
def test_sizes_that_do_not_fit_into_memory(kind):
    X, y = continuous(kind.task)
    for name in kind.only({"n_estimators": 0}):
        with pytest.raises((ValueError, MemoryError), match=name):
            kind.cls(**{name: 2**62}).fit(X, y)
    fitted(kind.small(), X, y)
