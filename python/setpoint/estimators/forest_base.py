"""What the four forests share: growing them, keeping them.

Their hyperparameters are declared in ``forest_hyperparameters`` and resolved in
``forest_candidate``; what a grown forest tells is in ``forest_attributes``; the four classes are in
``forest``.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from setpoint import _core
from setpoint.estimators.base import SweepData
from setpoint.estimators.forest_attributes import GrownForest
from setpoint.estimators.forest_candidate import forest_candidate
from setpoint.estimators.growth import Growth, Run, Span, grow, grow_until_no_better
from setpoint.estimators.oob import (
    out_of_bag_attributes,
    out_of_bag_of,
    out_of_bag_score,
    refuse_target,
)
from setpoint.threads import threads

__all__ = ["Forest"]


class Forest(GrownForest):
    """Base of the four forests."""

    _family: ClassVar[str] = "forest"
    _continues: ClassVar[str | None] = "n_estimators"

    def fit(self, X: Any, y: Any, sample_weight: ArrayLike | None = None) -> Self:
        """Grow the trees.

        Parameters
        ----------
        X : array-like, sparse matrix or data frame of shape (n_samples, n_features)
            The input; rounded to float32, NaN is missing. A sparse matrix is made dense, which
            takes 4 bytes for each of its cells.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The target: class labels, or numbers.
        sample_weight : array-like of shape (n_samples,) or None
            Weights of the rows, not negative. With `bootstrap` rows are drawn in proportion to
            them, else the impurity counts them.

        Returns
        -------
        self

        Raises
        ------
        ValueError, TypeError
            If a hyperparameter or the data are not legal; an earlier fit stays as it was.
        """
        data = self._sweep_data(X, y, sample_weight)
        candidate = self._sweep_candidate({}, data)
        if self.oob_score or self.early_stopping:
            refuse_target(data)
        earlier = self._earlier(data)
        if earlier:
            if not isinstance(self.random_state, int | np.integer):
                candidate["random_state"] = earlier.spans[-1].candidate["random_state"]
            if earlier.model.n_trees == self.n_estimators:
                warnings.warn(
                    "Warm-start fitting without increasing n_estimators does not fit new trees.",
                    stacklevel=2,
                )
        growth, learned = self._grow(data, candidate, earlier)
        if self.oob_score:
            assert growth.out_of_bag is not None
            learned |= out_of_bag_attributes(data, growth.out_of_bag, self.oob_score)
        self._adopt(data, growth.model, {"_growth": growth, **learned})
        return self

    def _grow(
        self, data: SweepData, candidate: dict[str, object], earlier: Growth | None
    ) -> tuple[Growth, dict[str, Any]]:
        """The grown forest, and the attributes of early stopping."""
        oob = bool(self.oob_score or self.early_stopping)
        run = Run(threads(self.n_jobs), int(self.verbose), oob)
        if earlier and oob and not _has_sums_for(earlier, data):
            sums = out_of_bag_of(earlier, data, run.n_threads)
            earlier = Growth(earlier.model, earlier.spans, sums)
        if earlier and earlier.model.n_trees == self.n_estimators:
            return earlier, {}
        if not self.early_stopping:
            return grow(data, candidate, int(self.n_estimators), run, earlier), {}
        growth, scores = grow_until_no_better(
            lambda last, so_far: grow(data, candidate, last, run, so_far),
            lambda sums: out_of_bag_score(data, sums, self.oob_score),
            earlier,
            most=int(self.n_estimators),
            patience=int(self.n_iter_no_change),
            tol=float(self.tol),
        )
        return growth, {"n_iter_": growth.model.n_trees, "validation_score_": np.array(scores)}

    def _earlier(self, data: SweepData) -> Growth | None:
        """The trees to keep, under `warm_start`."""
        growth: Growth | None = self.__dict__.get("_growth") if self.warm_start else None
        if growth is None:
            return None
        if self.n_estimators < growth.model.n_trees:
            raise ValueError(
                f"n_estimators={self.n_estimators} must be larger or equal to "
                f"len(estimators_)={growth.model.n_trees} when warm_start==True"
            )
        known = self.__dict__["_columns"]
        if known.n_features != data.columns.n_features or not _same(
            known.categories, data.columns.categories
        ):
            raise ValueError(
                "warm_start=True adds trees to a forest grown on other columns or categories: "
                f"{known.n_features} columns then, {data.columns.n_features} now. Fit on the same "
                "columns, or set warm_start=False."
            )
        classes = self.__dict__.get("classes_", [])
        if not _same(classes if isinstance(classes, list) else [classes], data.classes):
            raise ValueError(
                "warm_start=True adds trees to a forest grown on other classes. Fit on the same "
                "classes, or set warm_start=False."
            )
        return growth

    def _sweep_refusal(self, params: Mapping[str, Any]) -> str | None:
        """Early stopping looks at one forest at a time."""
        if params.get("early_stopping", self.early_stopping):
            return "early_stopping=True grows each forest by itself"
        return None

    def _sweep_candidate(self, params: Mapping[str, Any], data: SweepData) -> dict[str, object]:
        values = self._checked(params)
        return forest_candidate(values, self._splitter, self._seed(params, data), data)

    def _to_header(self) -> dict[str, Any]:
        growth: Growth | None = self.__dict__.get("_growth")
        spans = growth.spans if growth else ()
        return {"spans": [span.to_header() for span in spans]}

    def _from_header(self, header: Mapping[str, Any]) -> dict[str, Any]:
        model, spans = self.__dict__["_model"], header["spans"]
        ends = [0, *(span["last"] for span in spans)]
        if spans and (ends[-1] != model.n_trees or [span["first"] for span in spans] != ends[:-1]):
            raise ValueError("the spans of trees in the header are not those of the tensors")
        known = tuple(Span.from_header(span, list(model.n_classes)) for span in spans)
        return {"_growth": Growth(model, known)} if known else {}

    @staticmethod
    def _model_of(state: dict[str, NDArray[Any]]) -> _core.Forest:
        return _core.Forest.from_state(state)

    def __getstate__(self) -> dict[str, Any]:
        state = super().__getstate__()
        growth: Growth | None = self.__dict__.get("_growth")
        if growth is not None:  # the header of a file has no weights and no sums
            state["_growth"] = (growth.spans, growth.out_of_bag)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        growth = state.get("_growth")
        super().__setstate__(state)
        if growth is not None:
            self.__dict__["_growth"] = Growth(self.__dict__["_model"], *growth)


def _has_sums_for(growth: Growth, data: SweepData) -> bool:
    return growth.out_of_bag is not None and len(growth.out_of_bag.count) == len(data.X)


def _same(these: Any, those: Any) -> bool:
    """Whether two lists of arrays (or None) are equal."""
    return len(these) == len(those) and all(map(np.array_equal, these, those))
