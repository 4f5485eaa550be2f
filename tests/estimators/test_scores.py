"""What all linear models share, whoever learned them."""

import numpy as np
import pytest
from sklearn.datasets import load_iris

from setpoint import load
from setpoint.estimators.scores import ScoreClassifier, ScoreRegressor
from setpoint.families import estimator_classes

X, Y = load_iris(return_X_y=True)
LINEAR = [
    kind
    for kind in estimator_classes().values()
    if issubclass(kind, ScoreClassifier | ScoreRegressor)
]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("kind", LINEAR, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_loaded_model_has_the_type_of_the_one_saved(kind, dtype, tmp_path):
    rows = X.astype(dtype)
    model = kind().fit((rows - rows.mean(axis=0)) / rows.std(axis=0), Y)
    model.save(tmp_path / "model.safetensors")
    again = load(tmp_path / "model.safetensors")
    assert model.coef_.dtype == again.coef_.dtype == dtype
    for name in ("coef_", "intercept_"):
        ours, theirs = np.asarray(getattr(again, name)), np.asarray(getattr(model, name))
        assert ours.dtype == theirs.dtype
        assert np.array_equal(ours, theirs)
    assert again.predict(rows).dtype == model.predict(rows).dtype
    assert np.array_equal(again.predict(rows), model.predict(rows))
