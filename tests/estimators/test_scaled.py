"""A scaler and a model in one file."""

import json

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save_file
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

import setpoint
from setpoint import SVC


def rows():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 3)) * [1.0, 100.0, 0.0] + [0.0, 50.0, 7.0]
    return X, (X[:, 0] > 0).astype(int)


@pytest.mark.parametrize("with_mean", [True, False])
@pytest.mark.parametrize("with_std", [True, False])
def test_round_trip(tmp_path, with_mean, with_std):
    X, y = rows()
    scaler = StandardScaler(with_mean=with_mean, with_std=with_std)
    saved = make_pipeline(scaler, SVC(gamma=0.1)).fit(X, y)
    setpoint.save(saved, tmp_path / "m.safetensors")
    loaded = setpoint.load(tmp_path / "m.safetensors")
    np.testing.assert_array_equal(loaded.decision_function(X), saved.decision_function(X))
    again = loaded[0]
    for name, value in vars(scaler).items():
        np.testing.assert_array_equal(getattr(again, name), value, err_msg=name)


def test_a_model_alone_is_saved_as_by_its_method(tmp_path):
    X, y = rows()
    model = SVC(gamma=0.1).fit(X, y)
    setpoint.save(model, tmp_path / "a.safetensors")
    model.save(tmp_path / "b.safetensors")
    assert (tmp_path / "a.safetensors").read_bytes() == (tmp_path / "b.safetensors").read_bytes()


def test_other_pipelines_are_refused(tmp_path):
    X, y = rows()
    pipeline = make_pipeline(MinMaxScaler(), SVC()).fit(X, y)
    with pytest.raises(TypeError, match="this one is MinMaxScaler, SVC"):
        setpoint.save(pipeline, tmp_path / "m.safetensors")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "change, message",
    [
        ({"mean_": [0.0]}, "needs 3 finite numbers"),
        ({"mean_": None}, "the mean of the columns is missing"),
        ({"scale_": [1.0, 0.0, 1.0]}, "greater than 0"),
        ({"scale_": [1.0, None, 1.0]}, "needs 3 finite numbers"),
        ({"names": ["a"]}, "1 names for 3 columns"),
    ],
)
def test_damaged_scalers_are_refused(tmp_path, change, message):
    X, y = rows()
    path = tmp_path / "m.safetensors"
    setpoint.save(make_pipeline(StandardScaler(), SVC()).fit(X, y), path)
    with safe_open(path, framework="numpy") as file:
        header = json.loads(file.metadata()["setpoint"])
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    header["scaler"] |= change
    save_file(tensors, path, metadata={"setpoint": json.dumps(header)})
    with pytest.raises(ValueError, match=message):
        setpoint.load(path)
