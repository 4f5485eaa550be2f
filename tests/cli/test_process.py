"""The command as a process: signals and pipes."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

COMMAND = [sys.executable, "-m", "setpoint"]


def test_broken_pipe_is_quiet() -> None:
    process = subprocess.Popen(
        [*COMMAND, "models"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    process.stdout.close()
    error = process.stderr.read()
    assert (process.wait(), error) == (141, "")
    process.stderr.close()


@pytest.mark.skipif(os.name != "posix", reason="signals as on POSIX")
def test_interrupt_is_130(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    path = tmp_path / "large.csv"
    rows = np.column_stack([rng.normal(size=(20_000, 40)), rng.integers(0, 2, 20_000)])
    header = ",".join(f"c{i}" for i in range(41))
    np.savetxt(path, rows, delimiter=",", fmt="%.6g", header=header, comments="")
    process = subprocess.Popen(
        [*COMMAND, "tune", str(path), "--target", "c40", "--param", "n_estimators=100000"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    # The note on what is learned from comes just before the search.
    for line in process.stderr:
        if "20,000 rows" in line:
            break
    time.sleep(1)
    start = time.perf_counter()
    process.send_signal(signal.SIGINT)
    out, error = process.communicate(timeout=60)
    assert process.returncode == 130 and not out
    assert error == "setpoint: error: interrupted\n"
    assert time.perf_counter() - start < 3
