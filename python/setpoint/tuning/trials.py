"""What a search tried, as a table for other tools: pandas, polars, CSV, Parquet, Optuna.

The rows are those of scikit-learn's ``cv_results_``, which stays the search's own record.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, overload

import numpy as np

from setpoint.files import replacing
from setpoint.tables import Table

__all__ = ["Trials"]

_SHOWN = 20
_PARAM, _MEAN = "param_", "mean_test_"


class Trials(Sequence[Mapping[str, Any]]):
    """The candidates of a search, in their order: a sequence of rows that prints the best ones.

    Parameters
    ----------
    results : mapping of str to sequence
        ``cv_results_``.
    metric : str or None
        The metric that decided, where there are several; None: the first.
    """

    def __init__(self, results: Mapping[str, Any], metric: str | None = None) -> None:
        self._params: list[dict[str, Any]] = list(results["params"])
        names = [name.removeprefix(_MEAN) for name in results if name.startswith(_MEAN)]
        self._metric = metric if metric in names else names[0]
        self._columns = {
            name: _plain(values) for name, values in results.items() if name != "params"
        }

    @property
    def metric(self) -> str:
        """The metric that decided."""
        return self._metric

    @property
    def params(self) -> list[dict[str, Any]]:
        """The hyperparameters of each candidate, as they were set."""
        return [dict(params) for params in self._params]

    @property
    def columns(self) -> dict[str, list[Any]]:
        """All columns: hyperparameters (``param_NAME``), times, scores by fold, mean, spread, rank.

        A hyperparameter that does not apply to a candidate is None; so is a missing score.
        """
        return {name: list(values) for name, values in self._columns.items()}

    @property
    def scores(self) -> list[float | None]:
        """The mean held-out score of each candidate by the metric that decided."""
        return list(self._columns[f"{_MEAN}{self._metric}"])

    def __len__(self) -> int:
        return len(self._params)

    @overload
    def __getitem__(self, index: int) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, index: slice) -> list[dict[str, Any]]: ...
    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        place = range(len(self))[index]
        return {name: values[place] for name, values in self._columns.items()}

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return (self[i] for i in range(len(self)))

    def table(self, top: int | None = None) -> Table:
        """Rank, score, spread over folds and hyperparameters, the best first.

        Parameters
        ----------
        top : int or None
            How many rows; None: all.
        """
        ranks = ranking(self._columns, self._metric)
        order = list(ranks)[:top]
        spread = self._columns[f"std_test_{self._metric}"]
        names = list(dict.fromkeys(name for params in self._params for name in params))

        def shown(i: int) -> list[str]:
            params = self._params[i]
            values = [_shown(params[name]) if name in params else "" for name in names]
            return [str(ranks[i]), _number(self.scores[i]), _number(spread[i]), *values]

        rows = [shown(i) for i in order]
        headers = ["rank", self._metric, "std", *names]
        more = "" if len(order) == len(self) else f", the best {len(order)}"
        title = f"{len(self)} candidates{more}"
        return Table(headers, rows, title, fold=(3, "hyperparameters"))

    def __str__(self) -> str:
        return str(self.table(_SHOWN))

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return self.table(_SHOWN)._repr_html_()

    # Other tools.

    def to_pandas(self) -> Any:
        """Make a `pandas.DataFrame`; hyperparameters are the Python objects that were set."""
        import pandas

        return pandas.DataFrame(self._columns)

    def to_polars(self) -> Any:
        """Make a `polars.DataFrame`; a column of values of several types holds them as text."""
        import polars

        return polars.DataFrame({name: _uniform(values) for name, values in self._columns.items()})

    def to_csv(self, path: str | Path) -> None:
        """Write a CSV file: a line for each candidate, empty cells where nothing applies.

        Parameters
        ----------
        path : str or Path
            Replaced whole, or left as it is if writing fails.
        """
        columns = [_uniform(values) for values in self._columns.values()]
        with replacing(path) as partial, partial.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(self._columns)
            writer.writerows(zip(*columns, strict=True))

    def to_parquet(self, path: str | Path) -> None:
        """Write a Parquet file; needs ``pip install 'setpoint[parquet]'``.

        Parameters
        ----------
        path : str or Path
            Replaced whole, or left as it is if writing fails.
        """
        import pyarrow
        import pyarrow.parquet

        columns = {name: _uniform(values) for name, values in self._columns.items()}
        with replacing(path) as partial:
            pyarrow.parquet.write_table(pyarrow.table(columns), partial)

    def to_optuna(self, *, study_name: str | None = None, storage: Any = None) -> Any:
        """Make an Optuna study of the candidates; needs ``pip install 'setpoint[optuna]'``.

        Parameters
        ----------
        study_name : str or None
            The study's name; None: Optuna makes one up.
        storage : str, optuna storage or None
            Where to keep it, such as ``"sqlite:///search.db"``, which Optuna's dashboard opens;
            None: in memory.

        Returns
        -------
        optuna.Study
            Maximises the metric that decided. A hyperparameter of whole numbers is an int there,
            one of numbers a float, any other a category; scores by fold are attributes.
        """
        from setpoint.integrations.optuna_study import study_of

        return study_of(self, study_name=study_name, storage=storage)


def ranking(results: Mapping[str, Any], metric: str = "score") -> dict[int, int]:
    """The rank of each candidate of ``cv_results_``, by its place there; the best first.

    Scores on different resources say nothing about each other: of a successive halving, those of
    a later round come first. What has no score comes last.
    """
    scores, ranks = results[f"{_MEAN}{metric}"], results[f"rank_test_{metric}"]
    rounds = results.get("iter", [0] * len(ranks))

    def key(place: int) -> tuple[bool, int, int]:
        score = scores[place]
        return score is None or score != score, -rounds[place], ranks[place]

    order = sorted(range(len(ranks)), key=key)
    first: dict[tuple[bool, int, int], int] = {}
    return {place: first.setdefault(key(place), n) for n, place in enumerate(order, start=1)}


def _plain(values: Any) -> list[Any]:
    """A column of ``cv_results_`` as Python objects; None where masked or NaN."""
    hidden = np.ma.getmaskarray(values)
    plain = [v.item() if isinstance(v, np.generic) else v for v in np.ma.getdata(values)]
    return [
        None if masked or (isinstance(value, float) and value != value) else value
        for value, masked in zip(plain, hidden, strict=True)
    ]


def _uniform(values: list[Any]) -> list[Any]:
    """The same in one type that files know: all numbers, all flags, or all text."""
    present = [value for value in values if value is not None]
    if all(isinstance(value, bool) for value in present):
        return values
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in present):
        whole = all(isinstance(value, int) for value in present)
        return [None if v is None else (v if whole else float(v)) for v in values]
    return [None if value is None else _text(value) for value in values]


def _text(value: Any) -> str:
    """A value as text; a list of numbers or names as JSON."""
    if isinstance(value, list | tuple | dict):
        try:
            return json.dumps(value)
        except (TypeError, ValueError):
            return repr(value)
    return str(value)


def _shown(value: Any) -> str:
    """A value in a cell; long numbers are rounded."""
    text = str(value)
    return f"{value:.4g}" if isinstance(value, float) and len(text) > 8 else text


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"
