"""Types of the compiled module; rust/bindings/src is the truth, and stubtest compares the two.

Notation: n rows, d columns of X, n_values = sum(n_classes) class probabilities, the outputs side by
side, or one number per output where n_classes is empty (regression). Floats of X are float32 with
NaN for missing; categories are codes >= 0; class labels are codes 0, ..., K - 1.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol, TypedDict, final

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "METRICS",
    "Anova",
    "Forest",
    "LinearModel",
    "Network",
    "Surrogate",
    "Svm",
    "Unfinished",
    "__version__",
    "bootstrap_counts",
    "class_values",
    "fit",
    "grow",
    "pair_votes",
    "sweep",
]

__version__: Final[str]
METRICS: Final[tuple[str, ...]]  # scikit-learn's names of the scorers that the core computes

_Candidate = dict[str, Any]  # hyperparameters by name, every one of the family
_Rows = NDArray[np.float32] | NDArray[np.float64] | Any  # dense, or scipy's CSR
_Progress = Callable[[int, int], object]  # (done, total); what it raises stops the work

class _Data(Protocol):
    """A training set, borrowed for the call. Trees read `categorical` too."""

    @property
    def X(self) -> _Rows: ...
    @property
    def y(self) -> NDArray[np.float64]: ...  # (n, n_outputs)
    @property
    def n_classes(self) -> Sequence[int]: ...
    @property
    def sample_weight(self) -> NDArray[np.float64] | None: ...

class _Table(_Data, Protocol):
    @property
    def categorical(self) -> NDArray[np.bool_]: ...

class _Fitted(TypedDict):
    model: Any
    warning: str | None

class _Grown(TypedDict):
    model: Forest
    oob_prediction: NDArray[np.float64] | None  # (n, n_values), a sum over out-of-bag trees
    oob_count: NDArray[np.uint32] | None  # (n,)

class _Swept(TypedDict):
    n_fits: int
    done: NDArray[np.bool_]  # (n_candidates, n_folds)
    fit_seconds: NDArray[np.float64]  # (n_candidates, n_folds), NaN where not done
    score_seconds: NDArray[np.float64]
    scores: NDArray[np.float64]  # (n_candidates, n_folds, n_metrics), NaN where not done
    train_scores: NDArray[np.float64] | None
    # By candidate and fold; None where not done.
    predictions: list[list[NDArray[np.float64] | None]] | None  # (n_test, n_values)
    train_predictions: list[list[NDArray[np.float64] | None]] | None  # (n_train, n_values)
    warnings: list[str]  # what the user should be told of single fits
    models: list[list[Any]] | None  # the family's models, None where not done
    refitted: list[Any]  # models of all rows where they came with the sweep; None or empty: not

class _Tree(TypedDict):
    children_left: NDArray[np.int64]  # (n_nodes,), -1 in leaves
    children_right: NDArray[np.int64]  # (n_nodes,), -1 in leaves
    feature: NDArray[np.int64]  # (n_nodes,), -2 in leaves
    threshold: NDArray[np.float64]  # (n_nodes,), -2 in leaves
    impurity: NDArray[np.float64]  # (n_nodes,)
    n_node_samples: NDArray[np.int64]  # (n_nodes,)
    weighted_n_node_samples: NDArray[np.float64]  # (n_nodes,)
    missing_go_to_left: NDArray[np.uint8]  # (n_nodes,)
    value: NDArray[np.float64]  # (n_nodes, n_outputs, most classes), filled up with zeros
    categories: list[NDArray[np.int64] | None]  # codes that go left, where a node splits on them

class _Importances(TypedDict):
    permutation: NDArray[np.float64]  # (d, n_repeats)
    unbiased: NDArray[np.float64]  # (d,)
    n_trees: int

@final
class Forest:
    @property
    def n_trees(self) -> int: ...
    @property
    def n_features(self) -> int: ...
    @property
    def n_outputs(self) -> int: ...
    @property
    def n_classes(self) -> list[int]: ...
    @property
    def node_count(self) -> int: ...
    def predict(self, X: NDArray[np.float32], n_threads: int) -> NDArray[np.float64]: ...
    def apply(self, X: NDArray[np.float32], n_threads: int) -> NDArray[np.int64]: ...
    def tree(self, i: int) -> _Tree: ...
    def tree_sizes(self) -> NDArray[np.int64]: ...
    def importances(self) -> NDArray[np.float64]: ...
    def oob_importances(
        self,
        data: _Table,
        *,
        candidate: _Candidate,
        first: int,
        last: int,
        n_repeats: int,
        seed: int,
        n_threads: int,
        progress: _Progress | None,
    ) -> _Importances: ...
    def extend(self, other: Forest) -> Forest: ...
    def first(self, n: int) -> Forest: ...
    def state(self) -> dict[str, NDArray[Any]]: ...
    @staticmethod
    def from_state(state: dict[str, NDArray[Any]]) -> Forest: ...

@final
class Svm:
    @property
    def n_features(self) -> int: ...
    @property
    def n_outputs(self) -> int: ...
    @property
    def n_classes(self) -> list[int]: ...
    @property
    def gamma(self) -> float: ...
    @property
    def converged(self) -> bool: ...
    def arrays(self) -> dict[str, NDArray[Any]]: ...  # what was learned, by name
    # Decision values of the P pairs of classes, and K probabilities if calibrated: (n, P + K).
    def predict(self, X: _Rows, n_threads: int) -> NDArray[np.float64]: ...
    def state(self) -> dict[str, NDArray[Any]]: ...
    @staticmethod
    def from_state(state: dict[str, NDArray[Any]]) -> Svm: ...

@final
class LinearModel:
    @property
    def coef(self) -> NDArray[np.float64]: ...  # (k, d)
    @property
    def intercept(self) -> NDArray[np.float64]: ...  # (k,)
    @property
    def n_features(self) -> int: ...
    @property
    def n_outputs(self) -> int: ...
    @property
    def n_classes(self) -> list[int]: ...
    @property
    def link(self) -> str: ...
    @property
    def facts(self) -> dict[str, NDArray[np.float64]]: ...  # how training went
    def predict(self, X: _Rows, n_threads: int) -> NDArray[np.float64]: ...  # scores (n, k)
    def state(self) -> dict[str, NDArray[Any]]: ...
    @staticmethod
    def from_state(state: dict[str, NDArray[Any]]) -> LinearModel: ...

class _History(TypedDict):
    n_iter: int
    n_seen: int
    best: float
    best_epoch: int
    losses: list[float]
    validation_losses: list[float]
    validation_scores: list[float]

@final
class Network:
    @property
    def n_features(self) -> int: ...
    @property
    def n_outputs(self) -> int: ...
    @property
    def n_classes(self) -> list[int]: ...
    @property
    def sizes(self) -> list[int]: ...  # units of the input, the hidden layers, the output
    @property
    def out_activation(self) -> str: ...
    @property
    def history(self) -> _History: ...
    def weights(self) -> list[NDArray[Any]]: ...  # (n_in, n_out) by layer
    def biases(self) -> list[NDArray[Any]]: ...
    def gains(self) -> list[NDArray[Any]]: ...  # of normalised layers
    def moments(self) -> list[NDArray[Any]]: ...  # (2, n_out) of normalised layers
    def predict(self, X: _Rows, n_threads: int) -> NDArray[np.float64]: ...  # (n, n_values)
    def state(self) -> dict[str, NDArray[Any]]: ...
    @staticmethod
    def from_state(state: dict[str, NDArray[Any]]) -> Network: ...

def pair_votes(
    decisions: NDArray[np.float64], *, n_classes: int, confidence: bool
) -> NDArray[np.float64]: ...  # (n, K) of (n, P)

_Points = NDArray[np.float64]  # (n, d), NaN where a column does not apply

class _Suggested(TypedDict):
    points: _Points  # (at most `batch`, d)
    gains: NDArray[np.float64]  # expected improvement of each
    regret: float | None  # bound of that of the points so far, if `width` is given
    theta: list[float]  # of the next call

@final
class Surrogate:
    # Of each column: whether it holds categories, its coordinates, when it applies.
    def __new__(
        cls, columns: Sequence[tuple[bool, list[float] | None, list[tuple[int, list[float]]]]]
    ) -> Surrogate: ...
    def suggest(
        self,
        points: _Points,
        values: NDArray[np.float64],
        variances: NDArray[np.float64],
        *,
        taken: _Points,
        pool: _Points | None,
        theta: list[float] | None,
        refit: bool,
        batch: int,
        width: float | None = None,
        seed: int,
    ) -> _Suggested: ...

class _Shares(TypedDict):
    alone: NDArray[np.float64]  # (d,)
    deviation: NDArray[np.float64]  # (d,)
    pairs: NDArray[np.float64]  # (d, d)

@final
class Anova:
    # Of each column: the weights of its cells, and whether these have an order.
    def __new__(
        cls,
        columns: Sequence[tuple[list[float], bool]],
        cells: NDArray[np.int64],
        scores: NDArray[np.float64],
        *,
        n_trees: int,
        seed: int,
        n_threads: int,
    ) -> Anova: ...
    def shares(self) -> _Shares: ...
    def curve(self, column: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]: ...
    def surface(self, first: int, second: int) -> NDArray[np.float64]: ...

def class_values(
    scores: NDArray[np.float64], *, link: str, n_classes: int
) -> NDArray[np.float64]: ...
def grow(
    data: _Table,
    *,
    candidate: _Candidate,
    oob: bool,
    first_tree: int,
    n_threads: int,
    progress: _Progress | None,
) -> _Grown: ...
def fit(
    family: str,
    data: _Data,
    *,
    candidate: _Candidate,
    start: Any,
    n_threads: int,
    progress: _Progress | None,
) -> _Fitted: ...

@final
class Unfinished:
    def __new__(cls) -> Unfinished: ...
    def turn(self) -> None: ...

def sweep(
    family: str,
    data: _Data,
    *,
    folds: Sequence[tuple[NDArray[np.int64], NDArray[np.int64]]],
    candidates: Sequence[_Candidate],
    metrics: Sequence[str],
    train_metrics: bool,
    keep_models: bool,
    keep_predictions: bool,
    n_threads: int,
    time_limit: float | None,
    progress: _Progress | None,
    refit: bool = False,
    unfinished: tuple[Unfinished, str] | None = None,
) -> _Swept: ...
def bootstrap_counts(data: Any, *, candidate: _Candidate, tree: int) -> NDArray[np.uint32]: ...
