"""pytest-benchmark over problems x libraries: ``pytest benches``.

Ratios measured in turn in one run: ``compare.py``.

Problems of up to 5,000 training rows by default, so that a run takes a minute; SETPOINT_BENCH=all
takes every problem there is. Each benchmark keeps the held-out score beside its time.
"""

from __future__ import annotations

import os
from dataclasses import replace
from functools import cache

import pytest

from forest.fits import held_out_score
from forest.libraries import LIBRARIES, Library
from forest.problems import Data, Problem, all_problems

pytest.importorskip("pytest_benchmark")

ALL = os.environ.get("SETPOINT_BENCH") == "all"
ROWS = 5_000
ROUNDS = 3


@cache
def _data(problem: Problem) -> Data:
    data = problem.load()
    return data if ALL else replace(data, X_train=data.X_train[:ROWS], y_train=data.y_train[:ROWS])


def _problems() -> list[Problem]:
    problems = all_problems().values()
    return [problem for problem in problems if ALL or problem.section != "real"]


def _skip(library: Library, data: Data) -> None:
    if not library.installed:
        pytest.skip(f"{library.module} is not installed")
    if data.has_missing and not library.takes_missing:
        pytest.skip(f"{library.name} does not take missing values")


@pytest.mark.parametrize("library", LIBRARIES, ids=lambda library: library.name)
@pytest.mark.parametrize("problem", _problems(), ids=lambda problem: problem.name)
@pytest.mark.filterwarnings("ignore")
def test_fit(benchmark, problem, library):
    data = _data(problem)
    _skip(library, data)
    benchmark.group = f"fit {problem.name}"
    model = library.make(problem, 0)
    benchmark.pedantic(
        model.fit, (data.X_train, data.y_train), rounds=ROUNDS, warmup_rounds=1, iterations=1
    )
    benchmark.extra_info["held-out score"] = held_out_score(problem, data, model)


@pytest.mark.parametrize("library", LIBRARIES, ids=lambda library: library.name)
@pytest.mark.parametrize("problem", _problems(), ids=lambda problem: problem.name)
@pytest.mark.filterwarnings("ignore")
def test_predict(benchmark, problem, library):
    data = _data(problem)
    _skip(library, data)
    benchmark.group = f"predict {problem.name}"
    model = library.make(problem, 0)
    model.fit(data.X_train, data.y_train)
    benchmark.pedantic(model.predict, (data.X_test,), rounds=ROUNDS, warmup_rounds=1, iterations=1)
