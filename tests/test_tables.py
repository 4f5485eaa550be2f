"""Tables of text."""

from setpoint.tables import Table

WORDS = Table(("a", "text"), [("100", "word " * 20), ("2", "")], title="Words")


def test_columns_align() -> None:
    lines = str(WORDS).splitlines()
    assert lines[:3] == ["Words", "a    text", "---  " + "-" * 100]
    assert lines[3].startswith("100  word word") and lines[4] == "2"


def test_the_last_column_wraps() -> None:
    lines = WORDS.text(width=40).splitlines()
    assert all(len(line) <= 40 for line in lines)
    assert (
        lines[3].startswith("100  word") and lines[4].startswith("     word") and lines[-1] == "2"
    )
    assert " ".join(lines[3:-1]).count("word") == 20


def test_html_escapes() -> None:
    assert "<td>&lt;b&gt;</td>" in Table(("a",), [("<b>",)])._repr_html_()
