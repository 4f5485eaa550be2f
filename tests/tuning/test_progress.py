"""The progress bar of a search: how much there is, how much is done, the best so far."""

import re

import numpy as np
import pytest
from sklearn.datasets import load_iris

from contracts.cases import every_tuner
from contracts.test_tuners import fitted
from setpoint import RandomForestClassifier
from setpoint.tuning.search import Progress

GRID = {"n_estimators": [5, 10], "max_depth": [1, 2, 3]}


def texts(err: str) -> list[str]:
    return [text for text in re.split(r"[\r\n]", err) if "fit" in text]


@every_tuner
def test_the_bar_ends_full_and_shows_the_best(tuner, capsys):
    X, y = load_iris(return_X_y=True)
    forest = RandomForestClassifier(random_state=0)
    search = fitted(tuner(forest, GRID, cv=3, verbose=1), X, y)
    last = texts(capsys.readouterr().err)[-1]
    n = 3 * len(search.cv_results_["params"])
    assert f"{n}/{n}" in last
    assert f"best {search.best_score_:.4g}" in last


@every_tuner
def test_nothing_is_shown_unless_asked(tuner, capsys):
    X, y = load_iris(return_X_y=True)
    fitted(tuner(RandomForestClassifier(random_state=0), GRID, cv=3), X, y)
    assert capsys.readouterr() == ("", "")


def test_what_is_planned_is_not_counted_twice():
    with Progress(True) as progress:
        progress.plan(30)
        progress.expect(10)
        assert progress._bar.total == 30
        progress.expect(25)
        assert progress._bar.total == 35


@pytest.mark.parametrize(("anew", "expected"), [(False, "best 0.9"), (True, "best 0.5")])
def test_a_new_round_begins_anew(anew, expected):
    with Progress(True) as progress:
        progress.show_best(np.array([[0.8, 1.0], [np.nan, 2.0]]))
        progress.show_best(np.array([[0.4, 0.6]]), anew=anew)
        assert progress._bar.postfix == expected


def test_no_score_is_no_best():
    with Progress(True) as progress:
        progress.show_best(np.array([[np.nan]]))
        assert not progress._bar.postfix
