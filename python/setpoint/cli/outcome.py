"""What a search found, as a table for people and as JSON for programs."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from typing import Any

import numpy as np

from setpoint.cli.common import print_json
from setpoint.cli.problem import Problem
from setpoint.cli.scaling import NOTE, estimator_of, prefixed, standardises
from setpoint.cli.values import show, show_all
from setpoint.tables import Table


@dataclass(frozen=True)
class Outcome:
    """A fitted search, what it was of, and how long it took in seconds."""

    args: argparse.Namespace
    problem: Problem
    search: Any
    seconds: float

    def print(self) -> None:
        """Write it to standard output in the form that was asked for."""
        if self.args.json:
            print_json(self.as_json())
        else:
            print(self.as_text())

    @property
    def scoring(self) -> str:
        """The metric's name."""
        default = "accuracy" if self.problem.task == "classification" else "r2"
        return self.args.scoring or default

    @property
    def candidates(self) -> list[dict[str, Any]]:
        """Candidates from best to worst; those without a score (time limit) come last."""
        results = self.search.cv_results_
        model = self.search.estimator
        declared = {n: prefixed(model, n) for n in type(estimator_of(model)).declarations()}
        order = np.argsort(results["rank_test_score"], kind="stable")
        folds = [results[f"split{i}_test_score"] for i in range(self.search.n_splits_)]
        return [
            {
                "rank": int(results["rank_test_score"][i]),
                "mean_score": float(results["mean_test_score"][i]),
                "std_score": float(results["std_test_score"][i]),
                "fold_scores": [float(fold[i]) for fold in folds],
                "hyperparameters": {n: params[key] for n, key in declared.items() if key in params},
            }
            for i, params in ((i, results["params"][i]) for i in order)
        ]

    @property
    def n_scores(self) -> int:
        """How many candidate x fold scores there are."""
        return int(sum(np.isfinite(c["fold_scores"]).sum() for c in self.candidates))

    def as_json(self) -> dict[str, Any]:
        """Return everything, for a program."""
        search, best = self.search, self.candidates[0]
        return {
            "data": self.problem.name,
            "rows": self.problem.features.n_rows,
            "columns": len(self.problem.features.columns),
            "target": self.problem.target,
            "task": self.problem.task,
            "model": self.args.model,
            "estimator": type(estimator_of(search.estimator)).__name__,
            "standardised": standardises(self.args),
            "search": self.args.search,
            "scoring": self.scoring,
            "seed": self.args.seed,
            "best_score": best["mean_score"],
            "best_std": best["std_score"],
            "best_hyperparameters": best["hyperparameters"],
            "n_candidates": search.n_candidates_,
            "n_folds": search.n_splits_,
            "n_scores": self.n_scores,
            "n_fits": search.n_fits_,
            "seconds": self.seconds,
            "refit_seconds": getattr(search, "refit_time_", None),
            "saved": self.args.save,
            "report": self.args.report,
            "candidates": self.candidates,
        }

    def as_text(self) -> str:
        """Return the best candidates and a summary, for people."""
        best = self.candidates[0]
        lines = [
            self._table(),
            "",
            f"best {self.scoring}: {best['mean_score']:.4f} ± {best['std_score']:.4f}"
            f" (mean and spread over {self.search.n_splits_} folds)",
            f"hyperparameters: {show_all(best['hyperparameters'])}",
            self._effort(),
        ]
        if standardises(self.args):
            lines.append(NOTE)
        if self.args.save:
            lines.append(f"saved: {self.args.save}")
        if self.args.report:
            lines.append(f"report: {self.args.report}")
        return "\n".join(lines)

    def _table(self) -> str:
        candidates = self.candidates
        top = candidates[: self.args.top]
        names = _varying([c["hyperparameters"] for c in candidates])
        rows = [
            [
                str(c["rank"]),
                f"{c['mean_score']:.4f}",
                f"{c['std_score']:.4f}",
                *(show(c["hyperparameters"].get(name, "")) for name in names),
            ]
            for c in top
        ]
        text = str(Table(["rank", self.scoring, "std", *names], rows, fold=(3, "hyperparameters")))
        left = len(candidates) - len(top)
        return text + (f"\n… and {left} more (--top, or --json for all)" if left else "")

    def _effort(self) -> str:
        search, n_scores = self.search, self.n_scores
        refit = getattr(search, "refit_time_", None)
        text = (
            f"{_count(search.n_candidates_, 'candidate')} × {search.n_splits_} folds:"
            f" {n_scores:,} scores from {_count(search.n_fits_, 'fitted model')}"
            f" in {self.seconds:.2f} s"
        )
        return text + (f", {refit:.2f} s of it to refit the best on all rows" if refit else "")


def _count(n: int, what: str) -> str:
    return f"{n:,} {what}{'s' * (n != 1)}"


def _varying(candidates: list[dict[str, Any]]) -> list[str]:
    """Return the hyperparameters that do not have one value in all candidates."""
    names = dict.fromkeys(name for params in candidates for name in params)
    return [n for n in names if len({repr(params.get(n)) for params in candidates}) > 1]
