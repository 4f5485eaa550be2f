"""Names given on the command line."""

from __future__ import annotations

from collections.abc import Iterable


def chosen(wanted: str | None, present: Iterable[str]) -> list[str]:
    """The names asked for (separated by semicolons; a part of a name takes all that hold it)."""
    present = list(present)
    names: set[str] = set()
    for text in wanted.split(";") if wanted is not None else [""]:
        held = (
            [text.strip()] if text.strip() in present else [n for n in present if text.strip() in n]
        )
        if not held:
            raise SystemExit(f"nothing is called {text!r}; there are: {'; '.join(present)}")
        names.update(held)
    return [name for name in present if name in names]
