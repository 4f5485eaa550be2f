"""`model.plot`: the plots of a fitted model. Each draws on the axes given, or on new ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sklearn.utils.validation import check_is_fitted

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["ModelPlots"]


class ModelPlots:
    """Plots of a fitted model; matplotlib draws them.

    Each method takes ``ax``, the axes to draw on (None: those of a new figure), and returns them.

    Parameters
    ----------
    model : estimator
        The model.
    """

    def __init__(self, model: Any) -> None:
        self._model = model

    def __repr__(self) -> str:
        known = ", ".join(name for name in vars(type(self)) if not name.startswith("_"))
        return f"<plots of {type(self._model).__name__}: {known}>"

    def loss(self, *, ax: Axes | None = None) -> Axes:
        """Training loss by epoch, and the validation loss where rows were kept back for it.

        Raises
        ------
        ValueError
            If the model is not trained epoch by epoch.
        """
        from setpoint.report.figures import loss

        check_is_fitted(self._model)
        return loss.draw(self._model, ax)

    def importances(
        self,
        X: Any = None,
        y: Any = None,
        *,
        most: int = 20,
        n_repeats: int = 5,
        random_state: Any = 0,
        ax: Axes | None = None,
    ) -> Axes:
        """How much the columns of X matter to the model.

        Parameters
        ----------
        X, y : array-like or None
            Rows that the model was not trained on: how much its score falls when a column is
            shuffled. None: what the model says itself, the decrease of impurity of a forest or the
            coefficients of a linear model.
        most : int
            Columns to show.
        n_repeats : int
            How often each column is shuffled.
        random_state : int, RandomState instance or None
            What the shuffling is drawn from.
        ax : Axes or None
            Where to draw.

        Raises
        ------
        ValueError
            If the model says nothing of single columns and X is not given.
        """
        from setpoint.report.figures import importances

        check_is_fitted(self._model)
        return importances.draw(
            self._model, X, y, most=most, n_repeats=n_repeats, random_state=random_state, ax=ax
        )

    def tree(self, tree: int = 0, *, max_depth: int | None = 3, ax: Axes | None = None) -> Axes:
        """One tree of a forest: rules in boxes, coloured by what is predicted.

        Parameters
        ----------
        tree : int
            Which tree.
        max_depth : int or None
            Deeper nodes are counted, not drawn; None: all are drawn.
        ax : Axes or None
            Where to draw.

        Raises
        ------
        ValueError
            If the model has no trees, or not this one.
        """
        from setpoint.report.figures import tree as figure

        check_is_fitted(self._model)
        if not hasattr(self._model, "estimators_"):
            raise ValueError(f"{type(self._model).__name__} has no trees; forests do")
        return figure.draw(self._model, tree, max_depth=max_depth, ax=ax)

    def confusion(self, X: Any, y: Any, *, normalize: bool = False, ax: Axes | None = None) -> Axes:
        """Which classes are taken for which, on these rows.

        Parameters
        ----------
        X, y : array-like
            Rows that the model was not trained on, and their classes.
        normalize : bool
            Whether to write shares of the true class instead of counts.
        ax : Axes or None
            Where to draw.

        Raises
        ------
        ValueError
            If the model predicts numbers or several outputs.
        """
        from setpoint.report.figures import confusion

        check_is_fitted(self._model)
        return confusion.draw(self._model, X, y, normalize=normalize, ax=ax)
