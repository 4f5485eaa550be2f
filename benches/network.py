"""Networks against scikit-learn and the loop that a user writes with PyTorch: fits, and a search.

Both are given the same layers, batches, solver and epochs, and the test score is shown beside the
time. Whatever is not installed is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.util import find_spec
from itertools import pairwise
from typing import Any

import numpy as np
import sklearn.model_selection
import sklearn.neural_network as sk
from numpy.typing import NDArray
from sklearn.datasets import load_digits

import setpoint
from measure import OURS, THREADS, Work

PEERS = ("torch",)
NOTE = (
    "float32 rows of normal numbers, classes by the largest of ten linear scores with noise. Fits: "
    "time, accuracy on 5,000 other rows, and the time as a multiple of setpoint's. Search: 3 "
    "learning rates, 3 alphas and 2 widths on 5 folds, with the best mean accuracy."
)

GRID = {
    "learning_rate_init": [1e-3, 3e-3, 1e-2],
    "alpha": [1e-4, 1e-3, 1e-2],
    "hidden_layer_sizes": [(32,), (64,)],
}


def _problem(n: int, d: int, n_classes: int = 10) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n + 5000, d)).astype(np.float32)
    scores = X @ rng.normal(size=(d, n_classes)) / np.sqrt(d)
    return X, (scores + 0.3 * rng.normal(size=scores.shape)).argmax(axis=1)


def _fit(kind: Any, params: dict[str, Any], X: Any, y: Any) -> Callable[[], float]:
    def work() -> float:
        model = kind(**params, random_state=0).fit(X[:-5000], y[:-5000])
        return float(model.score(X[-5000:], y[-5000:]))

    return work


def _torch(params: dict[str, Any], X: Any, y: Any) -> Callable[[], float]:
    torch = import_module("torch")
    torch.set_num_threads(THREADS)
    rows, labels = torch.from_numpy(X), torch.from_numpy(y)
    n = len(X) - 5000

    def work() -> float:
        torch.manual_seed(0)
        sizes = [X.shape[1], *params["hidden_layer_sizes"], int(y.max()) + 1]
        layers: list[Any] = []
        for n_in, n_out in pairwise(sizes):
            layers += [torch.nn.Linear(n_in, n_out), torch.nn.ReLU()]
        net = torch.nn.Sequential(*layers[:-1])
        steps, loss = torch.optim.Adam(net.parameters()), torch.nn.CrossEntropyLoss()
        for _ in range(params["max_iter"]):
            for part in torch.randperm(n).split(params["batch_size"]):
                steps.zero_grad()
                loss(net(rows[part]), labels[part]).backward()
                steps.step()
        with torch.no_grad():
            return float((net(rows[n:]).argmax(1) == labels[n:]).float().mean())

    return work


def _search(search: Any, kind: Any, X: Any, y: Any) -> Callable[[], float]:
    def work() -> float:
        model = kind(max_iter=30, random_state=0)
        return float(search(model, GRID, cv=5, refit=False).fit(X, y).best_score_)

    return work


def works(quick: bool) -> Iterator[Work]:
    """The rows of the table."""
    small = 10 if quick else 1
    for n, d, sizes, batch_size, epochs in (
        (60_000 // small, 784, (128, 64), 200, 3),
        (60_000 // small, 784, (128, 64), 32, 1),
        (5_000, 20, (32,), 200, 50 // small),
    ):
        X, y = _problem(n, d)
        params = {"hidden_layer_sizes": sizes, "batch_size": batch_size, "max_iter": epochs}
        ways = {
            OURS: _fit(setpoint.MLPClassifier, params, X, y),
            "scikit-learn": _fit(sk.MLPClassifier, params, X, y),
        }
        if find_spec("torch"):
            ways["PyTorch"] = _torch(params, X, y)
        shape = f"{n:,} x {d}, {sizes}, batches of {batch_size}, {epochs} epochs"
        yield Work(shape, ways)
    X, y = load_digits(return_X_y=True)
    yield Work(
        "digits, 18 candidates, 5 folds, 30 epochs",
        {
            OURS: _search(setpoint.GridSearchCV, setpoint.MLPClassifier, X, y),
            "scikit-learn": _search(sklearn.model_selection.GridSearchCV, sk.MLPClassifier, X, y),
        },
    )
