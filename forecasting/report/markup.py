"""Small pieces of HTML. Whatever goes in as text comes out escaped."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable, Mapping

import numpy as np
import pandas as pd

MISSING = "–"
CSS = """
:root { color-scheme: light; }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.2rem 1rem 3rem; max-width: 58rem; background: #fff;
  color: #1a1a1a; font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
h1 { font-size: 1.6rem; line-height: 1.2; margin: 0 0 .3rem; overflow-wrap: anywhere; }
h2 { font-size: 1.2rem; margin: 2.2rem 0 .5rem; padding-top: .6rem; border-top: 1px solid #d5d5d5; }
p { margin: .4rem 0; max-width: 46rem; overflow-wrap: anywhere; }
.meta, figcaption, .note { color: #4d4d4d; font-size: .9rem; }
.lede { border-left: 4px solid #0072B2; padding: .2rem 0 .2rem .9rem; margin: 1rem 0; }
.lede p:first-child { font-size: 1.2rem; font-weight: 600; }
.warn { border-left: 4px solid #D55E00; padding: .2rem .9rem; margin: 1rem 0; background: #fdf3ec; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; }
.note { margin: 1.2rem 0 .3rem; }
th, td { padding: .25rem .7rem .25rem 0; text-align: left; vertical-align: top;
  border-bottom: 1px solid #e3e3e3; overflow-wrap: anywhere; }
th { font-weight: 600; white-space: nowrap; }
thead th { border-bottom: 1.5px solid #1a1a1a; }
tbody th { font-weight: 400; }
.num { text-align: right; white-space: nowrap; padding-left: .7rem; padding-right: 0; }
tr.first th { font-weight: 700; }
td.text { min-width: 7rem; }
figure { margin: 1rem 0; }
figure img { width: 100%; min-width: 32rem; height: auto; display: block; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1rem; font-size: .9rem; }
dt { color: #4d4d4d; } dd { margin: 0; overflow-wrap: anywhere; }
@media (max-width: 34rem) { dl { grid-template-columns: 1fr; } dd { margin-bottom: .3rem; } }
@media print { body { max-width: none; padding: 0; font-size: 11pt; } .wide { overflow: visible; }
  table { font-size: 8pt; } figure img { min-width: 0; }
  figure, tr, .lede { break-inside: avoid; } h2 { break-after: avoid; } }
"""


def text(value: object) -> str:
    """Return any value as escaped text on one line, without characters that cannot be seen."""
    words = " ".join(str(value).split())
    return html.escape("".join(c for c in words if c.isprintable()), quote=True)


def paragraph(words: str, css: str = "") -> str:
    """Return a paragraph of plain words."""
    return f"<p{_css(css)}>{text(words)}</p>"


def box(paragraphs: Iterable[str], css: str) -> str:
    """Return paragraphs of plain words in a box."""
    return f'<div class="{css}">{"".join(paragraph(p) for p in paragraphs)}</div>'


def section(heading: str, *parts: str) -> str:
    """Return a heading and what belongs to it; nothing if nothing belongs to it."""
    body = "\n".join(part for part in parts if part)
    return f"<section>\n<h2>{text(heading)}</h2>\n{body}\n</section>" if body else ""


def definitions(pairs: Iterable[tuple[str, str]]) -> str:
    """Return names and what they mean, as a list of two columns."""
    rows = "".join(f"<dt>{text(name)}</dt><dd>{text(value)}</dd>" for name, value in pairs)
    return f"<dl>{rows}</dl>" if rows else ""


def table(
    frame: pd.DataFrame,
    *,
    caption: str = "",
    bold: Mapping[str, Iterable[int]] | None = None,
    first: int | None = None,
    titles: Mapping[str, str] | None = None,
    percent: Iterable[str] = (),
) -> str:
    """Return a frame as a table: numbers to the right, the first column as heads of the rows.

    Parameters
    ----------
    frame : DataFrame
        Its index is not shown.
    caption : str
    bold : mapping of column to positions of rows, optional
        Cells set in bold.
    first : int, optional
        Position of a row whose head is set in bold.
    titles : mapping of column to text, optional
        Explanations that a pointer over the head of the column brings up.
    percent : iterable of column names
        Shares that are shown as percent, with their sign.
    """
    signed = set(percent)
    shown = {
        str(column): _signed(frame[column]) if column in signed else _cells(frame[column])
        for column in frame.columns
    }
    marked = {column: set(rows) for column, rows in (bold or {}).items()}
    head = "".join(_head(column, numeric, titles or {}) for column, (numeric, _) in shown.items())
    rows = []
    for i in range(len(frame)):
        cells = []
        for j, (column, (numeric, words)) in enumerate(shown.items()):
            words_i = text(words[i])
            inner = f"<b>{words_i}</b>" if i in marked.get(column, ()) else words_i
            css = "num" if numeric else "text"
            cells.append(
                f'<th scope="row">{inner}</th>' if j == 0 else f'<td class="{css}">{inner}</td>'
            )
        rows.append(f"<tr{_css('first' if i == first else '')}>{''.join(cells)}</tr>")
    label = paragraph(caption, "note") if caption else ""
    body = "\n".join(rows)
    return (
        f'{label}<div class="wide"><table><thead><tr>{head}</tr></thead>\n'
        f"<tbody>\n{body}\n</tbody></table></div>"
    )


def _head(column: str, numeric: bool, titles: Mapping[str, str]) -> str:
    css = ' class="num"' if numeric else ""
    title = f' title="{text(titles[column])}"' if column in titles else ""
    return f'<th scope="col"{css}{title}>{text(column)}</th>'


def _css(name: str) -> str:
    return f' class="{name}"' if name else ""


def _cells(column: pd.Series) -> tuple[bool, list[str]]:
    """Return whether a column holds numbers, and its cells as text."""
    kind = column.dtype.kind
    if kind not in "iuf":
        return False, [MISSING if _absent(value) else _show(value) for value in column]
    values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    show = number_format(values)
    return True, [show(float(value)) for value in values]


def _signed(column: pd.Series) -> tuple[bool, list[str]]:
    values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    return True, [_percent(float(value)) for value in values]


def _percent(value: float) -> str:
    if not np.isfinite(value):
        return MISSING
    return "0.0 %" if value == 0 else f"{100.0 * value:+.1f} %".replace("-", "\u2212")


def _absent(value: object) -> bool:
    return value is None or value is pd.NaT or value is pd.NA or value != value


def _show(value: object) -> str:
    if isinstance(value, pd.Timestamp) and value == value.normalize():
        return value.strftime("%Y-%m-%d")
    return str(value)


def number_format(values: Iterable[float]) -> Callable[[float], str]:
    """Return a function that writes every number of a column with the same decimals.

    Whole numbers have none; else as many as give the largest number four digits, at most three.
    """
    finite = [abs(v) for v in values if np.isfinite(v)]
    largest = max(finite, default=0.0)
    whole = all(v == int(v) for v in finite)
    decimals = (
        0 if whole else next((d for d, top in ((3, 10), (2, 100), (1, 1000)) if largest < top), 0)
    )

    def show(value: float) -> str:
        if not np.isfinite(value):
            return MISSING
        if abs(value) >= 1e12:
            return f"{value:.3e}"
        return f"{value:,.{decimals}f}".replace("-", "\u2212")

    return show


def figure(uri: str, alt: str, caption: str = "") -> str:
    """Return a picture with a text for those who cannot see it."""
    words = f"<figcaption>{text(caption)}</figcaption>" if caption else ""
    image = f'<div class="wide"><img src="{uri}" alt="{text(alt)}"></div>'
    return f"<figure>{image}{words}</figure>"


def page(title: str, body: Iterable[str]) -> str:
    """Return a whole page that needs nothing from anywhere."""
    parts = "\n".join(part for part in body if part)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{text(title)}</title>\n<style>{CSS}</style>\n</head>\n"
        f"<body>\n<main>\n{parts}\n</main>\n</body>\n</html>\n"
    )


__all__ = [
    "box",
    "definitions",
    "figure",
    "number_format",
    "page",
    "paragraph",
    "section",
    "table",
    "text",
]
