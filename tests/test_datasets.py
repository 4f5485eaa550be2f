"""Reading: every reader gives the same table, and what can't be read is said with a remedy."""

import gzip
import io
import sys
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from setpoint.datasets import BUNDLED, Column, DataError, Table, files, load, readers

CSV_READERS = [readers.csv_by_python, readers.csv_by_polars, readers.csv_by_pyarrow]
PARQUET_READERS = [readers.parquet_by_polars, readers.parquet_by_pyarrow]


def same(a: Column, b: Column) -> bool:
    equal = np.array_equal(a.values, b.values, equal_nan=True)
    return a.name == b.name and a.categories == b.categories and equal


def csv_file(folder: Path, text: str, name: str = "data.csv") -> str:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return str(path)


cells = st.one_of(
    st.sampled_from(
        ["", "NA", " nan ", "?", "null", "true", "a b", "é", "0x1F", "1_0", "1,5", '"']
    ),
    st.integers(-1000, 1000).map(str),
    st.floats(-1e6, 1e6).map(repr),
    st.sampled_from(["+4", "1.", ".5", "1e5", "1E+5", "inf", "-Infinity", " 7 ", "--1", "1f"]),
)


@given(st.integers(1, 3).flatmap(lambda d: st.lists(st.tuples(*[cells] * d), min_size=1)))
def test_csv_readers_agree(rows: list[tuple[str, ...]]) -> None:
    names = [f"c{i}" for i in range(len(rows[0]))]
    # Quoted, so that a row of one empty cell is no blank line.
    quoted = [
        ",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in [names, *rows]
    ]
    data = ("\n".join(quoted) + "\n").encode()
    tables = [read(data, ",", names) for read in CSV_READERS]
    for other in tables[1:]:
        assert all(map(same, tables[0], other))


@pytest.mark.parametrize("read", CSV_READERS)
def test_csv_rule(read) -> None:
    text = b'a,b,c,d\n 1 ,x,,3x\n2,?,inf,\n+3,"q,""z""",NA,7\n'
    a, b, c, d = read(text, ",", ["a", "b", "c", "d"])
    assert a.categories is None and a.values.tolist() == [1, 2, 3]
    assert b.texts() == ["x", None, 'q,"z"']
    assert c.categories is None and np.isinf(c.values[1]) and np.isnan(c.values[[0, 2]]).all()
    assert d.categories == ("3x", "7")


@pytest.mark.parametrize("read", PARQUET_READERS)
def test_parquet(read) -> None:
    frame = pl.DataFrame(
        {
            "number": [1, None, 3],
            "text": ["b", None, "a"],
            "flag": [True, False, None],
            "day": [date(2020, 1, 2)] * 3,
            "category": pl.Series(["u", "v", None], dtype=pl.Categorical),
        }
    )
    buffer = io.BytesIO()
    frame.write_parquet(buffer)
    number, text, flag, day, category = read(buffer.getvalue())
    assert number.values[[0, 2]].tolist() == [1, 3] and np.isnan(number.values[1])
    assert text.texts() == ["b", None, "a"]
    assert flag.texts() == ["true", "false", None]
    assert day.categories == ("2020-01-02",)
    assert category.texts() == ["u", "v", None]


@pytest.mark.parametrize("read", PARQUET_READERS)
def test_parquet_refuses_nested_columns(read) -> None:
    buffer = io.BytesIO()
    pl.DataFrame({"pairs": [[1, 2], [3, 4]]}).write_parquet(buffer)
    with pytest.raises(DataError, match="column 'pairs' is of type"):
        read(buffer.getvalue())


@pytest.mark.parametrize("delimiter", list(files.DELIMITERS))
def test_delimiter_is_seen_from_the_header(tmp_path: Path, delimiter: str) -> None:
    text = delimiter.join(["a", '"b,; c"', "d"]) + "\n" + delimiter.join("123") + "\n"
    assert load(csv_file(tmp_path, text)).names == ["a", "b,; c", "d"]


@pytest.mark.parametrize("available", [{"polars"}, {"pyarrow"}, set()], ids=str)
def test_the_same_table_whatever_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, available: set[str]
) -> None:
    monkeypatch.setattr(files, "find_spec", lambda name: name in available)
    table = load(csv_file(tmp_path, "\ufeffa,b\r\n1,x\r\n\r\n2,y\r\n"))
    assert table.names == ["a", "b"]
    assert table["a"].values.tolist() == [1, 2]
    assert table["b"].texts() == ["x", "y"]


def test_numbers_with_commas_are_pointed_at(tmp_path: Path) -> None:
    path = csv_file(tmp_path, "a;b;c\n1,5;x,y;2\n2;z;3\n")
    with pytest.warns(UserWarning, match="column 'a' is taken as texts because of commas") as said:
        assert load(path)["a"].texts() == ["1,5", "2"]
    assert len(said) == 1


def test_gzip_and_standard_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "data.csv.gz"
    path.write_bytes(gzip.compress(b"a,b\n1,2\n"))
    assert load(str(path))["b"].values.tolist() == [2]
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"a\n5\n")))
    assert load("-")["a"].values.tolist() == [5]


@pytest.mark.parametrize("name", BUNDLED)
def test_bundled(name: str) -> None:
    table = load(name)
    assert table.target == table.names[-1] == "target"
    assert not any(column.missing.any() for column in table.columns)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "first line is empty"),
        ("a,b\n", "holds no rows"),
        ("a,a\n1,2\n", "two columns are named 'a'"),
        ("a,b\n1,2,3\n", "data.csv: "),
    ],
)
def test_bad_csv(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        load(csv_file(tmp_path, text))


def test_ragged_rows_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "find_spec", lambda name: False)
    with pytest.raises(DataError, match="row 2 has 3 cells; the header has 2"):
        load(csv_file(tmp_path, "a,b\n1,2\n1,2,3\n"))


def test_parquet_without_a_reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "find_spec", lambda name: False)
    with pytest.raises(DataError, match=r"pip install 'setpoint\[parquet\]'"):
        load(str(tmp_path / "data.parquet"))


@pytest.mark.parametrize(
    ("source", "message"),
    [("digit", "did you mean 'digits'"), ("nothing.csv", "no file 'nothing.csv'"), (".", "folder")],
)
def test_unknown_sources(source: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        load(source)


@pytest.mark.parametrize("junk", [b"\xff\xfe\x00a", b"\x89PNG\r\n\x1a\n\x00"])
def test_not_text(tmp_path: Path, junk: bytes) -> None:
    path = tmp_path / "data.csv"
    path.write_bytes(junk)
    with pytest.raises(DataError, match="UTF-8"):
        load(str(path))


def test_columns_by_name() -> None:
    table = Table("t", (Column("age", np.zeros(2)), Column("city", np.ones(2))))
    assert table.drop(["age"]).names == ["city"]
    assert table.select(["city", "age"]).names == ["city", "age"]
    with pytest.raises(DataError, match="did you mean 'city'"):
        table["citty"]
    with pytest.raises(DataError, match="no column of t is left"):
        table.drop(["age", "city"])
