"""Data by name or from a file, for the command line: a `Table` of named columns.

scikit-learn's bundled sets go by their names; anything else is a path. No model is known here.
"""

from __future__ import annotations

from collections.abc import Container

from setpoint.datasets.bundled import BUNDLED, load_bundled
from setpoint.datasets.files import read_file
from setpoint.datasets.table import Column, DataError, Table

__all__ = ["BUNDLED", "Column", "DataError", "Table", "load"]


def load(source: str, texts: Container[str] = ()) -> Table:
    """Return the bundled set of that name, else the table in that file.

    Parameters
    ----------
    source : str
        ``"iris"``, ``"digits"``, ... (`BUNDLED`), the path of a CSV or Parquet file, or ``"-"``
        for CSV on standard input. A file that has the name of a bundled set is ``"./iris"``.
    texts : container of str
        Columns of a CSV file that hold texts even where all cells read as numbers.

    Returns
    -------
    Table

    Raises
    ------
    DataError
        There is no such set or file, or it can't be read; the message says what to do.
    """
    return load_bundled(source) if source in BUNDLED else read_file(source, texts)
