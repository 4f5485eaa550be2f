"""Tables of text."""

import pytest

from setpoint.tables import Table

WORDS = Table(("a", "text"), [("100", "word " * 20), ("2", "")], title="Words")


def test_columns_align() -> None:
    lines = WORDS.text().splitlines()
    assert lines[:3] == ["Words", "a    text", "---  " + "-" * 100]
    assert lines[3].startswith("100  word word") and lines[4] == "2"


def test_wide_columns_wrap_and_words_stay_whole() -> None:
    lines = WORDS.text(width=40).splitlines()
    assert all(len(line) <= 40 for line in lines)
    assert lines[3].startswith("100  word") and lines[4].startswith("     word")
    assert lines[-1] == "2"
    assert WORDS.text(width=5).split() == WORDS.text().replace("-" * 100, "----").split()


def test_str_fits_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "50")
    assert str(WORDS) == WORDS.text(50)


def test_html_escapes() -> None:
    assert "<td>&lt;b&gt;</td>" in Table(("a",), [("<b>",)])._repr_html_()


def test_a_table_that_is_too_wide_is_folded() -> None:
    names = [f"hyperparameter_{i}" for i in range(5)]
    table = Table(["rank", *names], [["1", "a", "", "0.5", "1e-05", "x"]], fold=(1, "values"))
    wide, narrow = table.text(200).splitlines(), table.text(60).splitlines()
    assert wide == table.text().splitlines() and wide[0].split() == ["rank", *names]
    assert narrow[0].split() == ["rank", "values"] and max(map(len, narrow)) <= 60
    assert " ".join(narrow[2:]).split() == [
        "1", "hyperparameter_0=a", "hyperparameter_2=0.5", "hyperparameter_3=1e-05",
        "hyperparameter_4=x",
    ]  # fmt: skip
