"""Our forests as scikit-learn's: the same predictions, and shap takes them."""

import numpy as np
import pytest

from saved.models import LABELS, NUMBERS, TWO, X, all_models, fitted, make
from setpoint.estimators.forest_base import Forest
from setpoint.families import estimator_classes

FORESTS = [name for name, kind in estimator_classes().items() if issubclass(kind, Forest)]
ROWS = np.random.default_rng(0).normal(size=(500, X.shape[1])).astype(np.float32)


def forest(name, y=None, **settings):
    y = (LABELS if name.endswith("Classifier") else NUMBERS) if y is None else y
    return fitted(make(name, **({"n_estimators": 20, "max_depth": None} | settings)), X, y)


@pytest.mark.parametrize("name", FORESTS)
def test_predictions_are_the_same(name):
    ours = forest(name)
    theirs = ours.to_sklearn()
    assert type(theirs).__module__ == "sklearn.ensemble._forest"
    assert type(theirs).__name__ == name
    method = "predict_proba" if name.endswith("Classifier") else "predict"
    np.testing.assert_allclose(
        getattr(theirs, method)(ROWS), getattr(ours, method)(ROWS), rtol=1e-14
    )
    np.testing.assert_array_equal(theirs.apply(ROWS), ours.apply(ROWS))
    np.testing.assert_allclose(theirs.feature_importances_, ours.feature_importances_, rtol=1e-6)


def test_several_outputs():
    ours = forest("RandomForestClassifier", np.column_stack([TWO, TWO[::-1]]))
    np.testing.assert_array_equal(ours.to_sklearn().predict(ROWS), ours.predict(ROWS))


def test_categories_are_refused():
    make_model, _ = all_models()["categories"]
    with pytest.raises(ValueError, match="splits on categories"):
        make_model().to_sklearn()


@pytest.mark.parametrize("name", FORESTS)
@pytest.mark.filterwarnings("ignore")
def test_shap(name):
    shap = pytest.importorskip("shap")
    ours = forest(name)
    explainer = shap.TreeExplainer(ours.to_sklearn())
    values, base = explainer.shap_values(ROWS), explainer.expected_value
    expected = ours.predict_proba(ROWS) if name.endswith("Classifier") else ours.predict(ROWS)
    np.testing.assert_allclose(values.sum(axis=1) + base, expected, atol=1e-6)
