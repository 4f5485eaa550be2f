"""Damaged files: an error, or a model like any other. Never a crash, a hang or another exception.

10,000 of them by `SETPOINT_TESTS=deep pytest tests/saved`; a fixed part of them otherwise.
"""

import faulthandler
import os
from contextlib import suppress

import numpy as np
import pytest
from sklearn.base import is_classifier

from saved.models import all_models
from saved.mutations import mutated
from setpoint import export_text, load
from setpoint.estimators.forest_base import Forest

MODELS = all_models()
N_FILES = 10_000 if os.environ.get("SETPOINT_TESTS") == "deep" else 1_000
SECONDS = 60
"""A file that is read for longer hangs: the run ends and shows where."""


def observe(model, rows):
    """All that a model tells, by name; its predictions have the right shapes."""
    n = rows.shape[0]
    if hasattr(rows, "columns") and hasattr(model, "feature_names_in_"):
        rows = rows.set_axis(model.feature_names_in_, axis=1)  # the file may name them otherwise
    told = {"predict": model.predict(rows)}
    assert len(told["predict"]) == n
    if is_classifier(model) and told["predict"].ndim == 1:
        assert set(told["predict"].tolist()) <= set(model.classes_.tolist())
    for name in ("predict_proba", "predict_log_proba", "decision_function", "apply"):
        with suppress(AttributeError):  # the file says by its hyperparameters that there are none
            values = getattr(model, name)(rows)
            told[name] = np.hstack(values) if isinstance(values, list) else values
            assert len(told[name]) == n
    for text in (model.parameters_, model.hyperparameters, model):
        assert str(text) and text._repr_html_()
    assert sum(array.size for array in model.parameters_.values()) == model.parameters_.total
    for name in dir(model):
        if name.endswith("_") and not name.startswith("_"):
            with suppress(AttributeError):
                getattr(model, name)
    if isinstance(model, Forest):
        assert export_text(model)
        assert len(model.feature_importances_) == model.n_features_in_
        if not model._columns.categorical.any():
            assert model.estimators_[0].tree_.node_count
    return told


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", MODELS)
def test_damaged_files(name, tmp_path):
    make, rows_of = MODELS[name]
    rows, path = rows_of(), tmp_path / "model.safetensors"
    make().save(path)
    content = path.read_bytes()
    random = np.random.default_rng([*name.encode()])
    refused = 0
    for number in range(-(-N_FILES // len(MODELS))):
        path.write_bytes(mutated(content, random))
        faulthandler.dump_traceback_later(SECONDS, exit=True)
        try:
            try:
                model = load(path)
            except ValueError as error:
                assert "model.safetensors" in str(error)
                refused += 1
                continue
            with np.errstate(all="ignore"):
                told = observe(model, rows)
                model.save(tmp_path / "again")
                again = observe(load(tmp_path / "again"), rows)
            for key, values in told.items():
                np.testing.assert_array_equal(values, again[key], err_msg=key)
        except BaseException:
            (tmp_path / "bad").write_bytes(path.read_bytes())
            print(f"file {number} of {name}: {tmp_path / 'bad'}")
            raise
        finally:
            faulthandler.cancel_dump_traceback_later()
    assert refused > number / 4
