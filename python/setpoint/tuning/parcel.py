"""`Parcel`: a large value that many pickles name and that travels to each process once.

It is written to a file when it is first pickled; a process that unpickles it maps the file, so all
processes of a machine share one copy. In the process that made it, it is the value itself.
"""

from __future__ import annotations

import os
import tempfile
import threading
from collections import OrderedDict
from contextlib import suppress
from typing import Any, ClassVar

import joblib

__all__ = ["Parcel", "opened"]

_KEPT = 4
"""So many parcels stay open in a process: data and folds of two searches."""


class Parcel:
    """A value to be sent.

    Parameters
    ----------
    value : object
        What is sent.
    """

    def __init__(self, value: Any) -> None:
        self.value = value
        self._path: str | None = None
        self._lock = threading.Lock()

    def __reduce__(self) -> tuple[Any, ...]:
        with self._lock:
            if self._path is None:
                self._path = _dumped(self.value)
        return _Ticket, (self._path,)

    def remove(self) -> None:
        """Remove the file; who has opened it keeps the value."""
        if self._path is not None:
            with suppress(OSError):  # some systems keep files that are in use
                os.remove(self._path)


def _dumped(value: Any) -> str:
    """Write a value to a file of its own and give the path."""
    handle, path = tempfile.mkstemp(prefix="setpoint-", suffix=".joblib")
    os.close(handle)
    try:
        joblib.dump(value, path)
    except BaseException:
        os.remove(path)
        raise
    return path


class _Ticket:
    """What a parcel is in another process."""

    _opened: ClassVar[OrderedDict[str, Any]] = OrderedDict()
    _lock: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self, path: str) -> None:
        self._path = path

    @property
    def value(self) -> Any:
        """The value; `FileNotFoundError` on a machine that has no such file."""
        with self._lock:
            if self._path not in self._opened:
                self._opened[self._path] = joblib.load(self._path, mmap_mode="r")
                if len(self._opened) > _KEPT:
                    self._opened.popitem(last=False)
            return self._opened[self._path]


def opened(value: Any) -> Any:
    """The value of a parcel; anything else is itself."""
    return value.value if isinstance(value, Parcel | _Ticket) else value
