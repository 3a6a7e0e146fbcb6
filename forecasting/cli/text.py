"""Text for a terminal: aligned tables within a width, and plain lines."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Mapping, Sequence

import pandas as pd

WIDTH = 100


def say(text: str = "") -> None:
    """Write a line to standard output; a closed one (cron, ``| head``) is no reason to stop."""
    _write(sys.stdout, text)


def tell(text: str) -> None:
    """Write a line to standard error."""
    _write(sys.stderr, text)


def _write(stream: object, text: str) -> None:
    with contextlib.suppress(OSError, ValueError, AttributeError):
        stream.write(text + "\n")  # type: ignore[attr-defined]
        stream.flush()  # type: ignore[attr-defined]


def aligned(
    table: pd.DataFrame,
    *,
    formats: Mapping[str, Callable[[float], str]] | None = None,
    cell_width: int = 40,
) -> str:
    """Return a table as text, numbers to the right; columns that do not fit are left out and named."""
    known = formats or {}
    columns = [
        _column(table[c], str(c), known.get(str(c), four_digits), cell_width) for c in table.columns
    ]
    kept = _that_fit(columns)
    lines = ["  ".join(cells).rstrip() for cells in zip(*columns[:kept], strict=True)]
    if kept < len(columns):
        lines.append(f"(also: {', '.join(map(str, table.columns[kept:]))})")
    return "\n".join(lines)


def _column(
    values: pd.Series, name: str, show: Callable[[float], str], cell_width: int
) -> list[str]:
    numeric = pd.api.types.is_numeric_dtype(values)
    cells = [show(v) if isinstance(v, float) else _flat(v) for v in values.tolist()]
    cells = [c if len(c) <= cell_width else c[: cell_width - 1] + "…" for c in cells]
    width = max(map(len, [name, *cells]))
    return [c.rjust(width) if numeric else c.ljust(width) for c in [name, *cells]]


def _flat(value: object) -> str:
    if isinstance(value, pd.Timestamp) and value == value.normalize():
        return value.date().isoformat()
    return " ".join(str(value).split())


def _that_fit(columns: Sequence[list[str]]) -> int:
    used = 0
    for at, column in enumerate(columns):
        used += len(column[0]) + 2 * (at > 0)
        if used > WIDTH and at > 0:
            return at
    return len(columns)


def four_digits(value: float) -> str:
    """Return a number with four digits, never as 1e+04."""
    if value != value:
        return "-"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:#.4g}" if abs(value) >= 1e-3 or value == 0 else f"{value:.3g}"


def percent(value: float) -> str:
    """Return 79.34 as "79.3"."""
    return "-" if value != value else f"{value:.1f}"


def share(value: float) -> str:
    """Return 0.2134 as "+21.3 %"."""
    return "-" if value != value else f"{100 * value:+.1f} %"


def decimals(value: float) -> str:
    """Return a number with three decimals."""
    return "-" if value != value else f"{value:.3f}"


__all__ = ["aligned", "decimals", "four_digits", "percent", "say", "share", "tell"]
