"""Growing the trees of one forest: all at once, on top of earlier ones, or until enough.

Calls the core's `fit`. The declarations are in ``forest_hyperparameters``, the meaning of
out-of-bag sums in ``oob``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from setpoint import _core
from setpoint.estimators.base import SweepData
from setpoint.progress import progress_bar

__all__ = ["DrawnRows", "Growth", "OutOfBag", "Run", "Span", "grow", "grow_until_no_better"]


@dataclass(frozen=True, slots=True)
class OutOfBag:
    """Sums of predictions over the trees that have not seen a row.

    Attributes
    ----------
    total : ndarray of shape (n_samples, n_values)
        Sum of the trees' predictions.
    count : ndarray of shape (n_samples,)
        How many trees that are.
    """

    total: NDArray[np.float64]
    count: NDArray[np.uint32]

    def __add__(self, other: OutOfBag) -> OutOfBag:
        return OutOfBag(self.total + other.total, self.count + other.count)


@dataclass(frozen=True, slots=True)
class Span:
    """Trees `first`, ..., `last` - 1 of a forest, and what they were grown from.

    Attributes
    ----------
    candidate : dict
        The core's hyperparameters.
    n_samples : int
        Rows of the training set.
    sample_weight : ndarray of shape (n_samples,) or None
        Their weights.
    y : ndarray of shape (n_samples, n_outputs) or None
        Class codes, kept only where class weights take part in the drawing of rows.
    weighted : bool
        Whether weights took part; a saved model does not hold them.
    """

    first: int
    last: int
    candidate: Mapping[str, Any]
    n_samples: int
    n_classes: list[int]
    sample_weight: NDArray[np.float64] | None
    y: NDArray[np.float64] | None
    weighted: bool

    @classmethod
    def of(cls, data: SweepData, candidate: Mapping[str, Any], first: int, last: int) -> Span:
        """The span of trees grown from `data`."""
        y, weight = data.y if candidate["class_weight"] is not None else None, data.sample_weight
        weighted = y is not None or weight is not None
        return cls(first, last, candidate, len(data.X), data.n_classes, weight, y, weighted)

    def to_header(self) -> dict[str, Any]:
        """What a saved model says of the span."""
        fields = ("first", "last", "candidate", "n_samples", "weighted")
        return {name: getattr(self, name) for name in fields}

    @classmethod
    def from_header(cls, header: Mapping[str, Any], n_classes: list[int]) -> Span:
        """The reverse; `ValueError` if it makes no sense."""
        span = cls(**header, n_classes=n_classes, sample_weight=None, y=None)
        numbers = (span.first, span.last, span.n_samples, span.candidate["random_state"])
        flags = (span.weighted, span.candidate["bootstrap"])
        if not (
            all(type(number) is int for number in numbers)
            and all(isinstance(flag, bool) for flag in flags)
            and 0 <= span.first < span.last
            and 0 < span.n_samples < 2**32
        ):
            raise ValueError("what the header says of the growth of trees makes no sense")
        return span

    def drawn(self, tree: int) -> NDArray[np.uint32]:
        """How often each row was drawn for a tree, shape (n_samples,)."""
        if not self.candidate["bootstrap"]:
            return np.ones(self.n_samples, dtype=np.uint32)
        if self.weighted and self.y is None and self.sample_weight is None:
            raise AttributeError(
                "which rows were drawn is not known of a model that was trained with weights and "
                "loaded from a file: fit it again to have it"
            )
        # Which rows are drawn depends on their number and weights: not on what they hold.
        n_outputs = max(1, len(self.n_classes))
        y = np.zeros((self.n_samples, n_outputs)) if self.y is None else self.y
        rows = SimpleNamespace(
            X=np.zeros((self.n_samples, 1), dtype=np.float32),
            y=y,
            n_classes=self.n_classes,
            categorical=np.zeros(1, dtype=np.bool_),
            sample_weight=self.sample_weight,
        )
        candidate = dict(self.candidate) | {"monotonic_cst": None, "max_features": None}
        return np.asarray(_core.bootstrap_counts(rows, candidate=candidate, tree=tree))


class DrawnRows(Sequence[NDArray[np.int32]]):
    """The rows that each tree was grown on, ascending, as often as drawn; made when looked at."""

    def __init__(self, spans: tuple[Span, ...]) -> None:
        self._trees = [(span, tree) for span in spans for tree in range(span.first, span.last)]

    def __len__(self) -> int:
        return len(self._trees)

    @overload
    def __getitem__(self, index: int) -> NDArray[np.int32]: ...
    @overload
    def __getitem__(self, index: slice) -> list[NDArray[np.int32]]: ...
    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        span, tree = self._trees[index]
        return np.repeat(np.arange(span.n_samples, dtype=np.int32), span.drawn(tree))

    def __repr__(self) -> str:
        return f"<the rows of {len(self)} trees, made when looked at>"


@dataclass(frozen=True, slots=True)
class Growth:
    """A grown forest.

    Attributes
    ----------
    model : Forest
        The core's trees.
    spans : tuple of Span
        What they were grown from, in order.
    out_of_bag : OutOfBag or None
        Sums over all trees, where asked for.
    """

    model: _core.Forest
    spans: tuple[Span, ...]
    out_of_bag: OutOfBag | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """How to run the core: outside of the model."""

    n_threads: int
    verbose: int
    oob: bool


def grow(
    data: SweepData, candidate: dict[str, object], last: int, run: Run, so_far: Growth | None = None
) -> Growth:
    """Grow trees up to `last`, on top of those there are.

    Parameters
    ----------
    data : SweepData
        The training set.
    candidate : dict
        The core's hyperparameters.
    last : int
        The number of trees to reach.
    run : Run
        Threads, progress, and whether to add up the out-of-bag predictions.
    so_far : Growth or None
        The trees there are.
    """
    first = so_far.model.n_trees if so_far else 0
    with progress_bar(run.verbose, last, "trees", first) as progress:
        out = _core.grow(
            data,
            candidate=candidate | {"n_estimators": last},
            oob=run.oob,
            first_tree=first,
            n_threads=run.n_threads,
            progress=progress,
        )
    total, count = out["oob_prediction"], out["oob_count"]
    new = Growth(
        out["model"],
        (Span.of(data, candidate, first, last),),
        None if total is None or count is None else OutOfBag(total, count),
    )
    return new if so_far is None else _joined(so_far, new)


def _joined(old: Growth, new: Growth) -> Growth:
    both = None
    if old.out_of_bag is not None and new.out_of_bag is not None:
        both = old.out_of_bag + new.out_of_bag
    return Growth(old.model.extend(new.model), old.spans + new.spans, both)


def grow_until_no_better(
    step: Callable[[int, Growth | None], Growth],
    score: Callable[[OutOfBag], float],
    start: Growth | None,
    *,
    most: int,
    patience: int,
    tol: float,
) -> tuple[Growth, list[float]]:
    """Grow `patience` trees at a time until they improve the out-of-bag score by less than `tol`.

    Parameters
    ----------
    step : callable(last, growth) -> Growth
        Grows up to `last` trees.
    score : callable(OutOfBag) -> float
        Larger is better.
    start : Growth or None
        The trees there are.
    most : int
        The number of trees to stop at in any case.

    Returns
    -------
    Growth, list of float
        The forest and the score after each step.
    """
    growth, scores, best = start, [], -np.inf
    done = start.model.n_trees if start else 0
    while growth is None or done < most:
        done = min(done + patience, most)
        growth = step(done, growth)
        assert growth.out_of_bag is not None
        scores.append(score(growth.out_of_bag))
        if not scores[-1] > best + tol and np.isfinite(best):
            break
        best = max(best, scores[-1])
    return growth, scores
