"""Markdown tables of timings: a column a library, each cell a time, a score and a ratio. Measures
nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from measure import OURS, Timing

Rows = Mapping[str, Mapping[str, Timing]]
"""Problem name to library name to timing."""

TOLERANCE = 0.003
"""How much lower than scikit-learn's a score may be before it counts as a loss."""


def duration(seconds: float) -> str:
    """A time with three digits and a unit that fits."""
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-6:.3g} µs"


def markdown(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table with its header."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(timing: Timing | None, ours: Timing | None, rounds: int) -> str:
    if timing is None:
        return "-"
    parts = [duration(timing.time)]
    if timing.scores:
        parts.append(f"{timing.score:.4f}")
    if ours is not None and timing is not ours:
        parts.append(f"**{timing.time / ours.time:.3g}x**")
    if len(timing.seconds) < rounds:
        parts.append(f"({len(timing.seconds)} round)")
    return ", ".join(parts)


def comparison(rows: Rows, libraries: Sequence[str], rounds: int) -> str:
    """Time, score and time over ours, a row for each problem."""
    return markdown(
        ["problem", *libraries],
        (
            [problem, *(_cell(timings.get(name), timings.get(OURS), rounds) for name in libraries)]
            for problem, timings in rows.items()
        ),
    )


def losses(rows: Rows) -> list[str]:
    """Where another library is faster than ours, or ours scores lower than scikit-learn."""
    found = []
    for problem, timings in rows.items():
        if (ours := timings.get(OURS)) is None:
            continue
        for name, timing in timings.items():
            if not name.startswith(OURS) and timing.time < ours.time:
                found.append(f"{problem}: {name} is {ours.time / timing.time:.2f} times faster")
        reference = timings.get("scikit-learn")
        if reference and ours.scores and ours.score < reference.score - TOLERANCE:
            lower = 100 * (reference.score - ours.score)
            found.append(f"{problem}: score {lower:.2f} points lower than scikit-learn's")
    return found
