"""Saved models: the same predictions, and nothing believed that the file says."""

import json
import warnings

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save_file
from sklearn.datasets import load_diabetes, load_iris
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from setpoint import RandomForestClassifier, RandomForestRegressor, load, save
from setpoint.estimators.forest_base import Forest
from setpoint.families import estimator_classes

ESTIMATORS = [kind for kind in estimator_classes().values() if issubclass(kind, Forest)]
each = pytest.mark.parametrize("kind", ESTIMATORS, ids=lambda kind: kind.__name__)
X, Y = load_iris(return_X_y=True)


def parts(path):
    """Header and tensors of a saved model."""
    with safe_open(path, framework="numpy") as file:
        header = json.loads(file.metadata()["setpoint"])
        return header, {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118


def write(path, header, tensors):
    save_file(tensors, path, metadata={"setpoint": json.dumps(header)})


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "model.safetensors"
    RandomForestClassifier(5, random_state=0).fit(X, Y).save(path)
    return path


@each
def test_round_trip(kind, tmp_path):
    target = Y if kind.__name__.endswith("Classifier") else load_diabetes().target[:150]
    model = kind(5, random_state=0, max_depth=4, max_features=2).fit(X, target)
    model.save(tmp_path / "model.safetensors")
    again = load(tmp_path / "model.safetensors")
    assert type(again) is kind
    assert again.get_params() == model.get_params()
    assert np.array_equal(again.predict(X), model.predict(X))
    for name, array in model.parameters_.items():
        assert np.array_equal(array, again.parameters_[name], equal_nan=True)
    assert again.n_features_in_ == 4
    assert not list(tmp_path.glob("*.partial"))


def test_a_loaded_model_goes_on_where_it_was(saved):
    whole = RandomForestClassifier(9, random_state=0).fit(X, Y)
    model = load(saved).set_params(n_estimators=9, warm_start=True).fit(X, Y)
    assert np.array_equal(model.apply(X), whole.apply(X))
    for ours, theirs in zip(model.estimators_samples_, whole.estimators_samples_, strict=True):
        assert np.array_equal(ours, theirs)


def test_a_loaded_model_does_not_know_the_weights(tmp_path):
    model = RandomForestClassifier(3, random_state=0, class_weight="balanced").fit(X, Y)
    assert len(model.estimators_samples_[0]) == 150
    model.save(tmp_path / "m")
    with pytest.raises(AttributeError, match="trained with weights and loaded from a file"):
        load(tmp_path / "m").estimators_samples_[0]


def test_others_may_read_the_file_as_the_umask_says(saved, tmp_path):
    (tmp_path / "plain").write_text("")
    assert saved.stat().st_mode == (tmp_path / "plain").stat().st_mode


@pytest.mark.parametrize(
    "labels",
    [
        np.array(["a", "b", "c"]),
        np.array(["a", "b", "c"], dtype=object),
        np.array([10, -5, 7]),
        np.array([1.0, 2.0, 3.0]),
        np.array([True, False, True]),
    ],
)
def test_labels_keep_their_type(labels, tmp_path):
    model = RandomForestClassifier(3, random_state=0).fit(X, labels[Y])
    model.save(tmp_path / "m")
    again = load(tmp_path / "m")
    assert again.classes_.dtype == model.classes_.dtype
    assert again.predict(X).tolist() == model.predict(X).tolist()


def test_several_outputs_weights_and_names(tmp_path):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X, columns=list("abcd"))
    frame["e"] = pandas.Categorical(np.array(["x", "y", "z"])[Y])
    weights = [{"k": 1.0, "l": 2.0, "m": 3.0}, {"n": 1.0, "o": 2.0}]
    model = RandomForestClassifier(5, random_state=0, class_weight=weights)
    model.fit(frame, np.array([np.array(["k", "l", "m"])[Y], np.where(Y, "n", "o")]).T)
    model.save(tmp_path / "m")
    again = load(str(tmp_path / "m"))
    assert again.class_weight == weights
    assert again.feature_names_in_.tolist() == list("abcde")
    assert again.categories_[4].tolist() == ["x", "y", "z"]
    assert (again.predict(frame) == model.predict(frame)).all()
    again.save(tmp_path / "n")
    assert (load(tmp_path / "n").predict(frame) == model.predict(frame)).all()


def test_what_cannot_be_saved(tmp_path):
    with pytest.raises(NotFittedError):
        RandomForestClassifier().save(tmp_path / "m")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        model = RandomForestRegressor(3, oob_score=lambda y, p: 0.0).fit(X, Y)
    with pytest.raises(ValueError, match=r"oob_score=.* has no JSON form"):
        model.save(tmp_path / "m")
    assert not list(tmp_path.iterdir())


class Derived(RandomForestClassifier):
    pass


@pytest.mark.parametrize("model", [Ridge(), make_pipeline(StandardScaler(), Ridge()), Derived(3)])
def test_what_could_not_be_loaded_is_not_saved(model, tmp_path):
    with pytest.raises(TypeError, match=r"(Ridge|Derived) is no estimator of setpoint"):
        save(model.fit(X, Y), tmp_path / "m")
    assert not list(tmp_path.iterdir())


def test_a_failed_save_leaves_the_earlier_file(saved):
    before = saved.read_bytes()
    model = RandomForestRegressor(3, random_state=np.random.RandomState(0)).fit(X, Y)
    with pytest.raises(ValueError, match=r"random_state=RandomState.*has no JSON form"):
        model.save(saved)
    assert saved.read_bytes() == before


def test_files_that_are_no_models(tmp_path):
    with pytest.raises(FileNotFoundError, match="no model file at"):
        load(tmp_path / "nothing")
    (tmp_path / "text").write_text("hello")
    with pytest.raises(ValueError, match="is not a safetensors file"):
        load(tmp_path / "text")
    save_file({"a": np.zeros(3)}, tmp_path / "other")
    with pytest.raises(ValueError, match="no setpoint model"):
        load(tmp_path / "other")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": 99}, "format 99 is not known; this version reads 1"),
        ({"class": "os.system"}, "no estimator is called 'os.system'"),
        ({"hyperparameters": {"max_depth": -1}}, "max_depth must be"),
        ({"hyperparameters": {"depth": 1}}, "unknown names"),
        ({"classes": [{"dtype": "<i8", "values": [0, 1]}]}, "number of classes"),
        ({"classes": [{"dtype": "M8[s]", "values": [0, 1, 2]}]}, "labels of type datetime64"),
        ({"classes": []}, "number of classes"),
        ({"categories": [None]}, "number of columns"),
        ({"names": ["a"]}, "number of names"),
        ({"n_outputs": 2}, "number of outputs"),
        ({"classes": 3}, "damaged"),
        ({"categories": None}, "damaged"),
        ({"spans": [{"first": 0}]}, "damaged"),
        (
            {
                "spans": [
                    {"first": 0, "last": 9, "candidate": {}, "n_samples": 1, "weighted": False}
                ]
            },
            "the spans of trees",
        ),
    ],
)
def test_headers_that_lie(saved, change, message):
    header, tensors = parts(saved)
    write(saved, header | change, tensors)
    with pytest.raises(ValueError, match=message):
        load(saved)


def test_missing_parts(saved):
    header, tensors = parts(saved)
    for key in header:
        write(saved, {name: value for name, value in header.items() if name != key}, tensors)
        with pytest.raises(ValueError, match="damaged"):
            load(saved)
    for key in (name for name, array in tensors.items() if array.size):
        write(saved, header, {name: array for name, array in tensors.items() if name != key})
        with pytest.raises(ValueError, match=r"."):
            load(saved)


def test_tensors_that_lie(saved):
    """Every byte of every tensor may be anything: an error or a model, never a crash."""
    header, tensors = parts(saved)
    random = np.random.RandomState(0)
    for name, array in tensors.items():
        for _ in range(6):
            changed = np.frombuffer(bytearray(array.tobytes()), dtype=np.uint8).copy()
            if changed.size:
                changed[random.randint(changed.size, size=3)] = random.randint(256, size=3)
            copy = np.frombuffer(changed.tobytes(), dtype=array.dtype).reshape(array.shape)
            write(saved, header, tensors | {name: copy})
            try:
                model = load(saved)
            except ValueError:
                continue
            assert model.predict(X).shape == (150,)
            assert model.apply(X).shape[0] == 150
        if not array.size:
            continue
        write(saved, header, tensors | {name: array[:-1]})
        with pytest.raises(ValueError, match=r"."):
            load(saved)


LEAF = np.uint32(1 << 31)


def with_entry(tensors, name, place, value):
    array = tensors[name].copy()
    array[place] = value
    return tensors | {name: array}


def test_trees_that_are_none(saved):
    """What the walk of a row through a tree relies on."""
    RandomForestClassifier(5, max_depth=2, random_state=0).fit(X, Y).save(saved)
    header, tensors = parts(saved)
    first = int(tensors["tree_nodes"][0])
    split, right = tensors["split"][:first], tensors["right"][:first]
    leaf, inner = int(np.flatnonzero(split & LEAF)[0]), int(np.flatnonzero((split & LEAF) == 0)[0])
    lies = {
        "a leaf of a column beyond X": with_entry(tensors, "split", leaf, split[leaf] | 77),
        "a split by a column beyond X": with_entry(tensors, "split", inner, 77),
        "a right child in the left subtree": with_entry(tensors, "right", inner, right[inner] - 1),
        "a right child of its own parent": with_entry(tensors, "right", inner, inner),
        "a value that is no number": with_entry(tensors, "leaf_value", 0, np.nan),
    }
    for what, changed in lies.items():
        write(saved, header, changed)
        with pytest.raises(ValueError, match="not the state of a forest"):
            load(saved)
            pytest.fail(what)
    empty = {name: array[:0] if name not in ("shape", "n_classes") else array
             for name, array in tensors.items()}  # fmt: skip
    write(saved, header | {"spans": []}, empty)
    with pytest.raises(ValueError, match="number of trees"):
        load(saved)
