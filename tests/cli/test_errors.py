"""Wrong usage and failures: exit code, message with a remedy, no traceback, nothing written."""

from pathlib import Path

import pytest

from setpoint.families import FAMILIES


@pytest.mark.parametrize(
    ("model", "data", "estimator"),
    [
        (family.name, "iris" if task == "classification" else "diabetes", kind)
        for family in FAMILIES.values()
        for task, kind in family.estimators.items()
    ],
)
def test_every_illegal_text_is_refused(run, model, data, estimator) -> None:
    for declaration in estimator.declarations().values():
        code, out, err = run(
            "fit", data, "--model", model, "--param", f"{declaration.name}=@", "--save", "no"
        )
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
        (["tune", "iris", "--cv", "60"], "no class of 'target' has so many rows"),
        (["tune", "iris", "--top", "0"], "--top: must be a whole number above 0"),
        (["tune", "iris", "--seed", "-1"], "--seed: must be a whole number from 0"),
        (["fit", "iris", "--jobs", "0", "--save", "m"], "--jobs: must be a whole number other"),
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
        (["tune", "names.csv", "--target", "y"], "error: names.csv holds no rows of data"),
        (
            ["tune", "breast_cancer", "--model", "nu_svm", "--param", "nu=0.99"],
            "All the 5 fits failed. ValueError: specified nu is infeasible",
        ),
        (["tune", "iris", "--time-limit", "1e-9"], "time_limit=1e-09 s ended before"),
    ],
)
def test_failures_are_1(run, people: str, args: list[str], message: str) -> None:
    Path("one.csv").write_text("x,y\n" + "1,5\n2,5\n" * 10)
    Path("names.csv").write_text("x,y\n")
    code, out, err = run(*args)
    assert code == 1
    assert err.splitlines()[-1].startswith("setpoint: error: ")
    assert message in err and "Traceback" not in err and not out


def test_a_metric_that_does_not_fit_is_one_warning_and_one_error(run) -> None:
    code, out, err = run("tune", "iris", "--scoring", "roc_auc", "--param", "max_depth=2")
    assert (code, out) == (1, "")
    warning, *_, error = [
        line for line in err.splitlines() if "warning: " in line or "error: " in line
    ]
    assert "multi_class" in warning and "Traceback" not in err
    assert "no candidate has a score" in error
    assert err.count("multi_class") == 1
