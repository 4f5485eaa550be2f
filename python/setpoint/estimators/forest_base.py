"""What the four forests share: fitting, the trees, importances.

Their hyperparameters are declared in ``forest_hyperparameters``; the four classes are in
``forest``.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_matrix
from sklearn.base import is_classifier
from sklearn.tree import (
    DecisionTreeClassifier,
    DecisionTreeRegressor,
    ExtraTreeClassifier,
    ExtraTreeRegressor,
)
from sklearn.utils import Bunch
from sklearn.utils.validation import check_is_fitted

from setpoint import _core
from setpoint.estimators.base import SweepData, SweepEstimator
from setpoint.estimators.forest_hyperparameters import ForestHyperparameters
from setpoint.estimators.forest_parameters import forest_parameters
from setpoint.estimators.growth import DrawnRows, Growth, Run, Span, grow, grow_until_no_better
from setpoint.estimators.importances import (
    Importances,
    checked_repeats,
    out_of_bag_importances,
)
from setpoint.estimators.oob import (
    out_of_bag_attributes,
    out_of_bag_of,
    out_of_bag_score,
    refuse_target,
)
from setpoint.estimators.seeds import seed_of
from setpoint.estimators.targets import class_weights
from setpoint.estimators.tree import TreeViews, paths
from setpoint.parameters import Parameters
from setpoint.threads import threads

__all__ = ["Forest"]

# Hyperparameters that go to the core as they are; the others are resolved below or never leave.
_CORE = (
    "n_estimators",
    "criterion",
    "max_depth",
    "min_samples_split",
    "min_samples_leaf",
    "min_weight_fraction_leaf",
    "max_features",
    "max_leaf_nodes",
    "min_impurity_decrease",
    "bootstrap",
    "max_samples",
    "ccp_alpha",
    "max_bins",
)
_LARGEST = 2**31 - 1  # a count beyond any data set: the same as this one


class Forest(ForestHyperparameters, SweepEstimator):
    """Base of the four forests."""

    _family: ClassVar[str] = "forest"
    _splitter: ClassVar[str]

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
        run = Run(self._family, threads(self.n_jobs), int(self.verbose), oob)
        if earlier and oob and not _has_sums_for(earlier, data):
            sums = out_of_bag_of(earlier, data, run.n_threads)
            earlier = Growth(earlier.model, earlier.spans, sums)
        if earlier and earlier.model.n_trees == self.n_estimators:
            return earlier, {}
        if not self.early_stopping:
            return grow(data, candidate, self.n_estimators, run, earlier), {}
        growth, scores = grow_until_no_better(
            lambda last, so_far: grow(data, candidate, last, run, so_far),
            lambda sums: out_of_bag_score(data, sums, self.oob_score),
            earlier,
            most=self.n_estimators,
            patience=self.n_iter_no_change,
            tol=self.tol,
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
        if not values["bootstrap"]:
            _need_bootstrap(values)
        candidate = {name: values[name] for name in _CORE}
        for name in ("max_depth", "max_leaf_nodes", "max_samples", "max_features"):
            candidate[name] = _bounded(candidate[name])
        for name in ("n_estimators", "min_samples_split", "min_samples_leaf"):
            candidate[name] = _bounded(candidate[name])
        if candidate["n_estimators"] != values["n_estimators"]:
            raise ValueError(
                f"n_estimators={values['n_estimators']} trees do not fit into any memory. "
                "Use a few hundred or a few thousand."
            )
        if candidate["criterion"] == "poisson":
            _check_counts(data.y)
        state = params.get("random_state", self.random_state)
        own = state is self.random_state and not isinstance(state, int | np.integer)
        return candidate | {
            "splitter": self._splitter,
            "class_weight": class_weights(
                values.get("class_weight"),
                data.classes,
                bootstrap=values["bootstrap"],
                warm_start=values["warm_start"],
            ),
            "monotonic_cst": _directions(values["monotonic_cst"], data),
            "random_state": data.seed if own else seed_of(state),
        }

    @property
    def estimators_(self) -> TreeViews:
        """The trees, each made as a scikit-learn tree when it is looked at."""
        check_is_fitted(self)
        return TreeViews(self.__dict__["_model"], self._unfitted_tree)

    def _unfitted_tree(self) -> Any:
        kind = {
            ("best", True): DecisionTreeClassifier,
            ("best", False): DecisionTreeRegressor,
            ("random", True): ExtraTreeClassifier,
            ("random", False): ExtraTreeRegressor,
        }[self._splitter, is_classifier(self)]
        shared = kind._get_param_names()
        return kind(
            **{
                name: value
                for name, value in self.get_params(deep=False).items()
                if name in shared and name not in ("class_weight", "random_state")
            }
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
        return np.asarray(model.apply(self._rows(X), threads(self.n_jobs)))

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
        own = growth.spans[0].candidate["random_state"]
        return out_of_bag_importances(
            growth,
            self._sweep_data(X, y, sample_weight),
            n_repeats=n_repeats,
            seed=int(own) if random_state is None else seed_of(random_state),
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

    def _to_header(self) -> dict[str, Any]:
        growth: Growth | None = self.__dict__.get("_growth")
        fields = ("first", "last", "candidate", "n_samples", "weighted")
        spans = growth.spans if growth else ()
        return {"spans": [{name: getattr(span, name) for name in fields} for span in spans]}

    def _from_header(self, header: Mapping[str, Any]) -> dict[str, Any]:
        model = self.__dict__["_model"]
        spans = tuple(
            Span(**fields, n_classes=list(model.n_classes), sample_weight=None, y=None)
            for fields in header["spans"]
        )
        ends = [0, *(span.last for span in spans)]
        if spans and (ends[-1] != model.n_trees or [span.first for span in spans] != ends[:-1]):
            raise ValueError("the spans of trees in the header are not those of the tensors")
        return {"_growth": Growth(model, spans)} if spans else {}

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = dict(super().__getstate__())
        if "_model" in state:
            state["_model"] = self.__dict__["_model"].state()
            growth = state.pop("_growth", None)
            if growth is not None:
                state["_growth"] = (growth.spans, growth.out_of_bag)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        state = dict(state)
        if "_model" in state:
            state["_model"] = _core.Forest.from_state(state["_model"])
            if "_growth" in state:
                state["_growth"] = Growth(state["_model"], *state["_growth"])
        super().__setstate__(state)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        return tags


def _has_sums_for(growth: Growth, data: SweepData) -> bool:
    return growth.out_of_bag is not None and len(growth.out_of_bag.count) == len(data.X)


def _same(these: Any, those: Any) -> bool:
    """Whether two lists of arrays (or None) are equal."""
    return len(these) == len(those) and all(map(partial(np.array_equal), these, those))


def _bounded(count: Any) -> Any:
    return min(count, _LARGEST) if isinstance(count, int) else count


def _need_bootstrap(values: Mapping[str, Any]) -> None:
    if values["max_samples"] is not None:
        raise ValueError(
            "`max_samples` cannot be set if `bootstrap=False`. Either switch to `bootstrap=True` "
            "or set `max_samples=None`."
        )
    for name in ("oob_score", "early_stopping"):
        if values[name]:
            raise ValueError(
                f"Out of bag estimation only available if bootstrap=True, got {name}=True with "
                f"bootstrap=False. Switch to bootstrap=True or set {name}=False."
            )


def _check_counts(y: NDArray[np.float64]) -> None:
    if (y < 0).any():
        raise ValueError(
            "Some value(s) of y are negative which is not allowed for Poisson regression."
        )
    if y.sum() <= 0:
        raise ValueError(
            "Sum of y is not strictly positive which is necessary for Poisson regression."
        )


def _directions(monotonic_cst: Any, data: SweepData) -> list[int] | None:
    """Checked monotonic constraints, one for each column."""
    if monotonic_cst is None:
        return None
    if data.n_outputs > 1:
        raise ValueError("Monotonicity constraints are not supported with multiple outputs.")
    signs = np.asarray(monotonic_cst)
    if signs.shape != (data.X.shape[1],):
        raise ValueError(
            f"monotonic_cst has shape {signs.shape[0] if signs.ndim == 1 else signs.shape} but "
            f"the input data X has {data.X.shape[1]} features."
        )
    if not np.isin(signs, (-1, 0, 1)).all():
        raise ValueError(
            f"monotonic_cst must be None or an array-like of -1, 0 or 1, but got {np.unique(signs)}"
        )
    if data.n_classes and data.n_classes[0] > 2:
        raise ValueError(
            "Monotonicity constraints are not supported with multiclass classification"
        )
    if (signs.astype(bool) & data.categorical).any():
        raise ValueError("Categorical features cannot have monotonic constraints.")
    return [int(sign) for sign in signs]
