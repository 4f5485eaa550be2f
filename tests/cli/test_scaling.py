"""Columns on one scale: who gets them, by the rows of each fold, and what is saved of them."""

import json
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import setpoint
from setpoint.families import FAMILIES


def test_tune_standardises_within_each_fold_and_says_so(run) -> None:
    grid = ["--param", "C=1,10", "--param", "gamma=0.01,scale"]
    code, out, err = run("tune", "breast_cancer", "--model", "svm", *grid, "--json")
    assert code == 0, err
    found = json.loads(out)
    search = setpoint.GridSearchCV(
        make_pipeline(StandardScaler(), setpoint.SVC()),
        {"svc__gamma": [0.01, "scale"], "svc__C": [1.0, 10.0]},
        cv=StratifiedKFold(5, shuffle=True, random_state=0),
    ).fit(*load_breast_cancer(return_X_y=True))
    assert found["standardised"] is True and found["estimator"] == "SVC"
    assert found["best_score"] == search.best_score_ > 0.97
    assert set(found["best_hyperparameters"]) == {"C", "gamma"}

    assert "columns are standardised" in run("tune", "breast_cancer", "--model", "svm", *grid)[1]
    raw = run("tune", "breast_cancer", "--model", "svm", *grid, "--no-scale", "--json")[1]
    assert json.loads(raw)["standardised"] is False
    assert json.loads(raw)["best_score"] < found["best_score"]


@pytest.mark.parametrize("search", ["random", "bayes"])
def test_other_searches_draw_from_the_ranges_of_the_model(run, search: str) -> None:
    args = ["--model", "svm", "--search", search, "--n-iter", "3", "--cv", "2", "--json"]
    code, out, err = run("tune", "diabetes", *args)
    assert code == 0, err
    names = {name for name, item in setpoint.SVR.declarations().items() if item.search is not None}
    assert set(json.loads(out)["best_hyperparameters"]) <= names


@pytest.mark.parametrize("verb", ["fit", "tune"])
@pytest.mark.parametrize("installed", [{"polars"}, {"pandas"}, set()], ids=str)
def test_a_saved_model_scales_the_rows_it_predicts(
    run, monkeypatch: pytest.MonkeyPatch, verb: str, installed: set[str]
) -> None:
    for name in installed:
        pytest.importorskip(name)
    monkeypatch.setattr("setpoint.cli.features.find_spec", lambda name: name in installed or None)
    args = ["--model", "svm", "--param", "C=30", "--save", "m.safetensors"]
    code, _, err = run(verb, "diabetes", *args)
    assert code == 0, err
    X, y = load_diabetes(return_X_y=True)
    expected = make_pipeline(StandardScaler(), setpoint.SVR(C=30.0)).fit(X, y).predict(X)
    code, out, err = run("predict", "m.safetensors", "diabetes")
    assert code == 0, err
    np.testing.assert_allclose(np.array(out.split()[1:], dtype=float), expected, rtol=1e-12)
    loaded = setpoint.load("m.safetensors")
    assert list(loaded.feature_names_in_) == load_diabetes().feature_names


def test_forests_take_columns_as_they_are(run) -> None:
    code, out, err = run("fit", "iris", "--save", "m.safetensors", "--json")
    assert code == 0, err
    assert json.loads(out)["standardised"] is False
    assert not FAMILIES["forest"].scaled


def test_probabilities_that_were_not_learned(run) -> None:
    assert run("fit", "iris", "--model", "svm", "--save", "m.safetensors")[0] == 0
    code, _, err = run("predict", "m.safetensors", "iris", "--proba")
    assert code == 2 and "fit it with --param probability=sigmoid" in err
    with_them = ["--param", "probability=sigmoid", "--save", "m.safetensors"]
    assert run("fit", "iris", "--model", "svm", *with_them)[0] == 0
    code, out, _ = run("predict", "m.safetensors", "iris", "--proba")
    rows = np.array([line.split(",")[1:] for line in out.splitlines()[1:]], dtype=float)
    assert code == 0 and np.allclose(rows.sum(axis=1), 1.0)


@pytest.mark.parametrize("cell, message", [("x", "some columns hold text"), ("", "such as 'a'")])
def test_what_a_matrix_cannot_hold_is_refused_at_once(run, cell: str, message: str) -> None:
    rows = [f"{cell if i % 3 == 0 else i},{i},{'pq'[i % 2]}" for i in range(20)]
    Path("t.csv").write_text("\n".join(["a,b,y", *rows]) + "\n")
    for verb in ("tune", "fit"):
        save = ["--save", "m.safetensors"]
        code, _, err = run(verb, "t.csv", "--target", "y", "--model", "svm", *save)
        assert code == 2 and message in err
