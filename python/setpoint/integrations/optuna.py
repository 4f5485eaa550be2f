"""`SetpointSampler`: setpoint's Bayesian search as a sampler of Optuna."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.samplers import BaseSampler, RandomSampler
from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, TrialState

from setpoint.hyperparameters import Integer, Real
from setpoint.tuning.proposer import Proposer, enough
from setpoint.tuning.space import Params, Point, Space

__all__ = ["SetpointSampler"]

_MOST_VALUES = 64
"""A hyperparameter with at most so many values is looked at as a condition of others."""

Distributions = Mapping[str, BaseDistribution]
Conditions = dict[str, dict[str, list[Any]]]


class SetpointSampler(BaseSampler):
    """The Gaussian process of `setpoint.minimize`, for studies of Optuna.

    Spaces are learned as trials define them. A hyperparameter that only some trials suggest is
    modelled as conditional where one other hyperparameter tells which (``degree`` only for
    ``kernel="poly"``, ``units_2`` only for ``layers >= 3``). What changes its range between trials,
    or follows no such rule, is drawn at random. Trials that run at the same time count as evaluated
    at their expected value. A pruned trial counts with its last intermediate value, a failed one as
    the worst. Studies have one objective; constraints are not modelled.

    Parameters
    ----------
    seed : int, default=None
        Seed of the search; None: another one each time.
    n_startup_trials : int, default=None
        Trials spread over the space before the model is asked; None: one more than the space has
        dimensions, at least 4. The first one is random, as the space is not known before.

    Examples
    --------
    >>> import optuna
    >>> from setpoint.integrations.optuna import SetpointSampler
    >>> optuna.logging.set_verbosity(optuna.logging.WARNING)
    >>> def bowl(trial):
    ...     return (trial.suggest_float("x", -5, 5) - 2) ** 2
    >>> study = optuna.create_study(sampler=SetpointSampler(seed=0))
    >>> study.optimize(bowl, n_trials=20)
    >>> study.best_value < 0.001
    True
    """

    def __init__(self, *, seed: int | None = None, n_startup_trials: int | None = None) -> None:
        if n_startup_trials is not None and n_startup_trials < 1:
            raise ValueError(f"n_startup_trials must be at least 1, got {n_startup_trials}")
        self._random = np.random.default_rng(seed)
        self._independent = RandomSampler(seed=seed)
        self._n_startup = n_startup_trials
        self._lock = threading.Lock()
        self._model: _Model | None = None

    def __getstate__(self) -> dict[str, Any]:
        """All but the lock, and the model, which the trials give again."""
        return {**self.__dict__, "_lock": None, "_model": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _lock=threading.Lock())

    def reseed_rng(self) -> None:
        """Draw on with another seed: Optuna asks for this where trials run in parallel."""
        self._random = np.random.default_rng()
        self._independent.reseed_rng()

    def infer_relative_search_space(
        self, study: Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """The hyperparameters of all trials, as far as it is known when they apply."""
        _check(study)
        trials = _trials(study, TrialState.COMPLETE, TrialState.PRUNED)
        known = _distributions(trials)
        conditions = _conditions(trials, known)
        return {name: known[name] for name in known if name in conditions}

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """The values of a new trial."""
        if not search_space:
            return {}
        sign = 1.0 if study.direction == StudyDirection.MINIMIZE else -1.0
        finished = _trials(study, TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)
        running = [t for t in _trials(study, TrialState.RUNNING) if t.number != trial.number]
        sampled = [t for t in finished if t.state != TrialState.FAIL]
        conditions = _conditions(sampled, search_space)
        with self._lock:
            model = self._model
            if model is None or not model.is_of(study, search_space, conditions):
                model = self._model = _Model(
                    study, search_space, conditions, self._random, self._n_startup
                )
            for one in finished:
                model.learn(one, sign)
            return model.propose(running)

    def sample_independent(
        self,
        study: Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        """A random value of what no earlier trial has suggested, or not in this way."""
        _check(study)
        return self._independent.sample_independent(study, trial, param_name, param_distribution)


class _Model:
    """A proposer for one space, and the trials that it has learned."""

    def __init__(
        self,
        study: Study,
        distributions: Distributions,
        conditions: Conditions,
        random: np.random.Generator,
        n_startup: int | None,
    ) -> None:
        self._study, self._distributions = study.study_name, dict(distributions)
        self._conditions = conditions
        parents = {name for parents in conditions.values() for name in parents}
        self.space = Space(
            {name: _values(one, name in parents) for name, one in distributions.items()},
            when={name: given for name, given in conditions.items() if given},
        )
        n = n_startup or enough(self.space)
        self._proposer = Proposer(self.space, random, n)
        self._learned: set[int] = set()

    def is_of(self, study: Study, distributions: Distributions, conditions: Conditions) -> bool:
        """Whether this is the model of that study and space."""
        known = self._study, self._distributions, self._conditions
        return known == (study.study_name, dict(distributions), conditions)

    def learn(self, trial: FrozenTrial, sign: float) -> None:
        """Learn a finished trial, once."""
        if trial.number in self._learned:
            return
        self._learned.add(trial.number)
        point = self._point(trial)
        if point is not None:
            self._proposer.tell(point, sign * _value(trial))

    def propose(self, running: Sequence[FrozenTrial]) -> dict[str, Any]:
        """A new point, given those that are being evaluated."""
        self._proposer.wait_for([p for p in map(self._point, running) if p is not None])
        points = self._proposer.ask(1)
        if not points:  # all points of a finite space are evaluated
            return {}
        return {
            name: self._external(name, value)
            for name, value in self.space.decode(points[0]).items()
        }

    def _point(self, trial: FrozenTrial) -> Point | None:
        params: Params = {
            name: self._internal(name, value)
            for name, value in trial.params.items()
            if trial.distributions[name] == self._distributions.get(name)
        }
        try:
            return self.space.encode(params)
        except ValueError:  # it lacks something: it has just begun, or failed early
            return None

    def _internal(self, name: str, value: Any) -> Any:
        distribution = self._distributions[name]
        if isinstance(distribution, CategoricalDistribution):
            return _category(distribution, value)
        return value

    def _external(self, name: str, value: Any) -> Any:
        distribution = self._distributions[name]
        if isinstance(distribution, CategoricalDistribution):
            return distribution.choices[int(value)]
        return value


def _check(study: Study) -> None:
    if len(study.directions) > 1:
        n = len(study.directions)
        raise ValueError(f"SetpointSampler is for one objective; the study has {n} of them")


def _trials(study: Study, *states: TrialState) -> list[FrozenTrial]:
    found: list[FrozenTrial] = study.get_trials(deepcopy=False, states=states)
    return found


def _value(trial: FrozenTrial) -> float:
    if trial.state == TrialState.COMPLETE and trial.value is not None:
        return float(trial.value)
    if trial.state == TrialState.PRUNED and trial.intermediate_values:
        return float(trial.intermediate_values[max(trial.intermediate_values)])
    return math.nan


def _distributions(trials: Sequence[FrozenTrial]) -> dict[str, BaseDistribution]:
    """What all trials that suggest it suggest in the same way, and has more than one value."""
    found: dict[str, BaseDistribution | None] = {}
    for trial in trials:
        for name, distribution in trial.distributions.items():
            if found.setdefault(name, distribution) != distribution:
                found[name] = None
    return {n: one for n, one in found.items() if one is not None and not one.single()}


def _conditions(trials: Sequence[FrozenTrial], known: Distributions) -> Conditions:
    """When each hyperparameter applies: always, or for some values of another.

    Those for which no such rule holds in all trials are left out, and what depends on them.
    """
    found: Conditions = {}
    for name in known:  # in the order of the first suggestions: parents come first
        has = [name in trial.params for trial in trials]
        if all(has):
            found[name] = {}
            continue
        for parent in found:
            allowed = _allowed(trials, has, parent, known[parent])
            if allowed is not None:
                found[name] = {parent: allowed}
                break
    return found


def _allowed(
    trials: Sequence[FrozenTrial], has: Sequence[bool], parent: str, distribution: BaseDistribution
) -> list[Any] | None:
    """The values of the parent for which something applies; None if they do not tell."""
    values = list(_listed(distribution))
    if not values:
        return None
    seen: dict[Any, bool] = {}
    for trial, is_there in zip(trials, has, strict=True):
        if parent not in trial.params:
            if is_there:
                return None
            continue
        value = trial.params[parent]
        if isinstance(distribution, CategoricalDistribution):
            value = _category(distribution, value)
        if seen.setdefault(value, is_there) != is_there:
            return None
    # Of values that were not tried yet nothing is known: what applies is proposed for them.
    return [value for value in values if seen.get(value, True)]


def _listed(distribution: BaseDistribution) -> Iterator[Any]:
    """All values of a distribution that may be a condition, as they stand in the space."""
    if isinstance(distribution, CategoricalDistribution):
        yield from map(str, range(len(distribution.choices)))
    elif isinstance(distribution, IntDistribution):
        values = range(distribution.low, distribution.high + 1, distribution.step)
        yield from values if len(values) <= _MOST_VALUES else ()


def _category(distribution: CategoricalDistribution, value: Any) -> str:
    """A choice by its number: choices may be equal as Python sees it, as 1 and True."""
    return str(int(distribution.to_internal_repr(value)))


def _values(distribution: BaseDistribution, is_condition: bool) -> Any:
    """The values as a space takes them."""
    if isinstance(distribution, CategoricalDistribution) or is_condition:
        return list(_listed(distribution))
    if isinstance(distribution, FloatDistribution):
        return Real(
            distribution.low, distribution.high, log=distribution.log, step=distribution.step
        )
    assert isinstance(distribution, IntDistribution)
    step = None if distribution.log else distribution.step
    return Integer(distribution.low, distribution.high, log=distribution.log, step=step)
