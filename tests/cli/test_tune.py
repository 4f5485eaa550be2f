"""`setpoint tune`: its table, its JSON, and that both are what the library gives."""

import json

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.model_selection import StratifiedKFold

import setpoint
from setpoint.families import FAMILIES
from setpoint.tuning import TUNERS

SMALL = ["--param", "n_estimators=5,10", "--param", "max_depth=2,None"]


def test_tune_prints_a_table_and_what_sharing_saved(run) -> None:
    code, out, err = run("tune", "iris", *SMALL)
    assert code == 0
    lines = out.splitlines()
    assert lines[0].split() == ["rank", "accuracy", "std", "n_estimators", "max_depth"]
    assert sum(line.split()[:1] in (["1"], ["2"], ["3"], ["4"]) for line in lines[2:6]) == 4
    assert "4 candidates × 5 folds: 20 scores from 5 fitted models" in out
    assert "150 rows × 4 columns" in err


def test_tune_json_is_what_the_library_gives(run) -> None:
    code, out, _ = run("tune", "iris", *SMALL, "--json", "--seed", "3")
    assert code == 0
    found = json.loads(out)
    X, y = load_iris(return_X_y=True)
    search = setpoint.GridSearchCV(
        setpoint.RandomForestClassifier(random_state=3),
        {"n_estimators": [5, 10], "max_depth": [2, None]},
        cv=StratifiedKFold(5, shuffle=True, random_state=3),
    ).fit(X, y)
    assert found["best_score"] == search.best_score_
    assert found["best_hyperparameters"] == search.best_params_
    assert found["n_fits"] == search.n_fits_ and found["n_candidates"] == 4
    assert len(found["candidates"]) == 4
    assert all(len(c["fold_scores"]) == 5 for c in found["candidates"])


@pytest.mark.parametrize("model", list(FAMILIES))
@pytest.mark.parametrize("data", ["iris", "diabetes"])
def test_default_grid_of_every_family(run, model: str, data: str) -> None:
    task = "classification" if data == "iris" else "regression"
    code, out, err = run("tune", data, "--model", model, "--cv", "2", "--json", "--no-refit")
    if task not in FAMILIES[model].estimators:
        assert code == 2 and f"{model} is not for {task}" in err
        return
    assert code == 0
    grid = FAMILIES[model].default_grid(task)
    assert json.loads(out)["n_candidates"] == np.prod([len(values) for values in grid.values()])


def test_a_journal_is_gone_on_with_and_that_of_another_search_refused(run, tmp_path) -> None:
    command = ["tune", "iris", *SMALL, "--json", "--journal", str(tmp_path / "search.db")]
    first, again = (json.loads(run(*command)[1]) for _ in range(2))
    assert first["candidates"] == again["candidates"]
    code, _, err = run(*command, "--seed", "7")
    assert code == 2
    assert "--journal" in err and "is the journal of another search" in err


def test_time_limit_gives_the_best_so_far(run) -> None:
    costly = ["--param", "max_features=" + ",".join(map(str, range(1, 65)))]
    limited = ["--time-limit", "3", "--no-refit", "--json"]
    code, out, err = run("tune", "digits", "--param", "n_estimators=200", *costly, *limited)
    assert code == 0, err
    found = json.loads(out)
    assert 0 < found["n_scores"] < 64 * 5
    assert found["best_score"] > 0.5
    assert "setpoint: warning: " in err


def test_random_search_is_seeded_and_takes_the_declared_ranges(run) -> None:
    command = ("tune", "iris", "--search", "random", "--n-iter", "4", "--cv", "2", "--json")
    outs = [run(*command, "--no-refit", "--seed", seed)[1] for seed in ("1", "1", "2")]
    found = [json.loads(out) for out in outs]
    assert found[0]["candidates"] != found[2]["candidates"]
    assert found[0]["best_score"] == found[1]["best_score"]
    assert found[0]["best_hyperparameters"] == found[1]["best_hyperparameters"]
    assert found[0]["n_candidates"] == 4
    declared = FAMILIES["forest"].estimator("classification").declarations()
    searched = {name for name, item in declared.items() if item.search is not None}
    assert set(found[0]["best_hyperparameters"]) == searched


@pytest.mark.parametrize("search", list(TUNERS))
def test_the_best_that_is_shown_is_the_one_that_is_saved(run, search: str) -> None:
    values = ["--param", "max_depth=1,2,3,4", "--param", "max_features=1,2,4"]
    command = ("tune", "iris", "--search", search, *values, "--cv", "3", "--seed", "7")
    code, out, _ = run(*command, "--json", "--save", "best.safetensors")
    found = json.loads(out)
    saved = setpoint.load("best.safetensors").hyperparameters
    best = found["best_hyperparameters"]
    assert code == 0
    assert best and best == {name: saved[name] for name in best}
    assert found["candidates"][0]["hyperparameters"] == best
    code, out, _ = run(*command, "--no-refit")
    assert code == 0
    assert setpoint.cli.values.show_all(best) in out
    assert f"{found['n_candidates']} candidates" in out


def test_rounds_of_a_halving_are_told_apart(run) -> None:
    values = ["--param", "max_depth=1,2,3,4", "--param", "max_features=1,2,4"]
    command = ("tune", "iris", "--search", "halving", *values, "--no-refit")
    code, out, _ = run(*command)
    assert code == 0
    assert out.split()[:4] == ["rank", "accuracy", "std", "n_samples"]
    assert "12 candidates in 2 rounds × 5 folds: 80 scores" in out
    shown = json.loads(run(*command, "--json")[1])["candidates"]
    assert [c["n_resources"] for c in shown] == [90] * 4 + [30] * 12
    assert [c["rank"] for c in shown][:5:4] == [1, 5]


@pytest.mark.parametrize("search", ["random", "halving-random", "bayes"])
def test_n_iter_is_how_many_are_drawn(run, search: str) -> None:
    values = ["--param", "max_features=" + ",".join(map(str, range(1, 31)))]
    command = ("tune", "breast_cancer", "--search", search, "--n-iter", "4", *values)
    code, out, err = run(*command, "--cv", "2", "--no-refit", "--json")
    assert code == 0, err
    assert json.loads(out)["n_candidates"] == 4


def test_flags_of_other_searches(run) -> None:
    code, _, err = run("tune", "iris", "--n-iter", "4")
    assert code == 2
    assert "--n-iter: --search grid does not draw candidates" in err
    code, _, err = run("tune", "iris", "--search", "random", "--n-iter", "0")
    assert code == 2
    assert "must be a whole number above 0" in err


def test_a_report_is_written(run, tmp_path) -> None:
    pytest.importorskip("plotly")
    code, out, _ = run("tune", "iris", *SMALL, "--report", "iris.html")
    assert code == 0
    assert "report: iris.html" in out
    text = (tmp_path / "iris.html").read_text("utf-8")
    assert "150 rows" in text and 'id="chart-training"' in text
    code, _, err = run("tune", "iris", *SMALL, "--report", "no/such/folder.html")
    assert code == 1 and "no folder" in err
