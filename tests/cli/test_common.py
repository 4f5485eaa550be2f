"""What the verbs share: help, JSON, splitting of values."""

import json
from importlib import metadata

import numpy as np
import pytest

from setpoint.cli.common import print_json
from setpoint.cli.values import _split


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
