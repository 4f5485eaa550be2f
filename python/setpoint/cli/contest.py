"""The models that `setpoint tune` searches: one, or several that one search compares.

With several (`--model forest,svm`) the estimator is a `OneOf`, whose hyperparameters are called
MODEL.NAME on the command line. Values are parsed in `values.py`.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from setpoint.cli.common import UsageError
from setpoint.cli.problem import Problem
from setpoint.cli.scaling import behind_scaler, estimator_of, prefixed, standardises
from setpoint.cli.values import estimator_class, make_estimator, parse_params
from setpoint.datasets.table import suggest
from setpoint.families import FAMILIES
from setpoint.tuning import OneOf
from setpoint.tuning.space.default import ranges


@dataclass(frozen=True)
class Contest:
    """Models by the names of their families, with their scalers if they have some."""

    models: Mapping[str, Any]
    task: Any

    @classmethod
    def of(cls, args: argparse.Namespace, problem: Problem, extra: Mapping[str, Any]) -> Contest:
        """The models that were asked for; `extra` is what they are told of the columns."""
        names = [name.strip() for name in args.model.split(",")]
        for name in names:
            if names.count(name) > 1:
                raise UsageError(f"--model {args.model}: {name} is given twice")
        models = {}
        for name in names:
            kind = estimator_class(name, problem.task)
            model = make_estimator(kind, args.seed, args.jobs, problem.features, extra)
            models[name] = behind_scaler(model) if standardises(name, args) else model
        return cls(models, problem.task)

    @property
    def is_open(self) -> bool:
        """Whether there are several models."""
        return len(self.models) > 1

    @property
    def estimator(self) -> Any:
        """What is searched."""
        (first, *others) = self.models.items()
        return OneOf([first, *others]) if others else first[1]

    def space(self, texts: Sequence[str], *, as_grid: bool) -> Any:
        """Where to search: the given values, and the default ones of a model that has none.

        Parameters
        ----------
        texts : sequence of str
            NAME=VALUE[,VALUE...], of several models MODEL.NAME=VALUE[,VALUE...].
        as_grid : bool
            Whether the default is the declared grid; else it is the declared ranges.
        """
        if not texts and not as_grid:
            return None
        given = self._by_model(texts)
        parts = {
            name: self._given(name, given[name]) if name in given else self._default(name, as_grid)
            for name in self.models
        }
        return parts if self.is_open else next(iter(parts.values()))

    def own(self, params: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        """The model of a candidate, and its hyperparameters by their own names."""
        name = str(params["model"]) if self.is_open else next(iter(self.models))
        model, path = self.models[name], f"{name}__" if self.is_open else ""
        keys = {own: path + prefixed(model, own) for own in self.kind(name).declarations()}
        return name, {own: params[key] for own, key in keys.items() if key in params}

    def kind(self, name: str) -> Any:
        """The class of a model, without its scaler."""
        return type(estimator_of(self.models[name]))

    def _by_model(self, texts: Sequence[str]) -> dict[str, list[str]]:
        if not self.is_open:
            return {next(iter(self.models)): list(texts)} if texts else {}
        given: dict[str, list[str]] = {}
        for text in texts:
            name = text.partition("=")[0]
            model, dot, _ = name.partition(".")
            if not dot:
                example = f"{next(iter(self.models))}.{name}"
                raise UsageError(
                    f"--param {name}: of several models, write MODEL.NAME, such as {example}"
                )
            if model not in self.models:
                guess = suggest(model, list(self.models))
                raise UsageError(f"--param {name}: {model!r} is not in --model{guess}")
            given.setdefault(model, []).append(text.removeprefix(f"{model}."))
        return given

    def _given(self, name: str, texts: Sequence[str]) -> dict[str, list[Any]]:
        values = parse_params(texts, self.kind(name))
        return {prefixed(self.models[name], own): each for own, each in values.items()}

    def _default(self, name: str, as_grid: bool) -> Mapping[str, Any]:
        if not as_grid:
            return ranges(self.models[name])
        grid = FAMILIES[name].default_grid(self.task)
        return {prefixed(self.models[name], own): values for own, values in grid.items()}
