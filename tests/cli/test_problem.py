"""What is learned from which rows: the task, the target and its gaps, identifiers."""

import json
from pathlib import Path

import pytest


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


def test_identifiers_are_pointed_at(run, people: str) -> None:
    _, _, err = run("fit", people, "--target", "bought", "--save", "m.safetensors")
    assert "--drop 'id'" in err
