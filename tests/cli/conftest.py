"""Fixtures: the command called as a function in an empty folder, and a file to learn from."""

from pathlib import Path

import numpy as np
import pytest

from setpoint.cli import main


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Run the command in an empty folder; give exit code, standard output and standard error."""
    monkeypatch.chdir(tmp_path)

    def call(*args: str) -> tuple[int, str, str]:
        try:
            code = main(args)
        except SystemExit as stop:
            code = stop.code
        return (code, *capsys.readouterr())

    return call


@pytest.fixture
def people(tmp_path: Path) -> str:
    """A file with numbers, texts, missing cells and a target that depends on both."""
    rng = np.random.default_rng(0)
    path = tmp_path / "people.csv"
    lines = ["id,age,city,bought"]
    for i in range(120):
        age, city = rng.integers(18, 80), rng.choice(["Rome", "Oslo", "Lima"])
        bought = "yes" if (city == "Oslo") or age > 60 else "no"
        shown = "" if i % 17 == 0 else age
        lines.append(f"p{i},{shown},{'' if i % 23 == 0 else city},{bought}")
    path.write_text("\n".join(lines) + "\n")
    return "people.csv"
