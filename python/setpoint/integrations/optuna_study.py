"""The candidates of a search as an Optuna study, for its plots and its dashboard."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import TrialState, create_trial

if TYPE_CHECKING:
    from setpoint.tuning.trials import Trials

__all__ = ["study_of"]


def study_of(trials: Trials, *, study_name: str | None, storage: Any) -> optuna.Study:
    """Make a study; see `Trials.to_optuna`.

    Parameters
    ----------
    trials : Trials
        The candidates.
    study_name : str or None
        The study's name.
    storage : str, optuna storage or None
        Where to keep it.
    """
    study = optuna.create_study(study_name=study_name, storage=storage, direction="maximize")
    study.set_user_attr("metric", trials.metric)
    params = [{name: _known(value) for name, value in each.items()} for each in trials.params]
    names = dict.fromkeys(name for each in params for name in each)
    ranges = {name: _range([each[name] for each in params if name in each]) for name in names}
    attributes = [name for name in trials.columns if not name.startswith("param_")]
    for row, each, score in zip(trials, params, trials.scores, strict=True):
        study.add_trial(
            create_trial(
                params=each,
                distributions={name: ranges[name] for name in each},
                value=score,
                state=_state(row, score),
                user_attrs={name: row[name] for name in attributes},
            )
        )
    return study


def _state(row: Mapping[str, Any], score: float | None) -> TrialState:
    if row.get("dropped"):  # by a race
        return TrialState.PRUNED
    return TrialState.FAIL if score is None else TrialState.COMPLETE


def _known(value: Any) -> Any:
    """A value that Optuna can hold: a number, a name, None, or a text that says what it is."""
    if hasattr(value, "item") and getattr(value, "ndim", 1) == 0:
        value = value.item()
    return value if value is None or isinstance(value, bool | int | float | str) else repr(value)


def _range(values: list[Any]) -> BaseDistribution:
    numbers = all(isinstance(v, int | float) and not isinstance(v, bool) for v in values)
    if numbers and all(isinstance(value, int) for value in values):
        return IntDistribution(min(values), max(values))
    if numbers:
        return FloatDistribution(float(min(values)), float(max(values)))
    return CategoricalDistribution(list({(type(value), value): value for value in values}.values()))
