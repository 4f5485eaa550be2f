"""`RandomizedSearchCV`: candidates drawn from a space. Loop and evaluation are elsewhere."""

from __future__ import annotations

import itertools
import sys
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import joblib
import numpy as np
from sklearn.model_selection import ParameterSampler
from sklearn.model_selection import RandomizedSearchCV as ScikitRandomizedSearchCV
from sklearn.utils import check_random_state

from setpoint.hyperparameters import Domain
from setpoint.tuning import scikit
from setpoint.tuning.crossval import SweepSearchCV
from setpoint.tuning.one_of import by_model
from setpoint.tuning.search import Candidate, Tuner
from setpoint.tuning.space import SAMPLINGS, Dimension, Sampling, Space, draw, space_of

_ATTEMPTS = 1000
"""Draws in a row that bring nothing new, after which nothing new is expected."""


def random(candidates: Sequence[Candidate]) -> Tuner:
    """Propose drawn candidates in one batch, so that those that can share their training do."""
    yield candidates


def proposals(
    estimator: Any, space: Any, n: int, random_state: Any, sampling: Sampling = "random"
) -> list[Candidate]:
    """Draw `n` different candidates, and warn if there are not so many.

    Lists and scipy distributions give the candidates that scikit-learn draws with the same
    `random_state`, without their repetitions.

    Parameters
    ----------
    estimator : object
        Whose default space is searched if `space` is None.
    space : Space, dict, list of dict or None
        Where to search.
    n : int
        How many candidates.
    random_state : int, RandomState or None
        As in scikit-learn.
    sampling : {"random", "sobol", "latin"}
        How draws are spread.
    """
    space = by_model(estimator, space)
    found: list[Candidate]
    if sampling == "random" and _is_scikit_learns(space):
        with warnings.catch_warnings():  # of a space that is too small: there is one for all spaces
            warnings.filterwarnings("ignore", "The total space of parameters")
            found = list(itertools.islice(_different(_sampled(space, n, random_state)), n))
    else:
        seed = check_random_state(random_state).randint(2**32, dtype=np.uint32)
        found = [*draw(space_of(estimator, space), n, np.random.default_rng(seed), sampling)]
    if len(found) < n:
        warnings.warn(
            f"The space holds {len(found)} candidates, fewer than the {n} asked for: all of them "
            "are evaluated.",
            UserWarning,
            stacklevel=2,
        )
    return found


def _is_scikit_learns(space: Any) -> bool:
    if space is None or isinstance(space, Space):
        return False
    parts = [space] if isinstance(space, Mapping) else space
    return not any(
        isinstance(part, Space)
        or any(isinstance(values, Domain | Dimension) for values in part.values())
        for part in parts
    )


def _sampled(space: Any, n: int, random_state: Any) -> Any:
    sampler = ParameterSampler(space, n, random_state=random_state)
    if not sampler._is_all_lists():  # endless: a list of all combinations is drawn from only once
        sampler.n_iter = sys.maxsize
    return sampler


def _different(candidates: Iterable[Candidate]) -> Iterator[Candidate]:
    """The candidates without repetitions, until none but repetitions are to be expected."""
    seen: set[Any] = set()
    in_vain = 0
    for params in candidates:
        key = _key(params)
        in_vain = in_vain + 1 if key in seen else 0
        if in_vain == _ATTEMPTS:
            return
        if key not in seen:
            seen.add(key)
            yield params


def _key(params: Candidate) -> Any:
    try:
        key = tuple((name, type(value), value) for name, value in sorted(params.items()))
        hash(key)
    except TypeError:
        return joblib.hash(params)
    return key


@dataclass(kw_only=True, eq=False, repr=False)
class RandomizedSearchCV(SweepSearchCV, ScikitRandomizedSearchCV):
    """Search candidates that are drawn from a space, by cross-validation.

    It is `sklearn.model_selection.RandomizedSearchCV` in every argument, attribute and error, and
    draws the same candidates, but never one twice. All draws are evaluated together, so those that
    can share their training do: forests that differ in their number of trees cost one forest.

    Parameters
    ----------
    estimator : estimator object
        With a ``score`` method, unless `scoring` is given.
    param_distributions : dict, list of dict or Space, default=None
        For each hyperparameter (``step__name`` in a pipeline) a list of values, a scipy
        distribution, or an `Integer`, `Real` or `Choice`. None: the ranges that the estimator, or
        the last step of a pipeline, declares.
    n_iter : int, default=10
        Number of candidates.
    sampling : {'random', 'sobol', 'latin'}, default='random'
        How draws are spread: independently, as scrambled Sobol points, or as a Latin hypercube.
        The last two cover each hyperparameter, and Sobol points also their combinations, more
        evenly than independent draws.
    random_state : int, RandomState instance or None, default=None
        Seed of the draws.
    {parameters}

    Attributes
    ----------
    {attributes}

    {notes}

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from setpoint import Integer, RandomForestClassifier, RandomizedSearchCV, Real
    >>> X, y = load_iris(return_X_y=True)
    >>> space = {"n_estimators": Integer(5, 50, log=True), "max_features": [1, 2, 3, 4]}
    >>> search = RandomizedSearchCV(RandomForestClassifier(random_state=0), space, random_state=0)
    >>> search.fit(X, y).sharing_
    '50 candidate fits scored from 20 trained models'
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **ScikitRandomizedSearchCV._parameter_constraints,
        **SweepSearchCV._own_constraints,
        "param_distributions": [dict, list, Space, None],
        "sampling": [scikit.StrOptions(set(SAMPLINGS))],
    }

    param_distributions: Any = field(default=None, kw_only=False)
    n_iter: int = 10
    sampling: Sampling = "random"
    random_state: Any = None

    def _deciding(self) -> set[str]:
        return {"n_iter"} if self.sampling == "latin" else set()

    def _tuner(self) -> Tuner:
        return random(
            proposals(
                self.estimator,
                self.param_distributions,
                self.n_iter,
                self._random_state,
                self.sampling,
            )
        )
