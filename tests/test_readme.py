"""The README and the pages of docs/ say what is so: their examples are run.

The command that tests is not run from inside a test; `.ci/run` runs it.
"""

import doctest
import re
import shlex
from pathlib import Path

import pytest

import setpoint
from setpoint.cli import main

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
PAGES = sorted([README, *ROOT.glob("docs/**/*.md")])


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text("utf-8"), re.M | re.S)


def test_the_two_commands_come_first() -> None:
    lines = [
        line for line in README.read_text("utf-8").splitlines() if line.startswith("pip install")
    ]
    assert lines[:2] == [
        "pip install . && setpoint tune digits --model forest --search grid",
        "pip install '.[test]' && pytest",
    ]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_python_examples(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text = "\n".join(blocks(page, "python"))
    test = doctest.DocTestParser().get_doctest(text, {}, page.name, str(page), 0)
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS, verbose=False)
    report: list[str] = []
    assert runner.run(test, out=report.append).failed == 0, "".join(report)


def test_command_line_examples(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    lines = [line for block in blocks(README, "sh") for line in block.splitlines()]
    commands = [line for line in lines if line.startswith("setpoint ")]
    assert len(commands) >= 4
    for command in commands:
        assert main(shlex.split(command)[1:]) == 0, (command, capsys.readouterr().err)


def test_the_reference_has_every_public_name_once() -> None:
    named = re.findall(r"\.\. auto\w+:: (\S+)", (ROOT / "docs/api.md").read_text("utf-8"))
    listed = [name.rpartition(".")[2] for name in named]
    assert len(set(listed)) == len(listed)
    assert set(setpoint.__all__) <= set(listed)


def test_links_lead_somewhere() -> None:
    for page in (README, *ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")):
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text("utf-8")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"
