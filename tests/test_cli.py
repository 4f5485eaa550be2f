"""The command line, called as a function; a few tests run it as a process.

What is tested: output for people and for programs, messages, exit codes. Scores are only compared
with what the library itself gives.
"""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.model_selection import StratifiedKFold

import setpoint
from setpoint.cli import features, main
from setpoint.cli.common import print_json
from setpoint.cli.values import _split
from setpoint.families import FAMILIES

SMALL = ["--param", "n_estimators=5,10", "--param", "max_depth=2,None"]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Run the command in an empty folder; give exit code, standard output and standard error."""
    monkeypatch.chdir(tmp_path)

    def call(*args: str) -> tuple[int, str, str]:
        try:
            code = main(args)
        except SystemExit as stop:
            code = stop.code
        return (code, *capsys.readouterr())

    return call


@pytest.fixture
def people(tmp_path: Path) -> str:
    """A file with numbers, texts, missing cells and a target that depends on both."""
    rng = np.random.default_rng(0)
    path = tmp_path / "people.csv"
    lines = ["id,age,city,bought"]
    for i in range(120):
        age, city = rng.integers(18, 80), rng.choice(["Rome", "Oslo", "Lima"])
        bought = "yes" if (city == "Oslo") or age > 60 else "no"
        shown = "" if i % 17 == 0 else age
        lines.append(f"p{i},{shown},{'' if i % 23 == 0 else city},{bought}")
    path.write_text("\n".join(lines) + "\n")
    return "people.csv"


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
    code, out, _ = run("tune", data, "--model", model, "--cv", "2", "--json", "--no-refit")
    assert code == 0
    task = "classification" if data == "iris" else "regression"
    grid = FAMILIES[model].default_grid(task)
    assert json.loads(out)["n_candidates"] == np.prod([len(values) for values in grid.values()])


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


def test_models_lists_every_declaration(run) -> None:
    code, out, _ = run("models")
    assert code == 0
    described = json.loads(run("models", "--json")[1])
    assert [model["model"] for model in described] == list(FAMILIES)
    for name, family in FAMILIES.items():
        for estimator in (family.classifier, family.regressor):
            assert estimator.__name__ in out
            for declaration in estimator.declarations().values():
                assert declaration.name in out
        assert json.loads(run("models", name, "--json")[1])[0]["model"] == name


@pytest.mark.parametrize("estimator", [f.classifier for f in FAMILIES.values()])
def test_every_illegal_text_is_refused(run, estimator) -> None:
    for declaration in estimator.declarations().values():
        code, out, err = run("fit", "iris", "--param", f"{declaration.name}=@", "--save", "no")
        assert code == 2 and declaration.name in err and not out
        assert not Path("no").exists()


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["tune", "iris", "--param", "n_estimator=5"], "did you mean 'n_estimators'"),
        (["tune", "iris", "--param", "n_estimators"], "write it as NAME=VALUE"),
        (["tune", "iris", "--param", "n_estimators=0"], "n_estimators must be an int >= 1"),
        (["tune", "iris", "--param", "max_depth=2", "--param", "max_depth=3"], "given twice"),
        (["tune", "iris", "--param", "random_state=5"], "set it by --seed"),
        (["tune", "iris", "--model", "forrest"], "did you mean 'forest'"),
        (["tune", "iris", "--scoring", "acuracy"], "did you mean 'accuracy'"),
        (["tune", "iris", "--cv", "1"], "at least 2 folds"),
        (["tune", "iris", "--cv", "many"], "--cv"),
        (["tune", "iris", "--cv", "151"], "only 150 rows"),
        (["tune", "iris", "--time-limit", "-1"], "must be more than 0"),
        (["tune", "iris", "--no-refit", "--save", "m"], "--save needs the refit"),
        (["tune", "iris", "--search", "guess"], "invalid choice"),
        (["tune", "people.csv"], "--target is needed; the columns of people.csv: id, age, city"),
        (["tune", "people.csv", "--target", "age", "--drop", "age"], "would drop the target"),
        (["fit", "iris", "--param", "max_depth=2,3", "--save", "m"], "fit takes one value"),
        (["fit", "iris"], "--save"),
        (["models", "forrest"], "did you mean 'forest'"),
        (["predict", "m", "iris", "--json", "--output", "o"], "choose one"),
        (["fly"], "invalid choice"),
        ([], "required"),
    ],
)
def test_wrong_usage_is_2(run, people: str, args: list[str], message: str) -> None:
    code, out, err = run(*args)
    assert code == 2
    assert message in err and "usage:" in err and not out


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["tune", "none.csv", "--target", "y"], "no file 'none.csv'"),
        (["tune", "people.csv", "--target", "boughtt"], "did you mean 'bought'"),
        (["tune", "people.csv", "--target", "age"], "no value in the target column 'age'"),
        (["tune", "people.csv", "--target", "bought", "--task", "regression"], "needs numbers"),
        (["tune", "people.csv", "--target", "bought", "--drop", "name"], "no column 'name'"),
        (["predict", "none.safetensors", "iris"], "none.safetensors"),
        (["predict", "people.csv", "iris"], "people.csv"),
        (["fit", "iris", "--save", "no/such/folder/m.safetensors"], "no/such/folder"),
        (["tune", "one.csv", "--target", "y"], "target 'y' is the same in all rows"),
    ],
)
def test_failures_are_1(run, people: str, args: list[str], message: str) -> None:
    Path("one.csv").write_text("x,y\n" + "1,5\n2,5\n" * 10)
    code, out, err = run(*args)
    assert code == 1
    assert err.splitlines()[-1].startswith("setpoint: error: ")
    assert message in err and "Traceback" not in err and not out


def test_rows_without_target_can_be_left_out(run, people: str) -> None:
    args = ["fit", people, "--target", "age", "--drop", "id", "--save", "m.safetensors"]
    code, out, err = run(*args, "--drop-unlabelled", "--json")
    assert code == 0
    assert json.loads(out)["rows"] == 120 - 8 and "age' holds" in err


@pytest.mark.parametrize(
    ("target", "task", "expected"),
    [
        (["a", "b"] * 10, "auto", "classification"),
        (["0", "1"] * 10, "auto", "classification"),
        (["0.5", "1"] * 10, "auto", "regression"),
        (["0.5", "1"] * 10, "classification", "classification"),
        ([str(i) for i in range(20)], "auto", "regression"),
        ([str(i % 5) for i in range(20)], "regression", "regression"),
    ],
)
def test_the_task(run, target: list[str], task: str, expected: str) -> None:
    Path("t.csv").write_text("x,y\n" + "".join(f"{i},{y}\n" for i, y in enumerate(target)))
    args = ["fit", "t.csv", "--target", "y", "--task", task, "--json", "--save", "m.safetensors"]
    code, out, err = run(*args)
    assert code == 0, err
    assert json.loads(out)["task"] == expected
    assert ("target 'y' holds" in err) == (task == "auto")


def test_models_without_names_are_refused(run) -> None:
    X, y = load_iris(return_X_y=True)
    setpoint.RandomForestClassifier(n_estimators=2).fit(X, y).save("m.safetensors")
    code, _, err = run("predict", "m.safetensors", "iris")
    assert code == 1 and "columns without names" in err


def test_identifiers_are_pointed_at(run, people: str) -> None:
    _, _, err = run("fit", people, "--target", "bought", "--save", "m.safetensors")
    assert "--drop 'id'" in err


def test_time_limit_gives_the_best_so_far(run) -> None:
    costly = ["--param", "max_features=" + ",".join(map(str, range(1, 65)))]
    limited = ["--time-limit", "3", "--no-refit", "--json"]
    code, out, err = run("tune", "digits", "--param", "n_estimators=200", *costly, *limited)
    assert code == 0, err
    found = json.loads(out)
    assert 0 < found["n_scores"] < 64 * 5
    assert found["best_score"] > 0.5
    assert "setpoint: warning: " in err


def test_version_and_help(run) -> None:
    assert run("--version")[1] == f"setpoint {metadata.version('setpoint')}\n"
    for verb in ("tune", "fit", "predict", "models"):
        code, out, _ = run(verb, "--help")
        assert code == 0 and "examples:" in out


def test_split_leaves_brackets_whole() -> None:
    assert _split("1,2") == ["1", "2"]
    assert _split("[1,0],None") == ["[1,0]", "None"]


def test_json_has_no_nan(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"a": np.array([1.0, np.nan]), "b": float("inf"), "c": np.int64(3), 4: (True, None)})
    found = json.loads(capsys.readouterr().out)
    assert found == {"a": [1.0, None], "b": None, "c": 3, "4": [True, None]}


COMMAND = [sys.executable, "-m", "setpoint"]


def test_broken_pipe_is_quiet() -> None:
    process = subprocess.Popen(
        [*COMMAND, "models"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    process.stdout.close()
    error = process.stderr.read()
    assert (process.wait(), error) == (141, "")
    process.stderr.close()


@pytest.mark.skipif(os.name != "posix", reason="signals as on POSIX")
def test_interrupt_is_130(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    path = tmp_path / "large.csv"
    rows = np.column_stack([rng.normal(size=(20_000, 40)), rng.integers(0, 2, 20_000)])
    header = ",".join(f"c{i}" for i in range(41))
    np.savetxt(path, rows, delimiter=",", fmt="%.6g", header=header, comments="")
    process = subprocess.Popen(
        [*COMMAND, "tune", str(path), "--target", "c40", "--param", "n_estimators=100000"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    # The note on what is learned from comes just before the search.
    for line in process.stderr:
        if "20,000 rows" in line:
            break
    time.sleep(1)
    start = time.perf_counter()
    process.send_signal(signal.SIGINT)
    out, error = process.communicate(timeout=60)
    assert process.returncode == 130 and not out
    assert error == "setpoint: error: interrupted\n"
    assert time.perf_counter() - start < 3
