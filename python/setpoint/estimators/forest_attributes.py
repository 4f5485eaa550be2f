"""What can be asked of a grown forest: its trees, the leaves of rows, importances of columns.

Growing it is in ``forest_base``, predictions are in ``predictors``.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_matrix
from sklearn.base import clone, is_classifier
from sklearn.utils import Bunch
from sklearn.utils.validation import check_is_fitted

from setpoint.estimators.forest_hyperparameters import ForestHyperparameters
from setpoint.estimators.forest_parameters import forest_parameters
from setpoint.estimators.growth import DrawnRows, Growth
from setpoint.estimators.importances import (
    Importances,
    checked_repeats,
    out_of_bag_importances,
)
from setpoint.estimators.scikit_forest import scikit_forest
from setpoint.estimators.seeds import seed_of
from setpoint.estimators.table import TableEstimator
from setpoint.estimators.tree import TreeViews, paths, unfitted_tree
from setpoint.parameters import Parameters
from setpoint.threads import threads

__all__ = ["GrownForest"]


class GrownForest(ForestHyperparameters, TableEstimator):
    """What a fitted forest tells."""

    _splitter: ClassVar[str]

    @property
    def estimators_(self) -> TreeViews:
        """The trees, each made as a scikit-learn tree when it is looked at."""
        check_is_fitted(self)
        model, settings = self.__dict__["_model"], self.get_params(deep=False)
        return TreeViews(
            model, lambda: unfitted_tree(self._splitter, is_classifier(self), settings)
        )

    @property
    def estimators_samples_(self) -> DrawnRows:
        """The rows that each tree was grown on, ascending, as often as they were drawn."""
        return DrawnRows(self._known_growth().spans)

    @property
    def feature_importances_(self) -> NDArray[np.float64]:
        """Share of each column in the decrease of impurity, shape (n_features,), sum 1.

        It favours columns with many distinct values; `unbiased_importances` does not.
        """
        check_is_fitted(self)
        return np.asarray(self.__dict__["_model"].importances())

    @property
    def parameters_(self) -> Parameters:
        """What was learned: the nodes of all trees, as arrays with one entry for each node."""
        check_is_fitted(self)
        columns = self.__dict__["_columns"]
        return forest_parameters(
            type(self).__name__, self.__dict__["_model"], bool(columns.categorical.any())
        )

    def to_sklearn(self) -> Any:
        """Make scikit-learn's forest of the same trees, for libraries that know its classes.

        shap's `TreeExplainer` takes it, for example. Its predictions are this forest's.

        Returns
        -------
        sklearn.ensemble forest
            Fitted, and independent of this one.

        Raises
        ------
        ValueError
            If a tree splits on categories, which scikit-learn's trees cannot represent.
        """
        check_is_fitted(self)
        return scikit_forest(self, self._splitter)

    def apply(self, X: Any) -> NDArray[np.int64]:
        """Find the leaf of each row in each tree.

        Parameters
        ----------
        X : array-like, sparse matrix or data frame of shape (n_samples, n_features)
            The input.

        Returns
        -------
        ndarray of shape (n_samples, n_estimators)
            The leaves' numbers in their trees.
        """
        check_is_fitted(self)
        model = self.__dict__["_model"]
        return np.asarray(model.apply(self._read_rows(X), threads(self.n_jobs)))

    def decision_path(self, X: Any) -> tuple[csr_matrix, NDArray[np.int64]]:
        """Mark the nodes that each row passes.

        Parameters
        ----------
        X : array-like, sparse matrix or data frame of shape (n_samples, n_features)
            The input.

        Returns
        -------
        indicator : csr_matrix of shape (n_samples, n_nodes)
            1 where the row passes the node.
        n_nodes_ptr : ndarray of shape (n_estimators + 1,)
            Columns ``n_nodes_ptr[i]:n_nodes_ptr[i + 1]`` are those of tree i.
        """
        leaves = self.apply(X)
        model = self.__dict__["_model"]
        ends = np.concatenate([[0], np.cumsum(model.tree_sizes())])
        rows, nodes = [], []
        for i in range(model.n_trees):
            row, node = paths(model.tree(i), leaves[:, i])
            rows.append(row)
            nodes.append(node + ends[i])
        row, node = np.concatenate(rows), np.concatenate(nodes)
        ones = np.ones(len(row), dtype=np.int64)
        return csr_matrix((ones, (row, node)), shape=(len(leaves), int(ends[-1]))), ends

    def oob_permutation_importances(
        self,
        X: Any,
        y: Any,
        sample_weight: ArrayLike | None = None,
        *,
        n_repeats: int = 5,
        random_state: Any = None,
    ) -> Bunch:
        """How much worse the trees predict the rows they have not seen when a column is shuffled.

        Parameters
        ----------
        X, y, sample_weight
            The training set, as given to `fit`.
        n_repeats : int
            How often each column is shuffled.
        random_state : int, RandomState or None
            What the shuffling is drawn from; None takes the forest's own seed.

        Returns
        -------
        Bunch
            `importances` (n_features, n_repeats), `importances_mean` and `importances_std`
            (n_features,): decrease of accuracy, or increase of the mean squared error, as a mean
            over the trees and outputs. 0 for a column that no tree uses.

        Raises
        ------
        ValueError
            If the forest was grown without `bootstrap`, or on other rows.

        References
        ----------
        Breiman (2001), "Random forests", Machine Learning 45, section 10.
        """
        repeats = checked_repeats(n_repeats)
        found = self._oob_importances(X, y, sample_weight, repeats, random_state).permutation
        return Bunch(
            importances=found,
            importances_mean=found.mean(axis=1),
            importances_std=found.std(axis=1),
        )

    def unbiased_importances(
        self, X: Any, y: Any, sample_weight: ArrayLike | None = None
    ) -> NDArray[np.float64]:
        """Decrease of impurity with splits valued on rows that the tree has not seen.

        A column that tells nothing of `y` has an expected importance of 0, however many distinct
        values it has. The impurity is Gini's for classes and the variance for numbers, whatever
        the criterion.

        Parameters
        ----------
        X, y, sample_weight
            The training set, as given to `fit`.

        Returns
        -------
        ndarray of shape (n_features,)
            The importances, as a mean over the trees and outputs; they may be negative and do not
            sum to 1.

        Raises
        ------
        ValueError
            If the forest was grown without `bootstrap`, or on other rows.

        References
        ----------
        Zhou and Hooker (2021), "Unbiased measurement of feature importance in tree-based methods",
        ACM Transactions on Knowledge Discovery from Data 15.
        """
        return self._oob_importances(X, y, sample_weight, 0, None).unbiased

    def _oob_importances(
        self, X: Any, y: Any, sample_weight: Any, n_repeats: int, random_state: Any
    ) -> Importances:
        growth = self._known_growth()
        own = int(growth.spans[0].candidate["random_state"])
        # Read with the seed that was drawn in fit: no number is taken from the user's generator.
        reader = clone(self).set_params(random_state=own)
        return out_of_bag_importances(
            growth,
            reader._sweep_data(X, y, sample_weight),
            n_repeats=n_repeats,
            seed=own if random_state is None else seed_of(random_state),
            n_threads=threads(self.n_jobs),
            verbose=int(self.verbose),
        )

    def _known_growth(self) -> Growth:
        check_is_fitted(self)
        growth: Growth | None = self.__dict__.get("_growth")
        if growth is None or not growth.spans:
            raise AttributeError(
                "which rows were drawn is not known of a model that a search trained on a fold: "
                "fit it again to have it"
            )
        return growth
