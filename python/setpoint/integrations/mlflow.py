"""A callback that logs a search to MLflow: a run of its own, and one for each candidate."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

import mlflow
from mlflow.entities import Metric, Param
from mlflow.tracking import MlflowClient

from setpoint.estimators.base import SweepEstimator

__all__ = ["MlflowLogger"]

_LONGEST = 500  # characters of a parameter's value: what every MLflow store takes
_PARENT = "mlflow.parentRunId"


class MlflowLogger:
    """Logs a search when it ends; give it to the search by ``search.set_callbacks(...)``.

    The search's run holds the best hyperparameters, the best score, what sharing saved, and the
    refitted model as safetensors, if it is one of ours; each candidate is a nested run with its
    hyperparameters, mean scores and times. It goes to the active run, if there is one.

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

    # scikit-learn's protocol of callbacks.

    def setup(self, estimator: Any, context: Any) -> None:
        """Nothing is opened before the search has ended."""

    def teardown(self, estimator: Any, context: Any) -> None:
        """Nothing is left open."""

    def on_fit_task_begin(self, estimator: Any, context: Any, **data: Any) -> None:
        """Nothing is logged before the search has ended."""

    def on_fit_task_end(self, estimator: Any, context: Any, **data: Any) -> bool:
        """Log the search, when the task that ends is the whole search."""
        if context.parent is None:
            self.log(estimator)
        return False

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
        if self.experiment is not None:
            mlflow.set_experiment(self.experiment)
        active = mlflow.active_run()
        if active is not None:
            return self._log(search, active.info)
        with mlflow.start_run(run_name=self.run_name or type(search).__name__) as run:
            return self._log(search, run.info)

    def _log(self, search: Any, run: Any) -> str:
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
            child = client.create_run(
                run.experiment_id, tags={_PARENT: run.run_id}, run_name=f"candidate {number}"
            )
            scores = {
                name: float(value)
                for name, value in row.items()
                if not name.startswith("param_") and value is not None
            }
            _put(client, child.info.run_id, params, scores)
            failed = trials.scores[number] is None
            client.set_terminated(child.info.run_id, "FAILED" if failed else "FINISHED")
        model = getattr(search, "best_estimator_", None)
        if self.save_model and isinstance(model, SweepEstimator):
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "model.safetensors"
                model.save(path)
                client.log_artifact(run.run_id, str(path))
        return str(run.run_id)


def _put(client: Any, run_id: str, params: Any, metrics: dict[str, float]) -> None:
    now = int(1000 * time.time())
    client.log_batch(
        run_id,
        metrics=[Metric(name, value, now, 0) for name, value in metrics.items()],
        params=[Param(name, str(value)[:_LONGEST]) for name, value in params.items()],
    )
