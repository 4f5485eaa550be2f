"""Writing files so that a reader sees the old one or the new one, never a part."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path

__all__ = ["replacing"]


@contextmanager
def replacing(path: str | PathLike[str]) -> Iterator[Path]:
    """A path to write to, which takes the place of `path` if nothing goes wrong.

    Parameters
    ----------
    path : str or path-like
        Replaced whole, or left as it is. What is no file, such as a pipe, is written to.
    """
    if Path(path).exists() and not Path(path).is_file():  # a pipe or a terminal
        yield Path(path)
        return
    path = Path(path).resolve()  # what a link leads to is replaced, and not the link
    partial = path.with_name(f"{path.name}.{secrets.token_hex(4)}.partial")
    try:
        partial.touch(exist_ok=False)
        mode = partial.stat().st_mode  # as the umask says: writers may hide a new file from others
        yield partial
        partial.chmod(mode)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
