"""Writing files so that a reader sees the old one or the new one, never a part."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path

__all__ = ["refuse_unwritable", "replacing"]


def refuse_unwritable(path: str | PathLike[str]) -> None:
    """Say why a path can't be written, if its folder is missing or it is a folder itself.

    Parameters
    ----------
    path : str or path
        Where something shall be written.

    Raises
    ------
    OSError
        Naming the path and the reason.
    """
    folder = Path(path).parent
    if not folder.is_dir():
        raise FileNotFoundError(f"can't write {str(path)!r}: there is no folder {str(folder)!r}")
    if Path(path).is_dir():
        raise IsADirectoryError(f"can't write {str(path)!r}: it is a folder")


@contextmanager
def replacing(path: str | PathLike[str]) -> Iterator[Path]:
    """A path to write to, which takes the place of `path` if nothing goes wrong.

    Parameters
    ----------
    path : str or path-like
        Replaced whole, or left as it is. What is no file, such as a pipe, is written to.
    """
    refuse_unwritable(path)
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
