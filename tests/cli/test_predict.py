"""`setpoint fit` and `predict`: what is saved predicts the same rows by the names of columns."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_iris

import setpoint
from setpoint.cli import features

SMALL = ["--param", "n_estimators=5,10", "--param", "max_depth=2,None"]


def test_save_and_predict_by_name(run, people: str, tmp_path: Path) -> None:
    code, out, err = run(
        "tune", people, "--target", "bought", "--drop", "id", *SMALL, "--save", "m.safetensors"
    )
    assert code == 0, err
    assert "saved: m.safetensors" in out and "target 'bought' holds texts: classification" in err

    code, out, err = run("predict", "m.safetensors", people, "--proba")
    assert code == 0, err
    rows = list(csv.DictReader(out.splitlines()))
    assert list(rows[0]) == ["prediction", "probability_no", "probability_yes"]
    truth = [row["bought"] for row in csv.DictReader((tmp_path / people).read_text().splitlines())]
    assert np.mean([row["prediction"] == t for row, t in zip(rows, truth, strict=True)]) > 0.9

    # Columns are found by name: their order and other columns do not matter.
    lines = [line.split(",") for line in (tmp_path / people).read_text().splitlines()]
    (tmp_path / "turned.csv").write_text("\n".join(",".join(line[::-1]) for line in lines))
    assert run("predict", "m.safetensors", "turned.csv", "--proba")[1] == out

    code, _, err = run("predict", "m.safetensors", "iris")
    assert code == 1 and "lacks 2 columns of the model: 'age', 'city'" in err


def test_columns_keep_their_kind(run) -> None:
    def data(name: str, *rows: str) -> str:
        Path(name).write_text("\n".join(["zip,size,y", *rows]) + "\n")
        return name

    train = data("train.csv", *["007,1,a", "12b,2,b"] * 10)
    assert run("fit", train, "--target", "y", "--save", "m.safetensors")[0] == 0
    # All cells read as numbers here, and 007 is a text all the same.
    code, out, _ = run("predict", "m.safetensors", data("new.csv", "007,1,", "007,1,"))
    assert (code, out.split()) == (0, ["prediction", "a", "a"])
    # A category that training has not seen is no error.
    assert run("predict", "m.safetensors", data("unseen.csv", "9,1,"))[0] == 0
    code, _, err = run("predict", "m.safetensors", data("bad.csv", "007,large,"))
    assert code == 1
    assert "column 'size' of bad.csv holds texts such as 'large'; the model was fitted on" in err


@pytest.mark.parametrize("installed", [{"polars"}, {"pandas"}, set()], ids=str)
def test_the_same_predictions_whatever_is_installed(
    run, people: str, monkeypatch: pytest.MonkeyPatch, installed: set[str]
) -> None:
    fit = ("fit", people, "--target", "bought", "--drop", "id", "--param", "n_estimators=7")
    assert run(*fit, "--save", "usual.safetensors")[0] == 0
    usual = run("predict", "usual.safetensors", people, "--proba")[1]
    monkeypatch.setattr(features, "find_spec", lambda name: name in installed)
    assert run(*fit, "--save", "other.safetensors")[0] == 0
    for model in ("usual.safetensors", "other.safetensors"):
        code, out, err = run("predict", model, people, "--proba")
        assert code == 0, err
        assert out == usual


def test_fit_and_predict_regression(run) -> None:
    code, out, _ = run("fit", "diabetes", "--param", "n_estimators=9", "--save", "d.safetensors")
    assert code == 0
    assert "n_estimators=9" in out and "saved: d.safetensors" in out
    assert setpoint.load("d.safetensors").n_estimators == 9
    code, out, _ = run("predict", "d.safetensors", "diabetes", "--json")
    assert code == 0 and len(json.loads(out)["prediction"]) == 442
    assert run("predict", "d.safetensors", "diabetes", "--output", "p.csv")[1] == ""
    assert len(Path("p.csv").read_text().splitlines()) == 443
    code, _, err = run("predict", "d.safetensors", "diabetes", "--proba")
    assert code == 2 and "predicts numbers" in err


def test_models_without_names_are_refused(run) -> None:
    X, y = load_iris(return_X_y=True)
    setpoint.RandomForestClassifier(n_estimators=2).fit(X, y).save("m.safetensors")
    code, _, err = run("predict", "m.safetensors", "iris")
    assert code == 1 and "columns without names" in err


def test_several_outputs_have_columns_of_their_own(run) -> None:
    pandas = pytest.importorskip("pandas")
    X, y = load_iris(return_X_y=True, as_frame=True)
    targets = pandas.DataFrame({"kind": y, "wide": X.iloc[:, 0] > 5.8}).astype(int)
    model = setpoint.RandomForestClassifier(n_estimators=5, random_state=0).fit(X, targets)
    model.save("m.safetensors")
    code, out, err = run("predict", "m.safetensors", "iris", "--proba")
    assert code == 0, err
    rows = list(csv.DictReader(out.splitlines()))
    labels = [*(f"0_{k}" for k in range(3)), "1_0", "1_1"]
    assert list(rows[0]) == ["prediction_0", "prediction_1", *(f"probability_{k}" for k in labels)]
    found = np.array([[float(value) for value in row.values()] for row in rows])
    np.testing.assert_array_equal(found[:, :2], model.predict(X))
    np.testing.assert_array_equal(found[:, 2:], np.hstack(model.predict_proba(X)))
    assert len(json.loads(run("predict", "m.safetensors", "iris", "--json")[1])) == 2
