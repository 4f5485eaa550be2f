"""`setpoint tune --model a,b`: several models in one search, on the real command line."""

import csv
import json

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import setpoint
from setpoint.families import FAMILIES

SMALL = [
    "--model", "forest,svm", "--param", "forest.n_estimators=5,10", "--param", "forest.max_depth=2",
    "--param", "svm.C=0.1,1,10", "--param", "svm.gamma=0.1",
]  # fmt: skip


def test_the_search_is_that_of_the_library(run) -> None:
    code, out, err = run("tune", "iris", *SMALL, "--json", "--seed", "3")
    assert code == 0, err
    found = json.loads(out)
    models = [
        ("forest", setpoint.RandomForestClassifier(random_state=3)),
        ("svm", make_pipeline(StandardScaler(), setpoint.SVC())),
    ]
    space = {
        "forest": {"n_estimators": [5, 10], "max_depth": [2]},
        "svm": {"svc__C": [0.1, 1.0, 10.0], "svc__gamma": [0.1]},
    }
    cv = StratifiedKFold(5, shuffle=True, random_state=3)
    search = setpoint.GridSearchCV(setpoint.OneOf(models), space, cv=cv)
    search.fit(*load_iris(return_X_y=True))
    assert found["best_score"] == search.best_score_
    assert found["model"] == search.best_params_["model"] == "svm"
    assert found["models"] == ["forest", "svm"]
    assert found["estimator"] == "SVC" and found["standardised"] is True
    assert found["best_hyperparameters"]["C"] == search.best_params_["svm__svc__C"]
    assert found["n_fits"] == search.n_fits_ == 5 + 3 * 5
    by_model = [candidate["model"] for candidate in found["candidates"]]
    assert sorted(by_model) == ["forest"] * 2 + ["svm"] * 3
    forest = next(c for c in found["candidates"] if c["model"] == "forest")
    assert set(forest["hyperparameters"]) == {"n_estimators", "max_depth"}


def test_the_summary_names_the_winner_and_the_file_predicts(run) -> None:
    code, out, err = run("tune", "iris", *SMALL, "--save", "m.safetensors")
    assert code == 0, err
    lines = out.splitlines()
    assert lines[0].split() == ["rank", "accuracy", "std", "model", "n_estimators", "C"]
    assert any(line.startswith("model: svm (the others: forest 0.9") for line in lines)
    assert "columns are standardised for svm by the rows that train" in out
    code, out, err = run("predict", "m.safetensors", "iris")
    assert code == 0, err
    data = load_iris()
    predicted = [row["prediction"] for row in csv.DictReader(out.splitlines())]
    assert np.mean(np.array(predicted) == data.target_names[data.target]) > 0.9
    model = setpoint.load("m.safetensors")
    assert [type(step).__name__ for _, step in model.steps] == ["StandardScaler", "SVC"]


def test_columns_of_a_file_go_to_every_model(run, people: str) -> None:
    several = ["--model", "forest,extra_trees", "--param", "forest.n_estimators=5"]
    settings = [*several, "--param", "extra_trees.n_estimators=5", "--cv", "3", "--drop", "id"]
    code, _, err = run("tune", people, "--target", "bought", *settings, "--save", "m.safetensors")
    assert code == 0, err
    code, out, err = run("predict", "m.safetensors", people)
    assert code == 0, err
    assert len(out.splitlines()) == 121


@pytest.mark.parametrize("search", ["grid", "random", "bayes", "halving", "halving-random"])
def test_default_spaces(run, search: str) -> None:
    args = ["--model", "ridge,lasso,linear", "--search", search, "--cv", "2", "--json"]
    draws = ["--n-iter", "9"] if search in ("random", "bayes") else []
    code, out, err = run("tune", "diabetes", *args, *draws)
    assert code == 0, err
    found = json.loads(out)
    models = {candidate["model"] for candidate in found["candidates"]}
    assert models <= {"ridge", "lasso", "linear"} and len(models) > 1
    for candidate in found["candidates"]:
        assert set(candidate["hyperparameters"]) <= set(
            FAMILIES[candidate["model"]].estimator("regression").declarations()
        )
    if search == "grid":
        grids = [FAMILIES[name].default_grid("regression") for name in ("ridge", "lasso", "linear")]
        sizes = [int(np.prod([len(values) for values in grid.values()])) for grid in grids]
        assert found["n_candidates"] == sum(sizes)


def test_values_for_one_model_leave_the_others_their_own(run) -> None:
    given = ["--model", "ridge,lasso", "--param", "lasso.alpha=0.5"]
    code, out, err = run("tune", "diabetes", *given, "--cv", "2", "--json")
    assert code == 0, err
    candidates = json.loads(out)["candidates"]
    lasso = [c["hyperparameters"] for c in candidates if c["model"] == "lasso"]
    grid = FAMILIES["ridge"].default_grid("regression")
    assert lasso == [{"alpha": 0.5}]
    assert len(candidates) == 1 + np.prod([len(values) for values in grid.values()])
    drawn = run("tune", "diabetes", *given, "--search", "random", "--n-iter", "12", "--json")[1]
    candidates = json.loads(drawn)["candidates"]
    lasso = [c["hyperparameters"] for c in candidates if c["model"] == "lasso"]
    assert lasso == [{"alpha": 0.5}] and len(candidates) == 12


@pytest.mark.parametrize(("args", "message"), [
    (["--model", "forest,forest"], "--model forest,forest: forest is given twice"),
    (["--model", "forest,svn"], "no model 'svn'"),
    (["--model", "forest,"], "no model ''"),
    (["--model", "forest,linear"], "linear is not for classification"),
    (["--model", "forest,svm", "--param", "C=1"],
     "--param C: of several models, write MODEL.NAME, such as forest.C"),
    (["--model", "forest,svm", "--param", "logistic.C=1"], "'logistic' is not in --model"),
    (["--model", "forest,svm", "--param", "svm.max_depth=1"], "no hyperparameter 'max_depth'"),
    (["--model", "forest,svm", "--param", "svm.C"], "--param C: write it as NAME=VALUE"),
    (["--model", "forest,svm", "--param", "svm.C=1", "--param", "svm.C=2"], "given twice"),
    (["--model", "svm", "--param", "svm.C=1"], "no hyperparameter 'svm.C'"),
    (["--race", "--cv", "3"], "--race: race drops no candidate before min_folds=3"),
    (["--race", "--search", "halving"], "--race: --search halving drops candidates by its own"),
    (["--stop-under-noise"], "--stop-under-noise: only --search bayes"),
])  # fmt: skip
def test_wrong_usage(run, args: list[str], message: str) -> None:
    code, out, err = run("tune", "iris", *args)
    assert code == 2 and not out
    assert message in err


def test_fit_takes_one_model(run) -> None:
    code, _, err = run("fit", "iris", "--model", "forest,svm", "--save", "m.safetensors")
    assert code == 2 and "fit takes one; `setpoint tune` compares several" in err


def test_text_columns_are_refused_for_models_of_numbers(run, people: str) -> None:
    code, _, err = run("tune", people, "--target", "bought", "--model", "forest,svm")
    assert code == 2 and "SVC reads numbers only" in err


def test_a_race_says_what_it_dropped(run) -> None:
    grid = ["--param", "svm.gamma=1e-6,0.1,100", "--param", "svm.C=1", "--param", "ridge.alpha=1,2"]
    args = ["tune", "diabetes", "--model", "ridge,svm", *grid, "--cv", "8", "--race"]
    code, out, err = run(*args)
    assert code == 0, err
    assert "dropped by the race" in out
    found = json.loads(run(*args, "--json")[1])
    assert found["n_dropped"] == sum(c["mean_score"] is None for c in found["candidates"]) > 0
    assert found["n_fits"] < 8 * 4
    assert found["best_score"] is not None


def test_a_report_of_several_models(run, tmp_path) -> None:
    pytest.importorskip("plotly")
    code, _, err = run("tune", "iris", *SMALL, "--report", "report.html")
    assert code == 0, err
    assert "svm" in (tmp_path / "report.html").read_text(encoding="utf-8")
