"""Networks against scikit-learn and the loop that a user writes with PyTorch: fits, and a search.

All are given the same layers, batches, solver and epochs, and the test score is shown beside the
time. Each call takes the next of five seeds, so the scores are medians over seeds. Whatever is not
installed is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from itertools import count, pairwise
from time import perf_counter
from typing import Any

import numpy as np
import sklearn.model_selection
import sklearn.neural_network as sk
from numpy.typing import NDArray
from sklearn.datasets import load_digits

import setpoint
from measure import OURS, THREADS, Timing, Work

PEERS = ("torch",)
NOTE = (
    "float32 rows of normal numbers, classes by the largest of ten linear scores with noise. Fits: "
    "time, accuracy on 5,000 other rows (median over seeds), and the time as a multiple of "
    "setpoint's; PyTorch begins with its own, smaller weights and has no penalty. Search: 3 "
    "learning rates, 3 alphas and 2 widths on 5 folds, with the best mean accuracy."
)
FITS = (
    (60_000, 784, (128, 64), 200, 3),
    (60_000, 784, (128, 64), 32, 1),
    (5_000, 20, (32,), 200, 50),
)
"""Rows, columns, hidden layers, rows of a batch, epochs."""
SEEDS = 5

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


def _seeds() -> Callable[[], int]:
    calls = count()
    return lambda: next(calls) % SEEDS


def _fit(kind: Any, params: dict[str, Any], X: Any, y: Any) -> Callable[[], Callable[[], float]]:
    seed = _seeds()

    def work() -> Callable[[], float]:
        model = kind(**params, random_state=seed()).fit(X[:-5000], y[:-5000])
        return lambda: float(model.score(X[-5000:], y[-5000:]))

    return work


def _torch(params: dict[str, Any], X: Any, y: Any) -> Callable[[], Callable[[], float]]:
    torch = import_module("torch")
    torch.set_num_threads(THREADS)
    rows, labels = torch.from_numpy(X), torch.from_numpy(y)
    n, seed = len(X) - 5000, _seeds()

    def work() -> Callable[[], float]:
        torch.manual_seed(seed())
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

        def reached() -> float:
            with torch.no_grad():
                return float((net(rows[n:]).argmax(1) == labels[n:]).float().mean())

        return reached

    return work


def _search(search: Any, kind: Any, X: Any, y: Any) -> Callable[[], float]:
    def work() -> float:
        model = kind(max_iter=30, random_state=0)
        found = search(model, GRID, cv=5, refit=False, n_jobs=THREADS).fit(X, y)
        return float(found.best_score_)

    return work


def _name(n: int, d: int, sizes: tuple[int, ...], batch_size: int, epochs: int) -> str:
    return f"{n:,} x {d}, {sizes}, batches of {batch_size}, {epochs} epochs"


def works(quick: bool) -> Iterator[Work]:
    """The rows of the table."""
    for fit in FITS:
        n, d, sizes, batch_size, epochs = fit
        if quick:
            n //= 10
        X, y = _problem(n, d)
        params = {"hidden_layer_sizes": sizes, "batch_size": batch_size, "max_iter": epochs}
        ways = {
            OURS: _fit(setpoint.MLPClassifier, params | {"n_jobs": THREADS}, X, y),
            "scikit-learn": _fit(sk.MLPClassifier, params, X, y),
        }
        if find_spec("torch"):
            ways["PyTorch"] = _torch(params, X, y)
        few = setpoint.MLPClassifier(sizes, max_iter=1, n_jobs=THREADS)
        warm = {OURS: partial(few.fit, X[:500], y[:500])}  # takes none of the seeds
        yield Work(_name(n, d, sizes, batch_size, epochs), ways, warm)
    X, y = load_digits(return_X_y=True)
    X = X.astype(np.float32)
    yield Work(
        "digits, 18 candidates, 5 folds, 30 epochs",
        {
            OURS: _search(setpoint.GridSearchCV, setpoint.MLPClassifier, X, y),
            "scikit-learn": _search(sklearn.model_selection.GridSearchCV, sk.MLPClassifier, X, y),
        },
    )


def _operations(n: int, d: int, sizes: tuple[int, ...], _: int, epochs: int) -> float:
    """Of the products alone: forward, both ways back, but not to the slopes by X."""
    weights = [a * b for a, b in pairwise((d, *sizes, 10))]
    return epochs * n * (6.0 * sum(weights) - 2.0 * weights[0])


def _peak() -> float:
    """Operations a second of NumPy's float32 product of two large matrices, the best of ten."""
    a = np.random.default_rng(0).normal(size=(2048, 2048)).astype(np.float32)
    times = []
    for _ in range(10):
        start = perf_counter()
        a @ a
        times.append(perf_counter() - start)
    return 2.0 * len(a) ** 3 / min(times)


def remarks(rows: Mapping[str, Mapping[str, Timing]]) -> Iterator[str]:
    """How much of the machine's speed in products each fit reaches, and scores by seed."""
    peak = _peak()
    yield f"NumPy's float32 product peaks at {peak / 1e9:.0f} GFLOP/s. Of that reach:"
    for fit in FITS:
        timings = rows.get(_name(*fit), {})
        shares = [
            f"{name} {_operations(*fit) / timing.time / peak:.0%}"
            for name, timing in timings.items()
        ]
        scores = [
            f"{name} {min(timing.scores):.4f} to {max(timing.scores):.4f}"
            for name, timing in timings.items()
        ]
        if timings:
            seeds = min(SEEDS, *(len(timing.scores) for timing in timings.values()))
            yield (
                f"- {_name(*fit)}: {', '.join(shares)}; accuracy over {seeds} seed(s): "
                f"{', '.join(scores)}."
            )
