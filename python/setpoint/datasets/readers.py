"""One function a reader: the bytes of a file to columns. Which one is used is said in `files`.

The rule for CSV is the same in all: cells lose the blanks around them, the words in `MISSING` (in
any case) are missing, and a column holds numbers when every other cell reads as one; else texts.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Container, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np

from setpoint.datasets.table import Column, DataError

if TYPE_CHECKING:
    import polars as pl

MISSING = ("", "?", "na", "n/a", "nan", "null")
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?|[+-]?inf(inity)?", re.ASCII | re.I)


def csv_by_python(
    data: bytes, delimiter: str, names: Sequence[str], texts: Container[str] = ()
) -> list[Column]:
    """Read CSV by the standard library alone."""
    try:
        lines = io.StringIO(data.decode("utf-8"), newline="")
    except UnicodeDecodeError as error:
        raise DataError(f"it is not UTF-8 text ({error})") from None
    rows = [row for row in csv.reader(lines, delimiter=delimiter) if row][1:]
    for number, row in enumerate(rows, 1):
        if len(row) != len(names):
            raise DataError(f"row {number} has {len(row)} cells; the header has {len(names)}")
    cells = zip(*rows, strict=True) if rows else [()] * len(names)
    columns = zip(names, cells, strict=True)
    return [_column(name, column, name in texts) for name, column in columns]


def _column(name: str, cells: Sequence[str], is_text: bool) -> Column:
    stripped = (cell.strip() for cell in cells)
    texts = [None if cell.lower() in MISSING else cell for cell in stripped]
    if not is_text and all(text is None or NUMBER.fullmatch(text) for text in texts):
        return Column(name, np.array([np.nan if t is None else float(t) for t in texts], float))
    return Column.from_texts(name, texts)


def csv_by_polars(
    data: bytes, delimiter: str, names: Sequence[str], texts: Container[str] = ()
) -> list[Column]:
    """Read CSV by polars."""
    import polars as pl

    try:
        frame = pl.read_csv(io.BytesIO(data), separator=delimiter, infer_schema=False)
    except pl.exceptions.PolarsError as error:
        raise DataError(f"polars can't read it: {_first_line(error)}") from None
    columns = []
    for name, cells in zip(names, frame.get_columns(), strict=True):
        stripped = cells.str.strip_chars()
        missing = stripped.str.to_lowercase().is_in(MISSING)
        known = stripped.to_frame().select(pl.when(~missing).then(pl.first())).to_series()
        columns.append(_polars_column(name, known, name in texts))
    return columns


def _polars_column(name: str, cells: pl.Series, is_text: bool) -> Column:
    import polars as pl

    numbers = cells.cast(pl.Float64, strict=False)
    if not is_text and numbers.null_count() == cells.null_count():
        return Column(name, numbers.fill_null(float("nan")).to_numpy())
    categories = cells.drop_nulls().unique().sort()
    codes = cells.cast(pl.Enum(categories)).to_physical().cast(pl.Float64)
    return Column(name, codes.fill_null(float("nan")).to_numpy(), tuple(categories))


def csv_by_pyarrow(
    data: bytes, delimiter: str, names: Sequence[str], texts: Container[str] = ()
) -> list[Column]:
    """Read CSV by pyarrow."""
    import pyarrow as pa
    from pyarrow import csv as pa_csv

    try:
        table = pa_csv.read_csv(
            pa.BufferReader(data),
            read_options=pa_csv.ReadOptions(column_names=list(names), skip_rows=1),
            parse_options=pa_csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
            convert_options=pa_csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string())),
        )
    except pa.ArrowInvalid as error:
        raise DataError(f"pyarrow can't read it: {_first_line(error)}") from None
    columns = zip(names, table.columns, strict=True)
    return [_arrow_column(name, cells, name in texts) for name, cells in columns]


def _arrow_column(name: str, cells: Any, is_text: bool) -> Column:
    import pyarrow as pa
    from pyarrow import compute

    texts = compute.utf8_trim_whitespace(cells)
    missing = compute.is_in(compute.utf8_lower(texts), value_set=pa.array(MISSING))
    texts = compute.if_else(missing, pa.scalar(None, pa.string()), texts)
    if not is_text:
        with suppress(pa.ArrowInvalid):
            return _arrow_numbers(name, compute.cast(texts, pa.float64()))
    return Column.from_texts(name, texts.to_pylist())


def _arrow_numbers(name: str, cells: Any) -> Column:
    values = cells.cast("float64").to_numpy(zero_copy_only=False)
    return Column(name, np.array(values, np.float64))


def parquet_by_polars(data: bytes) -> list[Column]:
    """Read Parquet by polars."""
    import polars as pl

    try:
        frame = pl.read_parquet(io.BytesIO(data))
    except pl.exceptions.PolarsError as error:
        raise DataError(f"polars can't read it: {_first_line(error)}") from None
    columns = []
    for cells in frame.get_columns():
        kind = cells.dtype
        if kind.is_numeric():
            numbers = cells.cast(pl.Float64).fill_null(float("nan"))
            columns.append(Column(cells.name, numbers.to_numpy()))
            continue
        if kind.is_nested() or kind in {pl.Binary, pl.Object}:
            raise DataError(_unreadable(cells.name, kind))
        columns.append(Column.from_texts(cells.name, cells.cast(pl.String).to_list()))
    return columns


def parquet_by_pyarrow(data: bytes) -> list[Column]:
    """Read Parquet by pyarrow."""
    import pyarrow as pa
    from pyarrow import parquet, types

    try:
        table = parquet.read_table(pa.BufferReader(data))
    except (pa.ArrowInvalid, OSError) as error:
        raise DataError(f"pyarrow can't read it: {_first_line(error)}") from None
    columns = []
    for name, cells in zip(table.column_names, table.columns, strict=True):
        kind = cells.type.value_type if types.is_dictionary(cells.type) else cells.type
        if types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind):
            columns.append(_arrow_numbers(name, cells.cast(kind)))
            continue
        if types.is_nested(kind) or types.is_binary(kind) or types.is_large_binary(kind):
            raise DataError(_unreadable(name, kind))
        columns.append(Column.from_texts(name, cells.cast(pa.string()).to_pylist()))
    return columns


def _unreadable(name: str, kind: object) -> str:
    return f"column {name!r} is of type {kind}; write the file without it, or as numbers or texts"


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]
