"""`minimize`, `maximize` and `Tuner`: the same search for any function of the user's."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from os import PathLike
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from sklearn.utils import check_random_state

from setpoint.tuning.bayesian import bayesian
from setpoint.tuning.proposer import Proposer
from setpoint.tuning.search import Candidate, Clock, Scores, run
from setpoint.tuning.space import Point, Space

if TYPE_CHECKING:
    from setpoint.report.search_plots import SearchPlots

__all__ = ["Optimum", "Trial", "Tuner", "maximize", "minimize"]

Function = Callable[[dict[str, Any]], float]


@dataclass(frozen=True)
class Trial:
    """One evaluation of the function.

    Attributes
    ----------
    number : int
        Counted from 0.
    params : dict
        What the function was called with.
    value : float
        What it returned; NaN if it failed.
    error : str or None
        What it raised, if it failed.
    seconds : float
        How long it took.
    """

    number: int
    params: dict[str, Any]
    value: float
    error: str | None
    seconds: float


@dataclass(frozen=True)
class Optimum:
    """The outcome of a search.

    Attributes
    ----------
    best_value : float
        The best value.
    best_params : dict
        Where it is.
    trials : list of Trial
        All evaluations, in their order.
    """

    best_value: float
    best_params: dict[str, Any]
    trials: list[Trial] = field(repr=False)

    @property
    def plot(self) -> SearchPlots:
        """Plots of the search: ``found.plot.history()`` and others (`SearchPlots`)."""
        from setpoint.report.record import Record
        from setpoint.report.search_plots import SearchPlots

        return SearchPlots(Record.of_optimum(self))

    def report(self, path: str | PathLike[str]) -> None:
        """Write what was found as one interactive HTML page that needs no network.

        Parameters
        ----------
        path : str or path
            Where to write.

        Raises
        ------
        ImportError
            If plotly is not installed; its script becomes a part of the page.
        """
        from setpoint.report.page.assemble import write
        from setpoint.report.record import Record

        write(path, Record.of_optimum(self))


def minimize(
    function: Function,
    space: Any,
    *,
    n_trials: int = 100,
    time_limit: float | None = None,
    random_state: Any = None,
    start: Mapping[str, Any] | None = None,
) -> Optimum:
    """Find where a function is small, in few evaluations.

    Parameters
    ----------
    function : callable
        Takes a dict of hyperparameters and returns a number. If it raises an exception or returns
        NaN, the trial is recorded as failed and the search goes on.
    space : Space, dict or list of dict
        For each name an `Integer`, `Real` or `Choice`, a list of values or a scipy distribution.
    n_trials : int, default=100
        Evaluations; fewer if the space holds fewer points.
    time_limit : float, default=None
        Seconds after which no evaluation is begun.
    random_state : int, RandomState instance or None, default=None
        Seed of the search.
    start : dict, default=None
        The first point to try; `ValueError` if it is not in the space.

    Returns
    -------
    Optimum
        With ``best_value``, ``best_params`` and ``trials``.

    Raises
    ------
    RuntimeError
        If all evaluations failed; from the exception of the first, if it raised one.

    Examples
    --------
    >>> from setpoint import Choice, Real, minimize
    >>> space = {"x": Real(-5, 5), "shift": Choice(0, 1)}
    >>> def bowl(params):
    ...     return (params["x"] - 2) ** 2 + params["shift"]
    >>> found = minimize(bowl, space, n_trials=30, random_state=0)
    >>> found.best_value < 0.001
    True
    """
    return _optimum(function, space, 1.0, n_trials, time_limit, random_state, start)


def maximize(
    function: Function,
    space: Any,
    *,
    n_trials: int = 100,
    time_limit: float | None = None,
    random_state: Any = None,
    start: Mapping[str, Any] | None = None,
) -> Optimum:
    """Find where a function is large, in few evaluations. Everything else is as in `minimize`."""
    return _optimum(function, space, -1.0, n_trials, time_limit, random_state, start)


def _optimum(
    function: Function,
    space: Any,
    sign: float,
    n_trials: int,
    time_limit: float | None,
    random_state: Any,
    start: Mapping[str, Any] | None,
) -> Optimum:
    if n_trials < 1:
        raise ValueError(f"n_trials must be at least 1, got {n_trials}")
    if time_limit is not None and not time_limit > 0:
        raise ValueError(f"time_limit must be more than 0 seconds, got {time_limit}")
    space = Space.of(space)
    if start is not None:
        space.encode(start)
    recorder = _Recorder(function, sign, Clock(time_limit))
    tuner = bayesian(space, n_trials, _generator(random_state), defaults=start)
    run(tuner, recorder, recorder.clock)
    known = [trial for trial in recorder.trials if math.isfinite(trial.value)]
    if not known:
        first = recorder.trials[0].error if recorder.trials else "there was no time for one"
        raise RuntimeError(
            f"All {len(recorder.trials)} evaluations failed; the first: {first}"
        ) from recorder.first_error
    best = min(known, key=lambda trial: sign * trial.value)
    return Optimum(best.value, best.params, recorder.trials)


class _Recorder:
    """Evaluates batches for the loop and keeps the trials."""

    def __init__(self, function: Function, sign: float, clock: Clock) -> None:
        self._function, self._sign, self.clock = function, sign, clock
        self.trials: list[Trial] = []
        self.first_error: Exception | None = None

    def __call__(self, batch: Sequence[Candidate]) -> Scores:
        scores = np.full((len(batch), 1), math.nan)
        for number, candidate in enumerate(batch):
            if self.clock.is_over():
                break
            scores[number] = -self._sign * self._value(dict(candidate))
        return scores

    def _value(self, params: dict[str, Any]) -> float:
        begin = time.perf_counter()
        value, error = math.nan, None
        try:
            value = float(self._function(dict(params)))
            if not math.isfinite(value):
                error = f"the value is {value}"
        except Exception as raised:
            self.first_error = self.first_error or raised
            error = f"{type(raised).__name__}: {raised}"
        seconds = time.perf_counter() - begin
        self.trials.append(Trial(len(self.trials), params, value, error, seconds))
        return value if error is None else math.nan


class Tuner:
    """A search for loops of the user's own: `ask` for a point, evaluate it, `tell` its value.

    Parameters
    ----------
    space : Space, dict or list of dict
        As in `minimize`.
    direction : {'minimize', 'maximize'}, default='minimize'
        Which values are wanted.
    n_initial_points : int, default=None
        Points spread over the space at first; None: one more than it has dimensions.
    random_state : int, RandomState instance or None, default=None
        Seed of the search.

    Examples
    --------
    >>> from setpoint import Real, Tuner
    >>> tuner = Tuner({"x": Real(-5, 5)}, random_state=0)
    >>> for _ in range(20):
    ...     params = tuner.ask()
    ...     tuner.tell(params, (params["x"] - 2) ** 2)
    >>> tuner.best_value < 0.001
    True
    """

    def __init__(
        self,
        space: Any,
        *,
        direction: Literal["minimize", "maximize"] = "minimize",
        n_initial_points: int | None = None,
        random_state: Any = None,
    ) -> None:
        if direction not in ("minimize", "maximize"):
            raise ValueError(f"direction must be 'minimize' or 'maximize', got {direction!r}")
        self.space = Space.of(space)
        self._sign = 1.0 if direction == "minimize" else -1.0
        n = max(4, len(self.space.columns) + 1) if n_initial_points is None else n_initial_points
        self._proposer = Proposer(self.space, _generator(random_state), n)
        self.best_value = math.nan
        self.best_params: dict[str, Any] | None = None

    def ask(self) -> dict[str, Any]:
        """The next point; several may be asked for before the first is told.

        Raises
        ------
        RuntimeError
            If all points of the space have been proposed.
        """
        points = self._proposer.ask(1)
        if not points:
            raise RuntimeError("all points of the space have been proposed")
        return self.space.decode(points[0])

    def tell(self, params: Mapping[str, Any], value: float) -> None:
        """Say what the value is at a point, asked for or not; NaN: it has none."""
        point: Point = self.space.encode(params)
        value = float(value)
        self._proposer.tell(point, self._sign * value if math.isfinite(value) else math.nan)
        if math.isfinite(value) and not self._sign * value >= self._sign * self.best_value:
            self.best_value, self.best_params = value, dict(params)


def _generator(random_state: Any) -> np.random.Generator:
    seed = check_random_state(random_state).randint(2**32, dtype=np.uint32)
    return np.random.default_rng(seed)
