"""A callback that logs a search to MLflow: a run of its own, and one for each candidate."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
from mlflow.entities import Metric, Param
from mlflow.tracking import MlflowClient

from setpoint.estimators.base import SweepEstimator

__all__ = ["MlflowLogger"]

_LONGEST = 500  # characters of a parameter's value: what every MLflow store takes
_PARENT = "mlflow.parentRunId"


@dataclass
class _Run:
    """The run of a search.

    `children` are the runs of candidates by their number, with the names of the metrics logged
    there. `owner` says which fit logs to it; `is_ours`: whether the run was opened here.
    """

    run_id: str
    experiment_id: str
    owner: int
    is_ours: bool = True
    is_complete: bool = False
    children: dict[int, tuple[str, set[str]]] = field(default_factory=dict)


class MlflowLogger:
    """Logs a search while it runs; give it to the search by ``search.set_callbacks(...)``.

    The search's run holds the best hyperparameters, the best score, what sharing saved, and the
    refitted model as safetensors, if it is one of ours. Each candidate is a nested run with its
    hyperparameters and scores, logged as soon as these are known: of a grid over setpoint's models,
    which is evaluated as a whole, when it ends, or with ``journal=`` when each pass ends. It goes
    to the active run, if there is one. The searches of ``nested_cv`` are nested runs as well.

    Parameters
    ----------
    experiment : str or None
        The experiment's name; None: the active one.
    run_name : str or None
        The name of the search's run.
    save_model : bool
        Whether to log the refitted model.

    Examples
    --------
    >>> from setpoint.integrations.mlflow import MlflowLogger  # doctest: +SKIP
    >>> search.set_callbacks(MlflowLogger(experiment="digits")).fit(X, y)  # doctest: +SKIP
    """

    def __init__(
        self, experiment: str | None = None, run_name: str | None = None, save_model: bool = True
    ) -> None:
        self.experiment, self.run_name, self.save_model = experiment, run_name, save_model
        self._open: list[_Run] = []  # of searches that run now, those of nested_cv last

    # scikit-learn's protocol of callbacks.

    def setup(self, estimator: Any, context: Any) -> None:
        """Open the run of a search."""
        self._open.append(self._begin(estimator, id(context)))

    def teardown(self, estimator: Any, context: Any) -> None:
        """Close it; it has failed if the search did not come to its end."""
        if self._open and self._open[-1].owner == id(context):
            self._end(self._open.pop())

    def on_fit_task_begin(self, estimator: Any, context: Any, **data: Any) -> None:
        """Nothing is known at the beginning of a fit."""

    def on_fit_task_end(self, estimator: Any, context: Any, **data: Any) -> bool:
        """Log the result of the search, when the task that ends is the whole search."""
        if context.parent is None:
            self._complete(estimator, self._open[-1])
        return False

    # setpoint's own.

    def on_candidate_end(
        self,
        search: Any,
        number: int,
        params: Mapping[str, Any],
        results: Sequence[Mapping[str, Any]],
    ) -> None:
        """Log a candidate whose folds are scored."""
        _log_candidate(self._open[-1], number, params, _scores(results))

    def log(self, search: Any) -> str:
        """Log a fitted search.

        Parameters
        ----------
        search : search
            Fitted.

        Returns
        -------
        str
            The run's id.
        """
        run = self._begin(search, id(search))
        try:
            self._complete(search, run)
        finally:
            self._end(run)
        return run.run_id

    def _begin(self, search: Any, owner: int) -> _Run:
        if self.experiment is not None and not self._open:
            mlflow.set_experiment(self.experiment)
        active = mlflow.active_run()
        if active is not None and not self._open:
            return _Run(active.info.run_id, active.info.experiment_id, owner, is_ours=False)
        name = self.run_name or type(search).__name__
        opened = mlflow.start_run(run_name=name, nested=bool(self._open)).info
        return _Run(opened.run_id, opened.experiment_id, owner)

    def _end(self, run: _Run) -> None:
        if run.is_ours:
            mlflow.end_run("FINISHED" if run.is_complete else "FAILED")

    def _complete(self, search: Any, run: _Run) -> None:
        client, trials = MlflowClient(), search.trials
        best = getattr(search, "best_params_", {})
        metrics = {
            name: float(getattr(search, attribute))
            for name, attribute in (("best_score", "best_score_"), ("n_fits", "n_fits_"))
            if hasattr(search, attribute)
        }
        _put(client, run.run_id, best, metrics | {"n_candidates": float(len(trials))})
        client.set_tag(run.run_id, "sharing", search.sharing_)
        for number, (row, params) in enumerate(zip(trials, trials.params, strict=True)):
            scores = {
                name: float(value)
                for name, value in row.items()
                if not name.startswith("param_") and value is not None
            }
            failed = trials.scores[number] is None
            _log_candidate(run, number, params, scores, "FAILED" if failed else "FINISHED")
        model = getattr(search, "best_estimator_", None)
        if self.save_model and isinstance(model, SweepEstimator):
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "model.safetensors"
                model.save(path)
                client.log_artifact(run.run_id, str(path))
        run.is_complete = True


def _log_candidate(
    run: _Run,
    number: int,
    params: Mapping[str, Any],
    metrics: Mapping[str, float],
    status: str = "",
) -> None:
    """Log what is not yet logged of a candidate; with a status it is all."""
    client = MlflowClient()
    if number not in run.children:
        child = client.create_run(
            run.experiment_id, tags={_PARENT: run.run_id}, run_name=f"candidate {number}"
        )
        run.children[number] = child.info.run_id, set()
        _put(client, child.info.run_id, params, {})
    run_id, logged = run.children[number]
    _put(client, run_id, {}, {name: v for name, v in metrics.items() if name not in logged})
    logged.update(metrics)
    if status:
        client.set_terminated(run_id, status)


def _scores(results: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """The scores of a candidate, named as in ``cv_results_``; those that exist."""
    found: dict[str, float] = {}
    tests = [result["test_scores"] for result in results]
    tests = [test if isinstance(test, Mapping) else {"score": test} for test in tests]
    for metric in tests[0]:
        values = [float(test[metric]) for test in tests]
        found |= {f"split{k}_test_{metric}": value for k, value in enumerate(values)}
        found[f"mean_test_{metric}"] = float(np.average(values))
    return {name: value for name, value in found.items() if np.isfinite(value)}


def _put(client: Any, run_id: str, params: Any, metrics: dict[str, float]) -> None:
    now = int(1000 * time.time())
    client.log_batch(
        run_id,
        metrics=[Metric(name, value, now, 0) for name, value in metrics.items()],
        params=[Param(name, str(value)[:_LONGEST]) for name, value in params.items()],
    )
