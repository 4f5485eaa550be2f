"""ONNX graphs give what the models give, on 10,000 rows that they have not seen."""

import numpy as np
import pytest

from saved.models import LABELS, NUMBERS, TWO, X, all_models, fitted, make
from setpoint.families import estimator_classes

onnx = pytest.importorskip("onnx")
runtime = pytest.importorskip("onnxruntime")

from setpoint.estimators.forest_base import Forest  # noqa: E402
from setpoint.onnx_export import onnx_model  # noqa: E402

MODELS = all_models()
N_ROWS = 10_000
RANDOM = np.random.default_rng(0).normal(size=(N_ROWS, X.shape[1]))
METHODS = {"label": "predict", "prediction": "predict", "scores": "decision_function"}


def run(path, rows):
    """The graph's outputs by name."""
    session = runtime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(None, {"X": rows}), strict=True))


def expected_of(model, rows, name):
    if name.startswith("probabilities"):
        shares = model.predict_proba(rows)
        return shares[int(name.removeprefix("probabilities_"))] if "_" in name else shares
    return getattr(model, METHODS[name])(rows)


def assert_same(model, outputs, rows):
    """All that the model says, and nothing else: labels equal, scores to 1e-5, forests exactly."""
    says = {"predict": {"label", "prediction"}, "decision_function": {"scores"}}
    for method, names in says.items():
        assert hasattr(model, method) == bool(names & outputs.keys())
    assert hasattr(model, "predict_proba") == any(name.startswith("prob") for name in outputs)
    for name, values in outputs.items():
        expected = expected_of(model, rows, name)
        assert values.shape == expected.shape
        if name == "label" or isinstance(model, Forest):
            np.testing.assert_array_equal(values, expected, err_msg=name)
        else:
            size = max(1.0, np.abs(expected).max())
            np.testing.assert_allclose(values, expected, rtol=0, atol=1e-5 * size, err_msg=name)


def check(model, rows, tmp_path, **settings):
    model.to_onnx(tmp_path / "model.onnx", **settings)
    outputs = run(tmp_path / "model.onnx", rows)
    assert_same(model, outputs, rows)
    return outputs


@pytest.mark.parametrize("name", estimator_classes())
def test_every_estimator(name, tmp_path):
    model = MODELS[name][0]()
    forest = isinstance(model, Forest)
    outputs = check(model, RANDOM.astype(np.float32) if forest else RANDOM, tmp_path)
    few = {key: values[:3] for key, values in outputs.items()}
    again = run(tmp_path / "model.onnx", (RANDOM.astype(np.float32) if forest else RANDOM)[:3])
    for key, values in few.items():
        if forest:
            np.testing.assert_array_equal(again[key], values, err_msg=key)


@pytest.mark.parametrize("name", MODELS.keys() - estimator_classes().keys() - {"categories"})
def test_variants(name, tmp_path):
    make_model, rows_of = MODELS[name]
    model, known = make_model(), rows_of()
    random = np.random.default_rng(1)
    dense = known.toarray() if hasattr(known, "toarray") else known
    rows = (
        random.normal(size=(N_ROWS, dense.shape[1])) if name != "gram" else np.tile(dense, (9, 1))
    )
    check(model, rows.astype(np.float32 if isinstance(model, Forest) else dense.dtype), tmp_path)


def test_rows_of_another_type(tmp_path):
    model = MODELS["LogisticRegression"][0]()
    rows = RANDOM.astype(np.float32)
    outputs = run_with(model, rows, tmp_path, "float32")
    np.testing.assert_array_equal(outputs["label"], model.predict(rows.astype(np.float64)))
    forest = MODELS["RandomForestClassifier"][0]()
    outputs = run_with(forest, RANDOM, tmp_path, "float64")
    np.testing.assert_array_equal(outputs["probabilities"], forest.predict_proba(RANDOM))
    with pytest.raises(ValueError, match="dtype must be"):
        model.to_onnx(tmp_path / "m", dtype="float16")


def run_with(model, rows, tmp_path, dtype):
    model.to_onnx(tmp_path / "model.onnx", dtype=dtype)
    return run(tmp_path / "model.onnx", rows)


def test_missing_values_and_categories(tmp_path):
    """Codes go in where a column is categorical; NaN is missing, or a category never seen."""
    frame = MODELS["categories"][1]()
    frame.loc[frame.index[::5], "a"] = np.nan
    frame.loc[frame.index[::7], "e"] = None
    model = fitted(make("RandomForestClassifier", n_estimators=20, max_depth=None), frame, LABELS)
    random = np.random.default_rng(2)
    codes = random.integers(0, 3, N_ROWS).astype(float)
    rows = np.column_stack([RANDOM, codes])
    rows[random.random(rows.shape) < 0.2] = np.nan
    known = model.categories_[4]
    seen = {name: rows[:, j] for j, name in enumerate("abcd")}
    seen["e"] = [None if code != code else known[int(code)] for code in rows[:, 4]]
    from pandas import DataFrame

    model.to_onnx(tmp_path / "model.onnx")
    outputs = run(tmp_path / "model.onnx", rows.astype(np.float32))
    np.testing.assert_array_equal(outputs["probabilities"], model.predict_proba(DataFrame(seen)))
    properties = {
        entry.key: entry.value for entry in onnx.load(tmp_path / "model.onnx").metadata_props
    }
    assert properties["class"] == "RandomForestClassifier"
    assert properties["categories"] == '[null, null, null, null, ["ant", "bee", "cat"]]'
    assert properties["feature_names"] == '["a", "b", "c", "d", "e"]'


@pytest.mark.parametrize("rows", [1, 40, 60, 1000])
def test_forests_are_exact_whatever_the_number_of_rows(rows, tmp_path):
    model = fitted(make("RandomForestRegressor", n_estimators=150, max_depth=None), X, NUMBERS)
    check(model, RANDOM[:rows].astype(np.float32), tmp_path)


@pytest.mark.parametrize("loss", ["log_loss", "modified_huber", "hinge"])
@pytest.mark.parametrize("y", [LABELS, TWO], ids=["three", "two"])
def test_links(loss, y, tmp_path):
    check(fitted(make("SGDClassifier", loss=loss), X, y), RANDOM, tmp_path)


@pytest.mark.parametrize(
    "activation", ["identity", "logistic", "tanh", "relu", "leaky_relu", "elu", "silu", "gelu"]
)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_activations(activation, dtype, tmp_path):
    model = make("MLPRegressor", activation=activation, dtype=dtype, batch_norm=True)
    check(fitted(model, X, np.column_stack([NUMBERS, TWO])), RANDOM, tmp_path)


def test_networks_of_two_classes_of_labels_and_of_counts(tmp_path):
    check(fitted(make("MLPClassifier"), X, TWO), RANDOM, tmp_path)
    many = np.column_stack([TWO, LABELS == "ant", np.zeros(len(TWO), dtype=int)])
    check(fitted(make("MLPClassifier"), X, many), RANDOM, tmp_path)
    check(fitted(make("MLPRegressor", loss="poisson"), X, np.abs(NUMBERS)), RANDOM, tmp_path)


@pytest.mark.parametrize("kernel", ["linear", "poly", "rbf", "sigmoid"])
@pytest.mark.parametrize("y", [LABELS, TWO], ids=["three", "two"])
def test_kernels(kernel, y, tmp_path):
    check(fitted(make("SVC", kernel=kernel, coef0=0.5, gamma=0.3), X, y), RANDOM, tmp_path)


@pytest.mark.parametrize("probability", ["sigmoid", "isotonic"])
@pytest.mark.parametrize("y", [LABELS, TWO], ids=["three", "two"])
@pytest.mark.parametrize("shape", [{"break_ties": True}, {"decision_function_shape": "ovo"}])
def test_votes_and_probabilities(probability, y, shape, tmp_path):
    model = make("SVC", probability=probability, random_state=0, **shape)
    check(fitted(model, X, y), RANDOM, tmp_path)


def test_labels_of_every_type(tmp_path):
    whole = [TWO.astype(dtype) for dtype in (np.int8, np.uint64, bool, np.float32)]
    for labels in (*whole, LABELS.astype(object)):
        model = fitted(make("LogisticRegression"), X, labels)
        outputs = check(model, RANDOM, tmp_path)
        assert outputs["label"].tolist() == model.predict(RANDOM).tolist()


def test_what_onnx_cannot_hold(tmp_path):
    model = fitted(make("SVC", kernel=lambda a, b: a @ b.T), X, TWO)
    with pytest.raises(ValueError, match="is a Python function, which ONNX cannot hold"):
        model.to_onnx(tmp_path / "m.onnx")
    assert not list(tmp_path.iterdir())
    with pytest.raises(Exception, match="not fitted"):
        make("Ridge").to_onnx(tmp_path / "m.onnx")


def test_a_model_in_memory():
    assert onnx_model(MODELS["Ridge"][0]()).producer_name == "setpoint"
