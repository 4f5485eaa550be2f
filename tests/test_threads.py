"""The number of threads: what is asked for, never more than cores, one in somebody's worker."""

import multiprocessing
import os
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor

import joblib
import pytest

from setpoint.threads import cores, threads


def in_worker(n_jobs):
    return threads(n_jobs)


def test_numbers():
    assert threads(None) == threads(-1) == cores()
    assert threads(1) == 1
    assert threads(10**6) == cores()
    assert threads(-(10**6)) == 1
    assert threads(-2) == max(1, cores() - 1)


def test_zero_is_refused():
    with pytest.raises(ValueError, match=r"n_jobs must be None .* got 0"):
        threads(0)


@pytest.mark.parametrize("backend", ["threading", "loky", "multiprocessing"])
def test_one_inside_a_worker_of_joblib(backend):
    found = joblib.Parallel(n_jobs=2, backend=backend)(
        joblib.delayed(in_worker)(n) for n in (None, -1, 2)
    )
    assert found == [1, 1, 1]


def test_one_inside_a_worker_process():
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        assert list(pool.map(in_worker, [None, -1, 2])) == [1, 1, 1]


def test_all_outside_of_a_worker_again():
    joblib.Parallel(n_jobs=1)(joblib.delayed(in_worker)(None) for _ in range(2))
    assert threads(None) == cores()


NO_THREADS = """
import numpy as np, setpoint
X = np.random.default_rng(0).normal(size=(300, 4))
model = setpoint.Ridge().fit(X, X[:, 0])
print(repr(model.predict(X[:5]).tolist()))
"""


def test_without_more_threads_the_calling_one_works():
    """No thread can be started whose stack is larger than the address space."""

    def run(**environment):
        done = subprocess.run(
            [sys.executable, "-c", NO_THREADS],
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert run(RUST_MIN_STACK=str(2**60)) == run()
