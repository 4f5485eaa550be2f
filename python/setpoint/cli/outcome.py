"""What a search found, as a table for people and as JSON for programs."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from typing import Any

import numpy as np

from setpoint.cli.common import print_json
from setpoint.cli.contest import Contest
from setpoint.cli.problem import Problem
from setpoint.cli.scaling import note, standardises
from setpoint.cli.values import show, show_all
from setpoint.tables import Table
from setpoint.tuning.trials import ranking


@dataclass(frozen=True)
class Outcome:
    """A fitted search, what it was of, and how long it took in seconds."""

    args: argparse.Namespace
    problem: Problem
    contest: Contest
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
        """Candidates from best to worst; those without a score (time limit, race) come last."""
        results = self.search.cv_results_
        ranks = ranking(results)
        folds = [results[f"split{i}_test_score"] for i in range(self.search.n_splits_)]
        return [
            {
                "rank": ranks[i],
                "mean_score": float(results["mean_test_score"][i]),
                "std_score": float(results["std_test_score"][i]),
                "fold_scores": [float(fold[i]) for fold in folds],
                **({"n_resources": int(results["n_resources"][i])} if self.in_rounds else {}),
                "model": name,
                "hyperparameters": own,
            }
            for i, (name, own) in ((i, self.contest.own(results["params"][i])) for i in ranks)
        ]

    @property
    def in_rounds(self) -> bool:
        """Whether the search is a successive halving."""
        return "n_resources" in self.search.cv_results_

    @property
    def n_candidates(self) -> int:
        """How many candidates there were; of a successive halving, in the first round."""
        n = self.search.n_candidates_
        return int(n[0] if self.in_rounds else n)

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
            "model": best["model"],
            "models": list(self.contest.models),
            "estimator": self.contest.kind(best["model"]).__name__,
            "standardised": standardises(best["model"], self.args),
            "search": self.args.search,
            "scoring": self.scoring,
            "seed": self.args.seed,
            "best_score": best["mean_score"],
            "best_std": best["std_score"],
            "best_hyperparameters": best["hyperparameters"],
            "n_candidates": self.n_candidates,
            "n_folds": search.n_splits_,
            "n_scores": self.n_scores,
            "n_fits": search.n_fits_,
            "n_dropped": len(search.dropped_),
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
            *self._winner(),
            f"hyperparameters: {show_all(best['hyperparameters'])}",
            self._effort(),
        ]
        stopped = getattr(self.search, "stopped_", None)
        if stopped:
            lines.append(f"ended early: {stopped}")
        scaled = [name for name in self.contest.models if standardises(name, self.args)]
        if scaled:
            lines.append(note(scaled if len(scaled) < len(self.contest.models) else ()))
        if self.args.save:
            lines.append(f"saved: {self.args.save}")
        if self.args.report:
            lines.append(f"report: {self.args.report}")
        return "\n".join(lines)

    def _winner(self) -> list[str]:
        """Of several models, which one it is, and how good the others are."""
        if not self.contest.is_open:
            return []
        best = {c["model"]: c["mean_score"] for c in reversed(self.candidates)}
        first, *others = dict.fromkeys(c["model"] for c in self.candidates)
        missing = "ruled out" if self.search.dropped_ else "without a score"
        behind = (f"{name} {_score(best[name]) or missing}" for name in others)
        return [f"model: {first} (the others: {', '.join(behind)})"]

    def _table(self) -> str:
        candidates = self.candidates
        top = candidates[: self.args.top]
        names = dict.fromkeys(
            name
            for model in self.contest.models
            for name in _varying([c["hyperparameters"] for c in candidates if c["model"] == model])
        )
        resource = getattr(self.search, "resource", "")
        amount = [resource] if self.in_rounds and resource not in names else []
        rows = [
            [
                str(c["rank"]),
                _score(c["mean_score"]),
                _score(c["std_score"]),
                *(show(c["n_resources"]) for _ in amount),
                *([c["model"]] if self.contest.is_open else ()),
                *(show(c["hyperparameters"].get(name, "")) for name in names),
            ]
            for c in top
        ]
        model = ["model"] if self.contest.is_open else []
        fixed = ["rank", self.scoring, "std", *amount, *model]
        text = str(Table([*fixed, *names], rows, fold=(len(fixed), "hyperparameters")))
        left = len(candidates) - len(top)
        return text + (f"\n… and {left} more (--top, or --json for all)" if left else "")

    def _rounds(self) -> str:
        return f" in {_count(self.search.n_iterations_, 'round')}" if self.in_rounds else ""

    def _effort(self) -> str:
        search, n_scores = self.search, self.n_scores
        refit = getattr(search, "refit_time_", None)
        text = (
            f"{_count(self.n_candidates, 'candidate')}{self._rounds()} × {search.n_splits_} folds:"
            f" {n_scores:,} scores from {_count(search.n_fits_, 'fitted model')}"
            f" in {self.seconds:.2f} s"
        )
        if search.dropped_:
            text += f" ({_count(len(search.dropped_), 'candidate')} dropped by the race)"
        return text + (f", {refit:.2f} s of it to refit the best on all rows" if refit else "")


def _score(value: float) -> str:
    """A score; nothing for a candidate that was left out."""
    return f"{value:.4f}" if np.isfinite(value) else ""


def _count(n: int, what: str) -> str:
    return f"{n:,} {what}{'s' * (n != 1)}"


def _varying(candidates: list[dict[str, Any]]) -> list[str]:
    """Return the hyperparameters that do not have one value in all candidates."""
    names = dict.fromkeys(name for params in candidates for name in params)
    return [n for n in names if len({repr(params.get(n)) for params in candidates}) > 1]
