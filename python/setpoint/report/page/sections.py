"""The parts of the page, in their order. Each gives HTML and the charts in it."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass, field
from functools import cached_property
from html import escape
from importlib import metadata
from itertools import combinations
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline

from setpoint import _core
from setpoint.hyperparameters.values import equal
from setpoint.report.axis import label_of
from setpoint.report.importance import Importance, importance
from setpoint.report.page import charts
from setpoint.report.page.elements import (
    Cell,
    Chart,
    card,
    cards,
    chart,
    element,
    note,
    section,
    table,
)
from setpoint.report.page.parallel import MOST_LINES, parallel
from setpoint.report.record import Record
from setpoint.report.verdict import edges, verdict
from setpoint.tuning.one_of import OneOf

__all__ = ["Page"]

MOST_ROWS = 1000
"""Candidates in the table."""

_SHOWN = 10
_MOST_AXES = 9
_MOST_SLICES = 12
_MOST_SURFACES = 3


@dataclass
class Page:
    """The page's HTML, and the charts to draw in it.

    Attributes
    ----------
    record : Record
        What was evaluated.
    search : object or None
        The fitted search; None for an optimum of a function.
    charts : list of Chart
        Those that `body` has used.
    """

    record: Record
    search: Any = None
    charts: list[Chart] = field(default_factory=list)

    @property
    def title(self) -> str:
        """What was searched, in a line."""
        if self.search is None:
            return "Search for the optimum of a function"
        return f"{type(self.search).__name__} of {_final_name(self.search.estimator)}"

    def body(self) -> str:
        """All sections."""
        found = self._importance()
        return "".join(
            (
                self._summary(),
                self._best(),
                self._course(),
                self._importances(found),
                self._parallel(found),
                self._slices(found),
                self._fit(found),
                self._time(),
                self._model(),
                self._data(),
            )
        )

    def _draw(self, figure: Chart | None) -> str:
        if figure is None:
            return ""
        self.charts.append(figure)
        return chart(figure)

    def _importance(self) -> Importance | None:
        try:
            return importance(self.record)
        except ValueError:  # nothing differs: the sections that would show it are left out
            return None

    def _summary(self) -> str:
        record = self.record
        best = record.best
        spread = f"± {record.spread[best]:.2g}" if record.folds.shape[1] > 1 else ""
        shown = [
            card(f"{record.scores[best]:.4g}", f"best {record.metric} {spread}".strip()),
            card(f"{len(_distinct(record)):,}", "candidates", _rounds(record)),
        ]
        if self.search is not None:
            n_scores = int(np.isfinite(record.folds).sum())
            said = f"for {n_scores:,} candidate × fold scores"
            shown.append(card(f"{self.search.n_fits_:,}", "trained models", said))
            shown.append(card(seconds(self.search.search_time_), "for the search"))
            shown.append(card(verdict(record).headline, "fit of the best"))
        else:
            shown.append(card(seconds(float(record.seconds.sum())), "in the function"))
        chosen = ", ".join(
            f"<b>{escape(name)}</b> = {escape(label_of(value))}"
            for name, value in record.params[best].items()
        )
        return section("summary", "Summary", cards(*shown), element("p", f"Best: {chosen}"))

    def _best(self) -> str:
        record = self.record
        last = np.zeros(record.n) if record.rounds is None else record.rounds
        order = np.lexsort((-np.nan_to_num(record.worth, nan=-np.inf), -last))
        order = np.concatenate([[record.best], order[order != record.best]])[:MOST_ROWS]
        names = list(dict.fromkeys(name for params in record.params for name in params))
        has_folds = record.folds.shape[1] > 1
        headers = ["rank", record.metric]
        headers += ["spread", "folds"] if has_folds else []
        headers += ["training"] if record.training is not None else []
        headers += [record.resource] if record.resources is not None else []
        rows = [
            self._candidate(rank, int(row), names, has_folds)
            for rank, row in enumerate(order, start=1)
        ]
        left = record.n - len(rows)
        said = f"The {len(rows):,} best are listed; {left:,} more were evaluated." if left else ""
        return section(
            "best",
            "Best configurations",
            table("candidates", [*headers, "seconds", *names], rows, shown=_SHOWN, marked=0),
            note(said) if said else "",
        )

    def _candidate(
        self, rank: int, row: int, names: list[str], has_folds: bool
    ) -> list[Cell | str]:
        record = self.record
        cells = [Cell(str(rank), rank), _number(record.scores[row])]
        if has_folds:
            cells += [
                _number(record.spread[row], 2),
                Cell(self._dots(row), float(record.scores[row]), is_html=True),
            ]
        if record.training_scores is not None:
            cells.append(_number(record.training_scores[row]))
        if record.resources is not None:
            amount = int(record.resources[row])
            cells.append(Cell(f"{amount:,}", amount))
        cells.append(_number(record.seconds[row], 2))
        return [*cells, *(_value(record.params[row], name) for name in names)]

    @cached_property
    def _scale_of_folds(self) -> tuple[float, float]:
        """From the worst to the best fold among the candidates that are seen at first."""
        record = self.record
        worth = np.nan_to_num(record.worth, nan=-np.inf)
        seen = record.folds[np.argsort(-worth, kind="stable")[:_SHOWN]]
        seen = seen[np.isfinite(seen)]
        low, high = float(seen.min()), float(seen.max())
        return (low, high) if high > low else (low - 0.5, low + 0.5)

    def _dots(self, row: int) -> str:
        """The scores on the folds as dots; those beyond the common scale lie at its ends."""
        record = self.record
        low, high = self._scale_of_folds
        places = [
            6 + 88 * min(max((score - low) / (high - low), 0.0), 1.0)
            for score in record.folds[row]
            if np.isfinite(score)
        ]
        dots = "".join(f'<circle cx="{place:.1f}" cy="8" r="3"/>' for place in places)
        said = ", ".join(f"{score:.4g}" for score in record.folds[row])
        return (
            f'<svg class="dots" viewBox="0 0 100 16" role="img" aria-label="{said}">'
            f'<title>{said}</title><path d="M6 8H94"/>{dots}</svg>'
        )

    def _course(self) -> str:
        parts = [self._draw(charts.history(self.record))]
        if self.record.rounds is not None:
            parts.append(self._draw(charts.rounds(self.record)))
        return section("history", "How the search went", *parts)

    def _importances(self, found: Importance | None) -> str:
        if found is None:
            return ""
        said = (
            "How much of what varies in the scores over the whole space is due to each "
            "hyperparameter alone, and to pairs beyond what each of the two does alone "
            "(functional analysis of variance of a forest fitted to the candidates). Thin lines: "
            "one standard deviation over its trees."
        )
        drawn = self._draw(charts.bars(found))
        return section("importance", "Which hyperparameters matter", drawn, note(said))

    def _parallel(self, found: Importance | None) -> str:
        if found is None or len(found.names) < 2:
            return ""
        most = [found.names[i] for i in found.order[:_MOST_AXES]]
        if self.search is not None and isinstance(self.search.estimator, OneOf):
            most = ["model", *most[:-1]]
        names = [name for name in found.names if name in most]
        said = "Each line is a candidate: the brighter the better, and the best is the thick one."
        left, n = len(found.names) - len(names), len(self.record.comparable)
        if left:
            said += f" The {len(names)} that matter most are shown."
        if n > MOST_LINES:
            said += f" Of {n:,} candidates, {MOST_LINES} of all ranks are drawn."
        wide = f"min-width:{84 * (len(names) + 1)}px"
        drawn = element("div", self._draw(parallel(self.record, names)), style=wide)
        return section(
            "parallel", "Candidates across the hyperparameters", note(said),
            element("div", drawn, _class="sideways", tabindex=0),
        )  # fmt: skip

    def _slices(self, found: Importance | None) -> str:
        if found is None:
            return ""
        names = [found.names[i] for i in found.order][:_MOST_SLICES]
        drawn = [
            element("div", self._draw(charts.slice_of(self.record, found, name, i)))
            for i, name in enumerate(names)
        ]
        pairs = sorted(
            combinations(range(len(found.names)), 2), key=lambda pair: -found.pairs[pair]
        )
        drawn += [
            element(
                "div",
                self._draw(
                    charts.surface(self.record, found, found.names[i], found.names[j], number)
                ),
            )
            for number, (i, j) in enumerate(pairs[:_MOST_SURFACES])
        ]
        said = (
            "Each dot is a candidate, the star is the best; the line is the mean over all settings "
            "of the others, in a band of one standard deviation over the trees of the forest. Of "
            "pairs, those that interact most are shown; the brighter, the better."
        )
        grid = element("div", "".join(drawn), _class="grid")
        return section("slices", "What each of them does", note(said), grid)

    def _fit(self, found: Importance | None) -> str:
        record = self.record
        if self.search is None:
            return ""
        judged = verdict(record)
        parts = [element("p", f"<b>{escape(judged.headline)}.</b> {escape(judged.reasons)}")]
        if at_edge := edges(record):
            items = "".join(element("li", escape(text)) for text in at_edge)
            said = "The best lies at an end of what was tried; better ones may lie beyond:"
            parts.append(note(said) + element("ul", items))
        if record.training is not None:
            drawn = [self._draw(charts.against_training(record))]
            if found is not None:
                name = found.names[found.order[0]]
                drawn.append(self._draw(charts.validated(record, name)))
            inner = "".join(element("div", text) for text in drawn if text)
            parts.append(element("div", inner, _class="grid"))
        return section("fit", "Underfitting or overfitting", *parts)

    def _time(self) -> str:
        search, record = self.search, self.record
        if search is None:
            return ""
        results = search.cv_results_
        n_scores = int(np.isfinite(record.folds).sum())
        training = float(np.nansum(results["mean_fit_time"])) * search.n_splits_
        scoring = float(np.nansum(results["mean_score_time"])) * search.n_splits_
        rows = [
            ("the whole search", _time(search.search_time_), "by the clock"),
            ("training", _time(training), f"{search.n_fits_:,} models, sum over the candidates"),
            ("scoring", _time(scoring), f"{n_scores:,} held-out scores, sum"),
        ]
        refit = getattr(search, "refit_time_", None)
        if refit is not None:
            rows.append(("last fit", _time(refit), "the best, on all rows"))
        return section(
            "time", "Time spent and saved", table("times", ("what", "time", ""), rows),
            note(_sharing(search, n_scores, training)),
        )  # fmt: skip

    def _model(self) -> str:
        model = getattr(self.search, "best_estimator_", None)
        if model is None:
            return ""
        tried = self.record.params[self.record.best]
        prefix, searched = "", self.search.estimator
        if isinstance(searched, OneOf):
            prefix = f"{tried.get('model', searched.model) or searched.names[0]}__"
        if isinstance(model, Pipeline):
            step, model = model.steps[-1]
            prefix += f"{step}__"
        if not hasattr(model, "hyperparameters") or not hasattr(model, "parameters_"):
            return ""
        learned, declared = model.parameters_, model.declarations()
        hyperparameters = [
            (
                Cell(name, 0.0 if prefix + name in tried else 1.0),
                label_of(value),
                label_of(declared[name].default),
                _origin(prefix + name in tried, value, declared[name].default),
                declared[name].meaning,
            )
            for name, value in model.hyperparameters.items()
        ]
        hyperparameters.sort(key=lambda row: (row[0].key, row[0].text))
        rows = [(Cell(row[0].text), *row[1:]) for row in hyperparameters]
        headers = ("name", "value", "default", "", "meaning")
        kept = table("hyperparameters", headers, rows, shown=12)
        parameters = learned.table()
        title = f"{len(hyperparameters)} hyperparameters were set before training"
        learned_title = f"{learned.total:,} parameters were learned from {self._rows()}"
        return section(
            "model",
            "Parameters and hyperparameters of the best",
            element("h3", escape(title)) + kept,
            element("h3", escape(learned_title)),
            table("parameters", parameters.headers, parameters.rows, shown=12),
        )

    def _rows(self) -> str:
        return f"{self.search.data_.n_samples:,} rows"

    def _data(self) -> str:
        rows: list[tuple[str, str]] = []
        search = self.search
        if search is not None:
            facts = search.data_
            shape = f"{facts.n_samples:,} rows"
            if facts.n_features is not None:
                shape += f" × {facts.n_features:,} columns"
            rows += [
                ("data", f"{shape} ({facts.kind})"),
                ("target", facts.target),
                ("folds", f"{search.n_splits_}, by {search._checked_cv_orig}"),
            ]
        versions = ", ".join(
            f"{name} {metadata.version(name)}" for name in ("numpy", "scipy", "scikit-learn")
        )
        rows += [
            (
                "software",
                f"setpoint {_core.__version__}, Python {platform.python_version()}, {versions}",
            ),
            ("machine", f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores"),
        ]
        return section("data", "Data and environment", table("environment", ("what", ""), rows))


def seconds(amount: float) -> str:
    """A time in few characters."""
    if amount < 1e-3:
        return f"{1e6 * amount:.0f} µs"
    if amount < 1:
        return f"{1e3 * amount:.0f} ms"
    if amount < 120:
        return f"{amount:.3g} s"
    return f"{amount / 60:.1f} min" if amount < 7200 else f"{amount / 3600:.1f} h"


def _time(amount: float) -> Cell:
    return Cell(seconds(amount), amount)


def _origin(was_searched: bool, value: Any, default: Any) -> str:
    return "searched" if was_searched else "default" if equal(value, default) else "given"


def _sharing(search: Any, n_scores: int, training: float) -> str:
    """What sharing saved, and what that figure rests on."""
    n_fits = max(search.n_fits_, 1)
    if n_scores <= n_fits:
        return "Nothing was shared: each score is that of a model of its own."
    said = (
        f"{n_scores:,} scores came from {n_fits:,} trained models: {n_scores / n_fits:.1f} "
        "candidates a training. "
    )
    alone = training / n_fits * n_scores
    return said + (
        f"If the models that were not trained had cost as much as those that were, training would "
        f"have taken {seconds(alone)} instead of {seconds(training)}. That is an estimate: a "
        "shared training may cost more than one of its candidates would alone."
    )


def _rounds(record: Record) -> str:
    if record.rounds is None:
        return ""
    counts = [int((record.rounds == k).sum()) for k in np.unique(record.rounds)]
    return "in rounds: " + " → ".join(map(str, counts))


def _distinct(record: Record) -> list[int]:
    """Row numbers of the candidates, each once: those of the first round."""
    if record.rounds is None:
        return [*range(record.n)]
    return [int(i) for i in np.flatnonzero(record.rounds == record.rounds.min())]


def _final_name(estimator: Any) -> str:
    if isinstance(estimator, Pipeline):
        return " → ".join(type(step).__name__ for _, step in estimator.steps)
    return type(estimator).__name__


def _number(value: float, digits: int = 4) -> Cell:
    number = float(value)
    return Cell(f"{number:.{digits}g}" if np.isfinite(number) else "–", number)


def _value(params: Any, name: str) -> Cell:
    if name not in params:
        return Cell("–", "")
    value = params[name]
    text = label_of(value)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return Cell(text, float(value) if is_number else text)
