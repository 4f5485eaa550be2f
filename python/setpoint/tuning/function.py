"""`minimize`, `maximize` and `Tuner`: the same search for any function of the user's."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from numbers import Integral
from os import PathLike
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
from sklearn.utils import check_random_state

from setpoint.tuning.bayesian import bayesian
from setpoint.tuning.identity import describe
from setpoint.tuning.journal import Journal, JournalError
from setpoint.tuning.proposer import Proposer, enough
from setpoint.tuning.search import Candidate, Clock, Scores, run
from setpoint.tuning.seeds import draw
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
    journal: str | PathLike[str] | None = None,
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
    journal : str or path-like, default=None
        A file that keeps every trial as soon as it is finished. The same call goes on from it, with
        the same result as if it had never stopped; with more trials, it goes on where it ended.
        The journal of another search is refused.

    Returns
    -------
    Optimum
        With ``best_value``, ``best_params`` and ``trials``.

    Raises
    ------
    RuntimeError
        If all evaluations failed; from the exception of the first, if it raised one.
    JournalError
        If the journal is that of another search.

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
    return _optimum(function, space, 1.0, n_trials, time_limit, random_state, start, journal)


def maximize(
    function: Function,
    space: Any,
    *,
    n_trials: int = 100,
    time_limit: float | None = None,
    random_state: Any = None,
    start: Mapping[str, Any] | None = None,
    journal: str | PathLike[str] | None = None,
) -> Optimum:
    """Find where a function is large, in few evaluations. Everything else is as in `minimize`."""
    return _optimum(function, space, -1.0, n_trials, time_limit, random_state, start, journal)


def _optimum(
    function: Function,
    space: Any,
    sign: float,
    n_trials: int,
    time_limit: float | None,
    random_state: Any,
    start: Mapping[str, Any] | None,
    journal: str | PathLike[str] | None,
) -> Optimum:
    _check_count("n_trials", n_trials)
    if time_limit is not None and not time_limit > 0:
        raise ValueError(f"time_limit must be more than 0 seconds, got {time_limit}")
    space = Space.of(space)
    if start is not None:
        space.encode(start)
    with _opened(journal, function, space, sign, random_state, start) as kept:
        if kept is not None and random_state is None:
            random_state = kept.remember("random_state", draw)
        recorder = _Recorder(function, sign, Clock(time_limit), kept)
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


def _opened(
    path: str | PathLike[str] | None,
    function: Any,
    space: Space,
    sign: float,
    random_state: Any,
    start: Any,
) -> AbstractContextManager[Journal | None]:
    """The journal at this path, if there is one."""
    if path is None:
        return nullcontext()
    told = {"function": function, "space": space, "random_state": random_state, "start": start}
    facts = {name: describe(value) for name, value in told.items()}
    return Journal(path, {"search": "minimize" if sign > 0 else "maximize"} | facts)


class _Recorder:
    """Evaluates batches for the loop and keeps the trials."""

    def __init__(
        self, function: Function, sign: float, clock: Clock, journal: Journal | None
    ) -> None:
        self._function, self._sign, self.clock = function, sign, clock
        self._journal = journal
        self.trials: list[Trial] = []
        self.first_error: Exception | None = None

    def __call__(self, batch: Sequence[Candidate]) -> Scores:
        scores = np.full((len(batch), 1), math.nan)
        known = self._known(batch)
        for number, candidate in enumerate(batch):
            if number in known:
                trial = known[number]
            elif self.clock.is_over():
                break
            else:
                trial = self._trial(dict(candidate))
            self.trials.append(trial)
            scores[number] = -self._sign * trial.value if trial.error is None else math.nan
        return scores

    def _known(self, batch: Sequence[Candidate]) -> dict[int, Trial]:
        """The trials of a batch that the journal has, by their place in it."""
        if self._journal is None:
            return {}
        first = len(self.trials)
        self._journal.propose(first, batch)
        return {
            place: Trial(
                first + place,
                dict(batch[place]),
                result["test_scores"],
                result["fit_error"],
                result["fit_time"],
            )
            for (place, _), result in self._journal.load(first, len(batch))[0].items()
        }

    def _trial(self, params: dict[str, Any]) -> Trial:
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
        trial = Trial(len(self.trials), params, value, error, seconds)
        if self._journal is not None:
            result = {"test_scores": value, "fit_error": error, "fit_time": seconds}
            self._journal.save([(trial.number, 0, result)])
        return trial


class Tuner:
    """A search for loops of the user's own: `ask` for a point, evaluate it, `tell` its value.

    Parameters
    ----------
    space : Space, dict or list of dict
        As in `minimize`.
    direction : {'minimize', 'maximize'}, default='minimize'
        Which values are wanted.
    n_initial_points : int, default=None
        Points spread over the space at first; None: one more than it has dimensions (a range
        joined with other values has two), and at least 4.
    random_state : int, RandomState instance or None, default=None
        Seed of the search.
    journal : str or path-like, default=None
        A file that keeps every call. A tuner made with the same arguments goes on from it: it knows
        what was told, and asks again for points that were asked for and not told. The journal of
        another search is refused with a `JournalError`. It is open until `close`, or the end of
        ``with Tuner(...) as tuner:``.

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
        journal: str | PathLike[str] | None = None,
    ) -> None:
        if direction not in ("minimize", "maximize"):
            raise ValueError(f"direction must be 'minimize' or 'maximize', got {direction!r}")
        if n_initial_points is not None:
            _check_count("n_initial_points", n_initial_points)
        self.space = Space.of(space)
        self._sign = 1.0 if direction == "minimize" else -1.0
        n = n_initial_points or enough(self.space)
        self.best_value = math.nan
        self.best_params: dict[str, Any] | None = None
        self._journal: Journal | None = None
        self._again: list[Point] = []
        if journal is not None:
            told = {"space": self.space, "n_initial_points": n, "random_state": random_state}
            facts = {name: describe(value) for name, value in told.items()}
            self._journal = Journal(journal, {"search": f"Tuner to {direction}"} | facts)
            if random_state is None:
                random_state = self._journal.remember("random_state", draw)
        self._proposer = Proposer(self.space, _generator(random_state), n)
        if self._journal is not None:
            self._replay(self._journal)

    def close(self) -> None:
        """Close the journal, if there is one; no point can be asked for or told after that."""
        if self._journal is not None:
            self._journal.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self.close()

    def _replay(self, journal: Journal) -> None:
        """Make the calls that the journal has; keep the points that were asked for and not told."""
        out: dict[bytes, Point] = {}
        for call, place, value in journal.calls():
            point = np.array(place)
            if call == "tell":
                self._learn(point, value)
                out.pop(point.tobytes(), None)
                continue
            for proposed in self._proposer.ask(1):
                if not np.array_equal(proposed, point, equal_nan=True):
                    raise JournalError(
                        f"the journal has {self.space.decode(point)} where this tuner proposes "
                        f"{self.space.decode(proposed)}"
                    )
            out[point.tobytes()] = point
        self._again = list(out.values())

    def ask(self) -> dict[str, Any]:
        """The next point; several may be asked for before the first is told.

        Raises
        ------
        RuntimeError
            If all points of the space have been proposed.
        """
        if self._again:
            return self.space.decode(self._again.pop(0))
        points = self._proposer.ask(1)
        if not points:
            raise RuntimeError("all points of the space have been proposed")
        if self._journal is not None:
            self._journal.note("ask", points[0].tolist())
        return self.space.decode(points[0])

    def tell(self, params: Mapping[str, Any], value: float) -> None:
        """Say what the value is at a point, asked for or not; NaN: it has none."""
        point: Point = self.space.encode(params)
        value = float(value)
        self._again = [other for other in self._again if other.tobytes() != point.tobytes()]
        if self._journal is not None:
            self._journal.note("tell", point.tolist(), value)
        self._learn(point, value)

    def _learn(self, point: Point, value: float) -> None:
        is_known = math.isfinite(value)
        self._proposer.tell(point, self._sign * value if is_known else math.nan)
        if is_known and not self._sign * value >= self._sign * self.best_value:
            self.best_value, self.best_params = value, self.space.decode(point)


def _check_count(name: str, value: Any) -> None:
    if not isinstance(value, Integral) or value < 1:
        raise ValueError(f"{name} must be a whole number of at least 1, got {value!r}")


def _generator(random_state: Any) -> np.random.Generator:
    seed = check_random_state(random_state).randint(2**32, dtype=np.uint32)
    return np.random.default_rng(seed)
