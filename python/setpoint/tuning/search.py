"""The loop of every search: propose, evaluate, tell; with a time limit and a progress bar.

A tuner proposes and the loop evaluates. What a candidate is and how it is scored is not known here:
cross-validation is in `crossval.py`, the sweep in `sweep.py`.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

Candidate = Mapping[str, Any]
"""One configuration: the hyperparameters that differ from the estimator's own."""

Scores = NDArray[np.float64]
"""Held-out scores (n_candidates, n_folds) of one batch; larger is better, NaN is none."""

Tuner = Generator[Sequence[Candidate], Scores, None]
"""Yields batches of configurations, is sent their scores, ends when it has no more to propose."""


class Closing(list[Candidate]):
    """The last batch of a tuner, where a longer search has another one."""


class TimeLimitWarning(UserWarning):
    """A search reached its time limit and left candidates out."""


def run(tuner: Tuner, evaluate: Callable[[Sequence[Candidate]], Scores], clock: Clock) -> bool:
    """Evaluate what the tuner proposes until it ends or the time is over; whether it ended."""
    batch = next(tuner, None)
    while batch is not None and not clock.is_over():
        scores = evaluate(batch)
        try:
            batch = tuner.send(scores)
        except StopIteration:
            return True
    tuner.close()
    return batch is None


class Clock:
    """The time that a search has left.

    Wall-clock time is used, not a monotonic clock, because the end is also read by the worker
    processes of a joblib pool.

    Parameters
    ----------
    limit : float or None
        Seconds from now; None is no limit.
    """

    def __init__(self, limit: float | None) -> None:
        self.limit = limit
        self.end = None if limit is None else time.time() + limit

    def left(self) -> float | None:
        """Seconds left, not below zero; None without a limit."""
        return None if self.end is None else max(0.0, self.end - time.time())

    def stop(self) -> None:
        """Let the limit, if there is one, be reached now."""
        if self.end is not None:
            self.end = 0.0

    def is_over(self) -> bool:
        """Whether the limit is reached."""
        return self.left() == 0.0


class Progress:
    """A progress bar over evaluations (candidate x fold) with the best score so far, or nothing.

    Parameters
    ----------
    shown : bool
        Whether there is a bar.
    """

    def __init__(self, shown: bool) -> None:
        self._bar: Any = None
        self._expected, self._best = 0, -math.inf
        if shown:
            from tqdm.auto import tqdm

            self._bar = tqdm(total=0, unit="fit", leave=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.close()

    def plan(self, n: int) -> None:
        """Say that there will be n evaluations in all, so that the time left is known."""
        self._lengthen(n)

    def expect(self, n: int) -> None:
        """Say that n more evaluations begin; they may be among those that were planned."""
        self._expected += n
        self._lengthen(self._expected)

    def _lengthen(self, total: int) -> None:
        if self._bar is not None and total > self._bar.total:
            self._bar.total = total
            self._bar.refresh()

    def show_best(self, scores: Scores, anew: bool = False) -> None:
        """Show the best mean of these scores, or of earlier ones unless they begin anew."""
        if self._bar is None:
            return
        means = scores.mean(axis=1)
        known = means[np.isfinite(means)]
        self._best = max(known.max(initial=-math.inf), -math.inf if anew else self._best)
        if math.isfinite(self._best):
            self._bar.set_postfix_str(f"best {self._best:.4g}")

    def advance(self, n: int) -> None:
        """Count n evaluations as done."""
        if self._bar is not None:
            self._bar.update(n)

    def part(self, n: int) -> Callable[[int, int], None] | None:
        """Give a callback (done, total) that moves the bar by n evaluations in all."""
        if self._bar is None:
            return None
        reached = 0

        def report(done: int, total: int) -> None:
            nonlocal reached
            target = n * done // max(total, 1)
            self.advance(target - reached)
            reached = target

        return report
