"""A progress bar for a call into the core. What is done there is the core's business."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["progress_bar"]


@contextmanager
def progress_bar(
    verbose: int, total: int, what: str, first: int = 0
) -> Iterator[Callable[[int, int], None] | None]:
    """Yield the core's progress callback: a tqdm bar if `verbose` is positive, else None.

    Parameters
    ----------
    verbose : int
        0: silent.
    total : int
        How many units there are.
    what : str
        Their name in the plural.
    first : int
        How many are done already.
    """
    if not verbose:
        yield None
        return
    from tqdm.auto import tqdm  # not needed, so not imported, in a silent run

    with tqdm(total=total, initial=first, unit=f" {what}") as bar:

        def show(done: int, _total: int) -> None:
            bar.update(first + done - bar.n)

        yield show
