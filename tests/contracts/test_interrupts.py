"""Ctrl-C stops a training or a search within a second, and the process goes on in good health."""

import os
import signal
import subprocess
import sys
import time

import pytest

from contracts.cases import ESTIMATORS, KINDS, LARGE, SLOW, SMALL
from setpoint.tuning import TUNERS

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name == "nt", reason="signals of POSIX systems"),
]

LIMIT = 1.0
ATTEMPTS = 3  # the machine may be busy: the best counts

CHILD = """
import warnings
import numpy as np, setpoint
from setpoint.tuning import TUNERS
from sklearn.exceptions import NotFittedError

warnings.simplefilter("ignore")
rng = np.random.default_rng(0)
X = rng.random(({rows}, 30), dtype=np.float32)
y = rng.integers(0, 2, {rows}).astype({dtype!r})
kind = setpoint.{cls}
small = kind(**{small})
small.fit(X[:200], y[:200])
model = kind(**{large})
{wrap}
print("ready", flush=True)
try:
    model.fit(X, y)
except KeyboardInterrupt:
    print("interrupted", flush=True)
else:
    print("ended by itself", flush=True)
try:
    model.predict(X[:1])
except (NotFittedError, AttributeError):  # a search without refit has no predict
    print("not fitted", flush=True)
assert np.isfinite(small.fit(X[:500], y[:500]).predict(X[:500])).all()
print("healthy", flush=True)
"""

WRAP = "model = TUNERS[{name!r}](model, {grid}, cv=3, refit=False)"


def stopped_after(script):
    """Seconds between SIGINT and the child's KeyboardInterrupt; the child must stay healthy."""
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as child:
        try:
            assert child.stdout.readline() == "ready\n", child.stderr.read()
            time.sleep(0.7)
            child.send_signal(signal.SIGINT)
            start = time.perf_counter()
            line = child.stdout.readline()
            took = time.perf_counter() - start
            rest, errors = child.stdout.read(), child.stderr.read()
            child.wait(timeout=60)
        finally:
            child.kill()
    assert line == "interrupted\n", errors
    assert rest == "not fitted\nhealthy\n", errors
    assert child.returncode == 0
    return took


def assert_stops(kind, rows, large, wrap=""):
    if not large:
        pytest.skip("nothing makes its training long")
    script = CHILD.format(
        cls=kind.cls.__name__,
        rows=rows,
        dtype="int64" if kind.task == "classification" else "float64",
        small=kind.only(SMALL),
        large=large,
        wrap=wrap,
    )
    times = []
    while len(times) < ATTEMPTS and min(times, default=LIMIT) >= LIMIT:
        times.append(stopped_after(script))
    assert min(times) < LIMIT


@pytest.mark.parametrize("kind", ESTIMATORS, ids=str)
def test_many_short_steps(kind):
    assert_stops(kind, 500, kind.long)


@pytest.mark.parametrize("kind", ESTIMATORS, ids=str)
def test_few_long_steps(kind):
    """One step on many rows takes longer than a second by itself."""
    assert_stops(kind, 400_000, kind.only(SLOW))


FACTORISED = """
import numpy as np, setpoint
from sklearn.exceptions import NotFittedError
X = np.random.default_rng(0).random(({rows}, {columns}))
y = X[:, 0]
model = setpoint.{model}
print("ready", flush=True)
try:
    model.fit(X, y)
except KeyboardInterrupt:
    print("interrupted", flush=True)
try:
    model.predict(X[:1])
except (NotFittedError, AttributeError):
    print("not fitted", flush=True)
assert np.isfinite(setpoint.Ridge().fit(X[:50, :5], y[:50]).predict(X[:1, :5])).all()
print("healthy", flush=True)
"""


@pytest.mark.parametrize(
    ("rows", "columns", "model"),
    [
        (4000, 4000, 'Ridge(solver="svd")'),
        (2500, 5000, 'Ridge(solver="svd")'),
        (6000, 4000, "LinearRegression()"),
        (
            6000,
            3000,
            "GridSearchCV(setpoint.Ridge(), {'alpha': [1, 2, 3, 4, 5]}, cv=2, refit=False)",
        ),
    ],
)
def test_factorisations_of_many_columns(rows, columns, model):
    """A factorisation takes seconds and cannot be stopped: it is left behind."""
    script = FACTORISED.format(rows=rows, columns=columns, model=model)
    assert min(stopped_after(script) for _ in range(ATTEMPTS)) < LIMIT


@pytest.mark.parametrize("name", TUNERS)
def test_search(name):
    kind = KINDS[0]
    wrap = WRAP.format(name=name, grid={"criterion": ["gini", "entropy"], "max_depth": [3, None]})
    assert_stops(kind, 500, kind.only(LARGE), wrap)
