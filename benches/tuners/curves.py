"""Runs of a tuner on a problem, kept in ``.benchmarks/tuners`` so that a long comparison can be
made in pieces. What is kept is keyed by the tuner's version, and ours by what its files hold.
"""

from __future__ import annotations

import hashlib
import json
import warnings
from collections.abc import Iterable
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

import setpoint
from tuners.peers import Make
from tuners.problems import Problem

_KEPT = Path(".benchmarks/tuners")
_PACKAGES = {"Optuna": "optuna", "Rustuna": "rustuna", "scikit-optimize": "scikit-optimize"}


def regrets(name: str, make: Make, title: str, problem: Problem, seed: int, n: int) -> Any:
    """The regret after each of n trials, at the setting where the least value was seen."""
    file = _KEPT / f"{name} {_edition(name)}" / title / f"{seed}-{n}.json"
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(_run(make, problem, seed, n)))
    return np.array(json.loads(file.read_text()))


def _run(make: Make, problem: Problem, seed: int, n: int) -> list[float]:
    ask, tell = make(problem, seed, n)
    noise = np.random.default_rng([seed, 1])
    least, regret, found = np.inf, np.inf, []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(n):
            params = ask()
            value = problem.observe(params, noise)
            if value < least:
                least, regret = value, problem.regret(params)
            found.append(regret)
            tell(params, value)
    return found


@cache
def _edition(name: str) -> str:
    if name not in ("setpoint", "random"):
        return version(_PACKAGES[name.rsplit(" ", 1)[0]])
    root = Path(setpoint.__file__).parent
    return _digest([*root.glob("_core*"), *root.glob("tuning/**/*.py")])


def _digest(files: Iterable[Path]) -> str:
    found = hashlib.sha256()
    for file in sorted(files):
        found.update(file.read_bytes())
    return found.hexdigest()[:12]
