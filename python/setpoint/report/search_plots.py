"""`search.plot`: the plots of a search. Each draws on the axes given, or on new ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from setpoint.report import curves, measured
from setpoint.report.record import Record

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["SearchPlots"]


class SearchPlots:
    """Plots of a fitted search, or of what `minimize` found; matplotlib draws them.

    Each method takes ``ax``, the axes to draw on (None: those of a new figure), and returns them.

    Parameters
    ----------
    record : Record
        What was evaluated.
    search : object or None
        The search, for the plots that train more.
    """

    def __init__(self, record: Record, search: Any = None) -> None:
        self._record, self._search = record, search

    def __repr__(self) -> str:
        known = ", ".join(name for name in vars(type(self)) if not name.startswith("_"))
        return f"<plots of {self._record.n} candidates: {known}>"

    def history(self, *, ax: Axes | None = None) -> Axes:
        """Scores in the order of evaluation, and the best so far."""
        from setpoint.report.figures import history

        return history.draw(self._record, ax)

    def parallel(self, names: Sequence[str] | None = None, *, ax: Axes | None = None) -> Axes:
        """Each candidate as a line across the hyperparameters, coloured by its score.

        Parameters
        ----------
        names : sequence of str or None
            The hyperparameters; None: all that differ.
        ax : Axes or None
            Where to draw.
        """
        from setpoint.report.figures import parallel

        return parallel.draw(self._record, names, ax)

    def slice(self, name: str, *, ax: Axes | None = None) -> Axes:
        """Scores against one hyperparameter, and their mean over all settings of the others.

        Parameters
        ----------
        name : str
            The hyperparameter.
        ax : Axes or None
            Where to draw.
        """
        from setpoint.report.figures import slice as figure

        return figure.draw(self._record, name, ax)

    def contour(self, a: str, b: str, *, ax: Axes | None = None) -> Axes:
        """Mean scores over two hyperparameters, as a forest fitted to the candidates sees them.

        Parameters
        ----------
        a, b : str
            The hyperparameters across and up.
        ax : Axes or None
            Where to draw.
        """
        from setpoint.report.figures import contour

        return contour.draw(self._record, a, b, ax)

    def importance(self, *, ax: Axes | None = None) -> Axes:
        """How much of what varies in the scores is due to each hyperparameter and pair.

        Shares of the variance over the whole space searched, by functional analysis of variance of
        a forest fitted to the candidates (Hutter, Hoos and Leyton-Brown, ICML 2014); lines show
        the standard deviation over its trees. Pairs are what two do beyond what each does alone.
        """
        from setpoint.report.figures import importance

        return importance.draw(self._record, ax)

    def validation_curve(
        self, name: str, X: Any = None, y: Any = None, *, ax: Axes | None = None
    ) -> Axes:
        """Training and held-out scores along one hyperparameter, with the sides in words.

        The band is one standard deviation over the folds. A side is called under- or overfitting
        where its held-out scores are below those of the best by a one-sided paired t-test over the
        folds (5 %): underfitting if the training scores are below as well.

        Parameters
        ----------
        name : str
            The hyperparameter.
        X, y : array-like or None
            The training set: the curve is measured, the other hyperparameters as in the best
            candidate. None: it is read off the candidates of the search, which must have been
            fitted with ``return_train_score=True``.
        ax : Axes or None
            Where to draw.

        Raises
        ------
        ValueError
            If the training scores are not known and X is not given.
        """
        from setpoint.report.figures import validation

        record = self._record
        if X is not None:
            curve = measured.validation(self._fitted(), record, name, X, y)
        elif record.training is None:
            raise ValueError(
                "the scores on the training rows were not kept: search with "
                "return_train_score=True, or give the training set: validation_curve(name, X, y)"
            )
        else:
            curve = curves.validation(record, name)
        return validation.draw(curve, record.metric, ax)

    def learning_curve(
        self, X: Any = None, y: Any = None, *, n_sizes: int = 6, ax: Axes | None = None
    ) -> Axes:
        """Training and held-out scores of the best candidate against the number of training rows.

        Parameters
        ----------
        X, y : array-like or None
            The training set, of which growing parts are learned. None: only for a successive
            halving, whose rounds are drawn.
        n_sizes : int
            How many parts of each fold's training rows.
        ax : Axes or None
            Where to draw.

        Raises
        ------
        ValueError
            If X is needed and not given.
        """
        from setpoint.report.figures import validation

        record = self._record
        if X is not None:
            curve = measured.learning(self._fitted(), record, X, y, n_sizes)
        elif record.resources is not None:
            curve = curves.rung_curve(record)
        else:
            raise ValueError(
                "a search does not keep its training set, give it: learning_curve(X, y)"
            )
        return validation.draw(curve, record.metric, ax)

    def race(self, *, ax: Axes | None = None) -> Axes:
        """Candidates against what was spent on them.

        The rounds of a successive halving, a line for each candidate; of other searches, scores
        against the time of training and scoring so far.
        """
        from setpoint.report.figures import race

        return race.draw(self._record, ax)

    def _fitted(self) -> Any:
        if self._search is None:
            raise ValueError("only the curves of a cross-validated search can be measured on rows")
        return self._search
