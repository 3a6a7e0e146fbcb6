"""Our words for Python, turned into what is typed in a shell: the one place that knows both."""

from __future__ import annotations

import re
import shlex

#: Arguments of Python that are flags of the command line; the flag takes the value behind the ``=``.
WITH_VALUE = {
    "date_format": "--date-format",
    "id_col": "--id-col",
    "time_col": "--time-col",
    "target_col": "--target-col",
    "freq": "--freq",
    "season_length": "--season-length",
    "on_duplicate": "--on-duplicate",
    "complete_until": "--complete-until",
}
#: Phrases, before the arguments: pattern and what is typed instead.
PHRASES = (
    (r"df\.drop_duplicates\([^)]*\)", "--on-duplicate first"),
    (
        r"fill_gaps\([^)]*how='zero'\), or 'forward', 'seasonal'",
        "--fill-gaps zero, or forward, seasonal",
    ),
    (r"fill_gaps\((?![^)]*extend)[^)]*how='(\w+)'[^)]*\)", r"--fill-gaps \1"),
    (r"fill_gaps\((?![^)]*extend)[^)]*\)", "--fill-gaps HOW"),
    (r"drop_trailing_na=True", "--drop-trailing-na"),
)
#: No flag can say these; they stay what they are, in Python.
_ONLY_PYTHON = (
    r"freq=pd\.\w+\(\[.*?\]\)|aggregate\([^)]*\)|fill_gaps\([^)]*extend[^)]*\)|pd\.Series\(.*"
)
_ARGUMENT = re.compile(
    rf"(?P<python>{_ONLY_PYTHON})|(?<![\w-])(?P<name>{'|'.join(WITH_VALUE)})="
    r"(?!=)(?P<value>'[^']*'|\"[^\"]*\"|[\w-][\w:-]*)?"
)


def in_flags(text: str) -> str:
    """Return a message with ``date_format='%d/%m/%Y'`` as ``--date-format %d/%m/%Y``, and so on."""
    for pattern, flag in PHRASES:
        text = re.sub(pattern, flag, text)
    return _ARGUMENT.sub(_flag, text)


def _flag(found: re.Match[str]) -> str:
    if found["python"]:
        return found["python"]
    flag, value = WITH_VALUE[found["name"]], found["value"]
    if not value:
        return flag
    return f"{flag} {shlex.quote(value[1:-1] if value[0] in chr(39) + chr(34) else value)}"


__all__ = ["WITH_VALUE", "in_flags"]
