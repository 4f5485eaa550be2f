"""`Journal`: what a search has evaluated, in an SQLite file, so that the same call goes on from it.

One row for each evaluation (a candidate on a fold), written in one transaction with the others of
its group, so that a process that is killed loses the group in flight and nothing else. What a
candidate is, and how the rest is evaluated, is not known here.

The file is in SQLite's write-ahead mode: others may read it while the search runs. Two processes
that run the same search on one file do the work twice and harm nothing.
"""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from setpoint.tuning.identity import describe

__all__ = ["Journal", "JournalError"]

_FORMAT = 1
_APPLICATION = 0x5E7901A7  # says "a journal of setpoint" in the header of the file

_TABLES = """
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE candidates (
    number INTEGER PRIMARY KEY,  -- in the order of their proposal; from 2^32 on: closing batches
    hyperparameters TEXT NOT NULL,
    rows TEXT NOT NULL           -- a fingerprint of the folds' rows
);
CREATE TABLE groups (
    number INTEGER PRIMARY KEY,
    n_fits INTEGER NOT NULL,     -- models that were trained
    warnings TEXT NOT NULL       -- JSON, what the user was told of single fits
);
CREATE TABLE evaluations (
    candidate INTEGER NOT NULL,
    fold INTEGER NOT NULL,
    scores TEXT NOT NULL,        -- JSON: a number, or numbers by the name of the metric
    train_scores TEXT,
    fit_seconds REAL,
    score_seconds REAL,
    n_test INTEGER,
    error TEXT,                  -- what training raised
    in_group INTEGER NOT NULL REFERENCES groups,
    PRIMARY KEY (candidate, fold)
) WITHOUT ROWID;
CREATE TABLE calls (             -- of a loop of the user's own, in their order
    number INTEGER PRIMARY KEY,
    call TEXT NOT NULL,          -- ask or tell
    point TEXT NOT NULL,         -- JSON
    value REAL                   -- what was told; NULL: it has none
)
"""


class JournalError(ValueError):
    """A file is no journal, or the journal of another search."""


class Journal:
    """What one search has evaluated.

    Parameters
    ----------
    path : str or path-like
        The file; made if there is none.
    facts : mapping of str to str
        What the search is. A journal of other facts is refused.

    Raises
    ------
    JournalError
        If the file is no journal, or the journal of another search.
    """

    def __init__(self, path: str | PathLike[str], facts: Mapping[str, str]) -> None:
        self._path = Path(path)
        try:
            self._database = sqlite3.connect(self._path, timeout=60.0, isolation_level=None)
            try:
                self._open(facts)
            except BaseException:
                self._database.close()
                raise
        except sqlite3.Error as error:
            raise JournalError(f"{self._path} cannot be used as a journal: {error}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self._database.close()

    def _open(self, facts: Mapping[str, str]) -> None:
        with self._database:
            self._ask("BEGIN IMMEDIATE")
            self._make(facts)
        # Written to the file system at once, to the disk when it suits the system: a killed process
        # loses no transaction; a power cut may lose the last ones.
        self._ask("PRAGMA journal_mode = WAL")
        self._ask("PRAGMA synchronous = NORMAL")

    def _make(self, facts: Mapping[str, str]) -> None:
        """Make the tables, or compare what is there with what the search is."""
        application = self._ask("PRAGMA application_id")[0][0]
        if not self._ask("SELECT name FROM sqlite_master"):
            for statement in _TABLES.split(";\n"):
                self._ask(statement)
            self._ask(f"PRAGMA application_id = {_APPLICATION}")
            self._ask(f"PRAGMA user_version = {_FORMAT}")
            self._many("INSERT INTO facts VALUES (?, ?)", facts.items())
        elif application != _APPLICATION:
            raise JournalError(f"{self._path} is a database, and no journal of a search")
        elif (version := self._ask("PRAGMA user_version")[0][0]) != _FORMAT:
            raise JournalError(
                f"{self._path} is a journal of format {version}; this version of setpoint reads "
                f"format {_FORMAT}"
            )
        else:
            self._compare(facts)

    def _compare(self, facts: Mapping[str, str]) -> None:
        known = {name: value for name, value in self._facts().items() if name[0] != "_"}
        for name in dict.fromkeys([*facts, *known]):
            there, here = known.get(name, "none"), facts.get(name, "none")
            if there != here:
                raise JournalError(
                    f"{self._path} is the journal of another search: {name} is "
                    f"{_near(there, here)} there, and {_near(here, there)} here. "
                    "Give another file, or remove this one."
                )

    def remember(self, name: str, make: Callable[[], int]) -> int:
        """A number that is made once and is the same whenever the search goes on."""
        known = self._facts().get(f"_{name}")
        if known is None:
            known = str(make())
            self._ask("INSERT INTO facts VALUES (?, ?)", (f"_{name}", known))
        return int(known)

    def propose(self, first: int, candidates: Sequence[Any], rows: str = "") -> None:
        """Write down candidates, or see that those are meant that were written down before.

        Parameters
        ----------
        first : int
            The number of the first of them.
        candidates : sequence of mapping
            Their hyperparameters.
        rows : str
            A fingerprint of the folds that they are evaluated on, if there are folds.

        Raises
        ------
        JournalError
            If others were written down.
        """
        texts = [describe(candidate) for candidate in candidates]
        known = self._ask(
            "SELECT hyperparameters, rows FROM candidates WHERE number >= ? AND number < ?"
            " ORDER BY number",
            (first, first + len(texts)),
        )
        for place, (text, there) in enumerate(known):
            if text != texts[place]:
                raise JournalError(
                    f"{self._path} is the journal of another search: its candidate {first + place} "
                    f"is {text}, and here it is {texts[place]}"
                )
            if there != rows:
                raise JournalError(
                    f"{self._path} is the journal of another search: candidate {first + place} has "
                    "other folds there. Does the splitter draw them without a random_state?"
                )
        new = [(first + k, texts[k], rows) for k in range(len(known), len(texts))]
        with self._database:
            self._ask("BEGIN IMMEDIATE")
            self._many("INSERT OR IGNORE INTO candidates VALUES (?, ?, ?)", new)

    def save(
        self,
        evaluations: Iterable[tuple[int, int, Mapping[str, Any]]],
        n_fits: int = 0,
        warnings: Sequence[str] = (),
    ) -> None:
        """Write down a finished group: (candidate, fold, result) each, and what it cost."""
        with self._database:
            self._ask("BEGIN IMMEDIATE")
            group = self._database.execute(
                "INSERT INTO groups VALUES (NULL, ?, ?)", (n_fits, json.dumps(list(warnings)))
            ).lastrowid
            self._many(
                "INSERT OR IGNORE INTO evaluations VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                ((*_row(*evaluation), group) for evaluation in evaluations),
            )

    def note(self, call: str, point: Sequence[float], value: float | None = None) -> None:
        """Write down a call of `ask` or `tell`."""
        row = call, json.dumps(list(point)), value
        self._ask("INSERT INTO calls VALUES (NULL, ?, ?, ?)", row)

    def calls(self) -> list[tuple[str, list[float], float]]:
        """The calls of `ask` and `tell`, in their order."""
        rows = self._ask("SELECT call, point, value FROM calls ORDER BY number")
        return [(call, json.loads(point), math.nan if v is None else v) for call, point, v in rows]

    def load(
        self, first: int, n: int
    ) -> tuple[dict[tuple[int, int], dict[str, Any]], int, list[str]]:
        """What is known of `n` candidates: results by (candidate, fold), fits and warnings.

        Candidates are counted from `first`.
        """
        chosen = "candidate >= ? AND candidate < ?"
        rows = self._ask(f"SELECT * FROM evaluations WHERE {chosen}", (first, first + n))
        results = {(row[0] - first, row[1]): _result(row) for row in rows}
        groups = self._ask(
            "SELECT n_fits, warnings FROM groups WHERE number IN"
            f" (SELECT in_group FROM evaluations WHERE {chosen}) ORDER BY number",
            (first, first + n),
        )
        warnings = [text for _, texts in groups for text in json.loads(texts)]
        return results, sum(n_fits for n_fits, _ in groups), warnings

    def _facts(self) -> dict[str, str]:
        return dict(self._ask("SELECT name, value FROM facts"))

    def _ask(self, statement: str, values: Sequence[Any] = ()) -> list[Any]:
        return self._database.execute(statement, values).fetchall()

    def _many(self, statement: str, rows: Iterable[Sequence[Any]]) -> None:
        self._database.executemany(statement, rows)


def _near(text: str, other: str) -> str:
    """The text, or if it is long its part around the first difference from the other."""
    if len(text) <= 200:
        return text
    first = next((k for k, (a, b) in enumerate(zip(text, other, strict=False)) if a != b), 0)
    start = max(0, first - 60)
    return "..." * (start > 0) + text[start : first + 100] + "..." * (first + 100 < len(text))


def _row(candidate: int, fold: int, result: Mapping[str, Any]) -> tuple[Any, ...]:
    train = result.get("train_scores")
    return (
        candidate,
        fold,
        json.dumps(result["test_scores"], default=float),
        None if train is None else json.dumps(train, default=float),
        result["fit_time"],
        result.get("score_time"),
        result.get("n_test_samples"),
        result["fit_error"],
    )


def _result(row: Sequence[Any]) -> dict[str, Any]:
    """A result as scikit-learn makes it; SQLite keeps no NaN and gives None for it."""
    _, _, scores, train, fit_seconds, score_seconds, n_test, error, _ = row
    result = {
        "fit_error": error,
        "test_scores": json.loads(scores),
        "n_test_samples": n_test,
        "fit_time": math.nan if fit_seconds is None else fit_seconds,
        "score_time": math.nan if score_seconds is None else score_seconds,
    }
    return result if train is None else result | {"train_scores": json.loads(train)}
