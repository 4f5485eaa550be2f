"""`GridSearchCV`: every combination of a grid. The loop and the evaluation are elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from sklearn.model_selection import GridSearchCV as ScikitGridSearchCV
from sklearn.model_selection import ParameterGrid

from setpoint.hyperparameters import Domain
from setpoint.tuning.crossval import SweepSearchCV
from setpoint.tuning.one_of import by_model
from setpoint.tuning.search import Candidate, Tuner

Grid = Mapping[str, Sequence[Any]] | Sequence[Mapping[str, Sequence[Any]]]


def grid(combinations: ParameterGrid) -> Tuner:
    """Propose every combination of the grid in one batch, in scikit-learn's order."""
    candidates: list[Candidate] = list(combinations)
    yield candidates


def combinations_of(estimator: Any, param_grid: Grid) -> ParameterGrid:
    """scikit-learn's grid of what an estimator's search is given.

    Raises
    ------
    TypeError
        If a list of values is missing, or a range is given instead.
    """
    grids = by_model(estimator, param_grid)
    for part in [grids] if isinstance(grids, Mapping) else grids:
        for name, values in part.items() if isinstance(part, Mapping) else ():
            if isinstance(values, Domain):
                raise TypeError(
                    f"{name} has a range, {values}, and a grid takes lists of values: search it "
                    "with RandomizedSearchCV or BayesSearchCV"
                )
    return ParameterGrid(grids)


@dataclass(kw_only=True, eq=False, repr=False)
class GridSearchCV(SweepSearchCV, ScikitGridSearchCV):
    """Search every combination of a grid, by cross-validation, for about the cost of training.

    It is `sklearn.model_selection.GridSearchCV` in every argument, attribute and error. For an
    estimator of setpoint, alone or as the last step of a `sklearn.pipeline.Pipeline`, candidates
    are evaluated by sweeps: what they share is computed once, and each candidate's held-out scores
    are those of fitting it alone. Any other estimator is cloned, fitted and scored with joblib.

    Parameters
    ----------
    estimator : estimator object
        With a ``score`` method, unless `scoring` is given.
    param_grid : dict or list of dict
        Lists of values by hyperparameter name (``step__name`` in a pipeline), or several such
        grids, which are searched one after the other.
    {parameters}

    Attributes
    ----------
    {attributes}

    {notes}

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from setpoint import GridSearchCV, RandomForestClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> grid = {"n_estimators": [10, 20, 50], "max_depth": [1, 2, 4, None]}
    >>> search = GridSearchCV(RandomForestClassifier(random_state=0), grid).fit(X, y)
    >>> search.sharing_
    '60 candidate fits scored from 5 trained models'
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **ScikitGridSearchCV._parameter_constraints,
        **SweepSearchCV._own_constraints,
    }

    param_grid: Grid = field(kw_only=False)

    def _tuner(self) -> Tuner:
        return grid(combinations_of(self.estimator, self.param_grid))

    def _n_candidates(self) -> int:
        return len(combinations_of(self.estimator, self.param_grid))
