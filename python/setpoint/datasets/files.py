"""Paths to tables: which reader reads what, and errors that say what to do.

CSV is read by polars or pyarrow where one is installed and by Python's own `csv` otherwise; all of
them take a column for numbers when every cell that is not missing reads as one, so the table does
not depend on what is installed. Parquet needs one of the two.
"""

from __future__ import annotations

import csv
import gzip
import re
import sys
import warnings
from collections.abc import Callable, Container
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from setpoint.datasets import readers
from setpoint.datasets.bundled import BUNDLED
from setpoint.datasets.table import Column, DataError, Table, suggest

DELIMITERS = ",;\t|"
NUMBER_WITH_COMMAS = re.compile(r"[+-]?[\d,.]*\d[\d,.]*", re.ASCII)


def read_file(path: str, texts: Container[str] = ()) -> Table:
    """Read a CSV file (also ``.gz``, and ``-`` for standard input) or a Parquet file."""
    where = Path(path)
    name = "standard input" if path == "-" else where.name
    parquet = where.suffix.lower() in {".parquet", ".pq"}
    read = _parquet_reader(path) if parquet else partial(_read_csv, texts=texts)
    data = _bytes(path)
    try:
        columns = tuple(read(data))
    except DataError as error:
        raise DataError(f"{name}: {error}") from None
    return Table(name, columns)


def _bytes(path: str) -> bytes:
    if path == "-":
        return sys.stdin.buffer.read()
    try:
        data = Path(path).read_bytes()
    except FileNotFoundError:
        raise DataError(
            f"no file {path!r}, and no bundled set of that name{suggest(path, BUNDLED)}"
        ) from None
    except IsADirectoryError:
        raise DataError(f"{path!r} is a folder; name a CSV or Parquet file in it") from None
    if path.endswith(".gz"):
        try:
            return gzip.decompress(data)
        except (OSError, EOFError) as error:
            raise DataError(f"{path!r} can't be unpacked: {error}") from None
    return data


def _parquet_reader(path: str) -> Callable[[bytes], list[Column]]:
    if find_spec("polars"):
        return readers.parquet_by_polars
    if find_spec("pyarrow"):
        return readers.parquet_by_pyarrow
    raise DataError(
        f"reading {path!r} needs polars or pyarrow; install one by: pip install 'setpoint[parquet]'"
    )


def _read_csv(data: bytes, texts: Container[str]) -> list[Column]:
    data = data.removeprefix(b"\xef\xbb\xbf")
    delimiter, names = _header(data)
    # polars would take a blank line for a row of missing cells; the other readers skip it.
    if find_spec("polars") and not re.search(rb"\n\r?\n", data.rstrip()):
        read = readers.csv_by_polars
    elif find_spec("pyarrow"):
        read = readers.csv_by_pyarrow
    else:
        read = readers.csv_by_python
    columns = read(data, delimiter, names, texts)
    for column in columns:
        if column.name not in texts:
            _warn_of_commas(column)
    return columns


def _warn_of_commas(column: Column) -> None:
    """Point at a column of numbers that its commas make a column of texts."""
    known = column.categories or ()
    if known and all(NUMBER_WITH_COMMAS.fullmatch(text) for text in known):
        warnings.warn(
            f"column {column.name!r} is taken as texts because of commas, as in {known[0]!r}; write"
            " its numbers with a decimal point and nothing between thousands",
            stacklevel=2,
        )


def _header(data: bytes) -> tuple[str, list[str]]:
    """Return the delimiter (the one most frequent in the first line) and the column names."""
    try:
        line = data.partition(b"\n")[0].decode("utf-8")
    except UnicodeDecodeError:
        raise DataError("its first line is not UTF-8 text; is it a CSV file?") from None
    bare = re.sub(r'"[^"]*"', "", line)
    delimiter = max(DELIMITERS, key=bare.count)
    names = [name.strip() for name in next(csv.reader([line], delimiter=delimiter), [])]
    if not any(names):
        raise DataError("its first line is empty; it must hold the names of the columns")
    again = sorted({name for name in names if names.count(name) > 1})
    if again:
        raise DataError(f"two columns are named {again[0]!r}; rename one of them")
    return delimiter, names
