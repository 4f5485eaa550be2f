"""`BayesSearchCV`: candidates that a surrogate chooses. Loop and evaluation are elsewhere."""

from __future__ import annotations

import math
import numbers
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from sklearn.utils import check_random_state

from setpoint.tuning import scikit
from setpoint.tuning.crossval import SweepSearchCV
from setpoint.tuning.profile import Profile, Slices, profile
from setpoint.tuning.proposer import Proposer, start
from setpoint.tuning.search import Candidate, Closing, Scores, Tuner
from setpoint.tuning.space import Params, Point, Space, space_of

_LEAST_INITIAL = 4


def bayesian(
    space: Space,
    n_iter: int,
    random: np.random.Generator,
    *,
    n_points: int = 1,
    n_initial: int | None = None,
    slices: Slices | None = None,
    defaults: Mapping[str, Any] | None = None,
) -> Tuner:
    """Propose `n_iter` points of a space, in batches, the first ones spread over it.

    Parameters
    ----------
    space : Space
        Where to look.
    n_iter : int
        How many points.
    random : numpy.random.Generator
        The source of all randomness.
    n_points : int
        How many are proposed at a time after the first ones.
    n_initial : int or None
        Points before the surrogate is asked; None: one more than there are dimensions, at least 4.
    slices : Slices or None
        Every point is proposed with all settings of a slice, and is worth as much as the best.
    defaults : dict or None
        Values of the first point, if they lie in the space.
    """
    if n_initial is None:
        n_initial = max(_LEAST_INITIAL, len(space.columns) + 1)
    proposer = Proposer(space, random, min(n_initial, n_iter))
    profiled = _Profiled(slices or Slices())
    left = n_iter - (1 if n_iter > 1 and profiled.slices.lengths else 0)
    first = None if defaults is None else start(space, defaults)
    if first is not None:
        params, point = first
        yield from profiled.evaluate([point], [params], profiled.slices.first, proposer)
        left -= 1
    while left > 0:
        spread = proposer.n_initial_left
        points = proposer.ask(min(left, max(n_points, spread)))
        if not points:
            break
        settings = profiled.slices.first if spread else profiled.slices.next()
        decoded = [space.decode(point) for point in points]
        yield from profiled.evaluate(points, decoded, settings, proposer)
        left -= len(points)
    if n_iter > 1 and profiled.best is not None and profiled.slices.lengths:
        yield Closing({**profiled.best, **length} for length in profiled.slices.lengths)


class _Profiled:
    """Points with their slices: evaluates them, tells the proposer, keeps the best candidate."""

    def __init__(self, slices: Slices) -> None:
        self.slices = slices
        self.best: Params | None = None
        self._most = -math.inf
        self._folds = Folds()

    def evaluate(
        self,
        points: Sequence[Point],
        decoded: Sequence[Params],
        settings: Sequence[Params],
        proposer: Proposer,
    ) -> Tuner:
        """A part of a tuner: one batch."""
        candidates = [{**params, **own} for params in decoded for own in settings]
        scores = yield candidates
        means = scores.mean(axis=1)
        if np.isfinite(means).any() and np.nanmax(means) > self._most:
            self._most, self.best = np.nanmax(means), candidates[int(np.nanargmax(means))]
        self.slices.tell(settings, means.reshape(len(points), -1))
        learned = self._folds.learn(scores, len(settings))
        for point, (worth, variance) in zip(points, learned, strict=True):
            proposer.tell(point, -worth, variance)


class Folds:
    """What the scores on the folds say of a point: its worth, and how sure that is.

    The folds are the same for all points. What makes one fold harder than another for all of them
    says nothing about their order, so the noise is what is left when it is taken out.
    """

    def __init__(self) -> None:
        self._scores: list[Any] = []

    def learn(self, scores: Scores, n_settings: int) -> list[tuple[float, float]]:
        """Worth and variance of each point of a batch, from the scores of all its settings."""
        best = [_best(part) for part in scores.reshape(-1, n_settings, scores.shape[1])]
        self._scores += best
        return [(float(row.mean()), self._variance(row)) for row in best]

    def _variance(self, row: Any) -> float:
        known = [other for other in self._scores if np.isfinite(other).all()]
        if len(row) < 2 or len(known) < 2 or not np.isfinite(row).all():
            return 0.0
        table = np.array(known)
        of_folds = table.mean(axis=0) - table.mean()

        def left(rows: Any) -> Any:
            return rows - rows.mean(axis=-1, keepdims=True) - of_folds

        freedom = len(row) - 1
        own = float((left(row) ** 2).sum() / freedom)
        pooled = float((left(table) ** 2).sum() / freedom / len(table))
        # Few folds say little about a point's own variance: halfway to that of all.
        return (own + pooled) / 2 / len(row)


def _best(part: Scores) -> Any:
    """The folds' scores of the best of several settings."""
    means = part.mean(axis=1)
    if not np.isfinite(means).any():
        return np.full(part.shape[1], math.nan)
    return part[np.nanargmax(means)]


@dataclass(kw_only=True, eq=False, repr=False)
class BayesSearchCV(SweepSearchCV, scikit.BaseSearchCV, without=("n_candidates_",)):
    """Search candidates that a Gaussian process chooses, by cross-validation.

    The name and the main arguments are those of scikit-optimize. After a few points spread over the
    space, each next one is where a model of the scores so far expects the largest improvement.

    Hyperparameters of which a sweep gets many values for about the cost of one training (number of
    trees, depth, pruning) are *profiled*: at each point that is evaluated, a whole slice of them
    is, and the model learns the best of the slice over the others only. The number of trees or
    epochs is held at the estimator's own until the last evaluation tries several at the best point.

    Parameters
    ----------
    estimator : estimator object
        With a ``score`` method, unless `scoring` is given.
    search_spaces : dict, list of dict or Space, default=None
        For each hyperparameter (``step__name`` in a pipeline) an `Integer`, `Real` or `Choice`, a
        list of values, or a scipy distribution. A list of spaces is searched as alternatives.
        None: the ranges that the estimator, or the last step of a pipeline, declares.
    n_iter : int, default=50
        Number of points, the first of them the estimator's own hyperparameters if they lie in the
        space; a slice that is profiled counts as one.
    n_points : int, default=1
        Points that are chosen at a time. More can share their training, one learns faster.
    n_initial_points : int, default=None
        Points spread over the space before the model is asked; None: one more than the space has
        dimensions.
    profile : bool, default=True
        Whether to profile free and cheap hyperparameters.
    random_state : int, RandomState instance or None, default=None
        Seed of the search.
    {parameters}

    Attributes
    ----------
    n_candidates_ : int
        Number of candidates, those of slices among them.
    {attributes}

    {notes}

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from setpoint import BayesSearchCV, RandomForestClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> forest = RandomForestClassifier(random_state=0)
    >>> search = BayesSearchCV(forest, n_iter=8, random_state=0).fit(X, y)
    >>> search.n_candidates_, search.n_fits_
    (121, 40)
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **SweepSearchCV._parameter_constraints,
        "search_spaces": [dict, list, Space, None],
        "n_iter": [scikit.Interval(numbers.Integral, 1, None, closed="left")],
        "n_points": [scikit.Interval(numbers.Integral, 1, None, closed="left")],
        "n_initial_points": [scikit.Interval(numbers.Integral, 1, None, closed="left"), None],
        "profile": ["boolean"],
        "random_state": ["random_state"],
    }

    _goes_on_after_failures = True

    search_spaces: Any = field(default=None, kw_only=False)
    n_iter: int = 50
    n_points: int = 1
    n_initial_points: int | None = None
    profile: bool = True
    random_state: Any = None

    def _tuner(self) -> Tuner:
        space = space_of(self.estimator, self.search_spaces)
        seed = check_random_state(self._random_state).randint(2**32, dtype=np.uint32)
        random = np.random.default_rng(seed)
        view = profile(self.estimator, space, random) if self.profile else Profile(space, Slices())
        if view.space is None:
            return _one_slice(view.slices.first)
        return bayesian(
            view.space,
            self.n_iter,
            random,
            n_points=self.n_points,
            n_initial=self.n_initial_points,
            slices=view.slices,
            defaults=self.estimator.get_params(),
        )


def _one_slice(settings: Sequence[Candidate]) -> Tuner:
    """Nothing is left to choose: a single training serves the whole slice."""
    yield settings
