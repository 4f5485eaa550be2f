"""How many threads a call may use. Nothing is started here; the core's pool reads the number."""

from __future__ import annotations

import multiprocessing
import os

from joblib.parallel import get_active_backend

__all__ = ["cores", "threads"]


def cores() -> int:
    """How many cores this process may run on."""
    if hasattr(os, "process_cpu_count"):  # Python >= 3.13; honours PYTHON_CPU_COUNT
        count = os.process_cpu_count()
    elif hasattr(os, "sched_getaffinity"):
        count = len(os.sched_getaffinity(0))
    else:
        count = os.cpu_count()
    return count or 1


def threads(n_jobs: int | None = None) -> int:
    """Threads for `n_jobs`; never more than there are cores.

    Parameters
    ----------
    n_jobs : int or None
        None or -1: all cores; -2: all but one, and so on; a positive number: that many.
        Inside a worker of another pool (joblib, loky, multiprocessing, concurrent.futures) always
        one: the pool has spent the cores already.

    Returns
    -------
    int
        At least 1.

    Raises
    ------
    ValueError
        If `n_jobs` is 0.
    """
    if n_jobs == 0:
        raise ValueError(
            "n_jobs must be None (all cores), a positive int or a negative int (-1: all cores, "
            "-2: all but one), got 0. Use n_jobs=1 for a single thread."
        )
    if n_jobs == 1 or _in_a_worker():
        return 1
    available = cores()
    if n_jobs is None:
        return available
    return max(1, min(n_jobs, available) if n_jobs > 0 else available + 1 + n_jobs)


def _in_a_worker() -> bool:
    """Whether somebody else's pool runs this code in one of its workers."""
    if multiprocessing.parent_process() is not None:
        return True
    if multiprocessing.current_process().name.startswith("LokyProcess"):
        return True
    # joblib's threading backend: a worker runs under a backend one level deeper.
    return bool(getattr(get_active_backend()[0], "nesting_level", 0))
