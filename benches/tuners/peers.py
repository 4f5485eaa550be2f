"""Each tuner as two functions: one that asks for a setting, one that tells its value.

All get the same space: ranges as ranges, lists of more than two numbers as whole numbers (their
places), other lists as categories. Conditions are stated where a tuner knows them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.util import find_spec
from typing import Any

import numpy as np

from setpoint import Choice, Integer, Real, Space, Tuner
from setpoint.tuning.space import draw
from tuners.problems import Problem

Ask = Callable[[], dict[str, Any]]
Tell = Callable[[dict[str, Any], float], None]
Make = Callable[[Problem, int, int], tuple[Ask, Tell]]
"""Of the problem, a seed and the number of trials."""


def setpoint(problem: Problem, seed: int, n: int) -> tuple[Ask, Tell]:
    """The Gaussian process of this library."""
    tuner = Tuner(Space(problem.dimensions, when=problem.when), random_state=seed)
    return tuner.ask, tuner.tell


def random(problem: Problem, seed: int, n: int) -> tuple[Ask, Tell]:
    """Different draws."""
    space = Space(problem.dimensions, when=problem.when)
    drawn = iter(draw(space, n, np.random.default_rng(seed)))
    return lambda: next(drawn), lambda params, value: None


def optuna_tpe(problem: Problem, seed: int, n: int) -> tuple[Ask, Tell]:
    """Optuna's default."""
    import optuna

    return _optuna(optuna, optuna.samplers.TPESampler(seed=seed), problem)


def optuna_gp(problem: Problem, seed: int, n: int) -> tuple[Ask, Tell]:
    """Optuna's Gaussian process; it needs torch."""
    import optuna
    import torch

    torch.set_num_threads(1)
    return _optuna(optuna, optuna.samplers.GPSampler(seed=seed), problem)


def rustuna_tpe(problem: Problem, seed: int, n: int) -> tuple[Ask, Tell]:
    """Optuna's default, rewritten in Rust."""
    import rustuna

    return _optuna(rustuna, rustuna.samplers.TPESampler(seed=seed), problem)


def _optuna(library: Any, sampler: Any, problem: Problem) -> tuple[Ask, Tell]:
    if hasattr(library, "logging"):
        library.logging.set_verbosity(library.logging.ERROR)
    study = library.create_study(sampler=sampler)
    waiting: list[Any] = []

    def ask() -> dict[str, Any]:
        waiting.append(study.ask())
        params: dict[str, Any] = {}
        for name, dimension in problem.dimensions.items():
            if _applies(problem.when.get(name, {}), params):
                params[name] = suggested(waiting[-1], name, dimension)
        return params

    return ask, lambda params, value: study.tell(waiting.pop().number, value)


def _applies(conditions: Mapping[str, Any], params: Mapping[str, Any]) -> bool:
    return all(
        params.get(parent) in (allowed if isinstance(allowed, list) else [allowed])
        for parent, allowed in conditions.items()
    )


def suggested(trial: Any, name: str, dimension: Any) -> Any:
    if isinstance(dimension, Integer):
        return trial.suggest_int(name, dimension.low, dimension.high, log=dimension.log)
    if isinstance(dimension, Real):
        return trial.suggest_float(name, dimension.low, dimension.high, log=dimension.log)
    if isinstance(dimension, Choice):
        return trial.suggest_categorical(name, list(dimension.names))
    if _has_order(dimension):
        return sorted(dimension)[trial.suggest_int(name, 0, len(dimension) - 1)]
    return trial.suggest_categorical(name, dimension)


def skopt_gp(problem: Problem, seed: int, n: int) -> tuple[Ask, Tell]:
    """scikit-optimize's default. It knows no conditions: what does not apply has no effect."""
    import skopt

    dimensions = problem.dimensions

    def made(dimension: Any) -> Any:
        if isinstance(dimension, Integer | Real):
            kind = getattr(skopt.space, type(dimension).__name__)
            prior = "log-uniform" if dimension.log else "uniform"
            return kind(dimension.low, dimension.high, prior=prior)
        if isinstance(dimension, list) and _has_order(dimension):
            return skopt.space.Integer(0, len(dimension) - 1)
        values = dimension.names if isinstance(dimension, Choice) else dimension
        return skopt.space.Categorical(list(values))

    optimizer = skopt.Optimizer([made(d) for d in dimensions.values()], random_state=seed)
    points: list[Any] = []

    def ask() -> dict[str, Any]:
        points.append(optimizer.ask())
        pairs = zip(dimensions.items(), points[-1], strict=True)
        return {
            name: sorted(d)[value] if isinstance(d, list) and _has_order(d) else value
            for (name, d), value in pairs
        }

    return ask, lambda params, value: optimizer.tell(points.pop(), value)


def _has_order(values: list[Any]) -> bool:
    plain = all(isinstance(v, int | float) and not isinstance(v, bool) for v in values)
    return plain and len(values) > 2


TUNERS: dict[str, tuple[tuple[str, ...], Make]] = {
    "setpoint": ((), setpoint),
    "random": ((), random),
    "Optuna TPE": (("optuna",), optuna_tpe),
    "Rustuna TPE": (("rustuna",), rustuna_tpe),
    "Optuna GP": (("optuna", "torch"), optuna_gp),
    "scikit-optimize GP": (("skopt",), skopt_gp),
}
"""By name, with the modules that each needs."""


def installed() -> dict[str, Make]:
    """Those whose modules are here."""
    return {
        name: make for name, (needs, make) in TUNERS.items() if all(find_spec(n) for n in needs)
    }
