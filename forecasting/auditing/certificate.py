"""The certificate: what was tried, on what, and the verdict."""

from __future__ import annotations

import dataclasses
import html
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from forecasting.auditing.causes import Cause
from forecasting.auditing.oracles import Finding
from forecasting.errors import InputError, plural

FORMAT = 1
MARKS = {"passed": "passed", "failed": "FAILED", "not applicable": "-"}


class CertificateFileError(InputError):
    """A file or a text does not hold a certificate of a format that this version reads."""

    code = "CERTIFICATE_FILE"


@dataclass(frozen=True)
class Tried:
    """What an audit was run on: what one needs to run it again and get the same certificate."""

    models: dict[str, str]
    oracles: dict[str, str]
    h: int
    gap: int
    cutoffs: tuple[str, ...]
    ids: tuple[str, ...]
    n_series: int
    level: tuple[float, ...]
    seed: int
    fingerprint: str
    versions: dict[str, str]


@dataclass(frozen=True, repr=False)
class Certificate:
    """What every oracle says of every model.

    Attributes
    ----------
    findings : tuple of Finding
        One for each oracle and model.
    causes : tuple of Cause
        Leaks that lie in the data: a target in disguise, rows of the future.
    tried : Tried
        Models, oracles, cutoffs, series, seed, versions, data fingerprint.
    """

    findings: tuple[Finding, ...]
    causes: tuple[Cause, ...]
    tried: Tried

    @property
    def passed(self) -> bool:
        """True if something was compared, no oracle failed and the data holds no leak."""
        verdicts = [finding.verdict for finding in self.findings]
        return "passed" in verdicts and "failed" not in verdicts and not self.causes

    @property
    def table(self) -> pd.DataFrame:
        """``oracle, name, model, verdict, reason, n_compared, first_difference``."""
        columns = [f.name for f in dataclasses.fields(Finding)]
        return pd.DataFrame([dataclasses.astuple(f) for f in self.findings], columns=columns)

    @property
    def headline(self) -> str:
        """One line: the verdict, and what it stands on."""
        n = {v: sum(f.verdict == v for f in self.findings) for v in MARKS}
        compared = sum(f.n_compared for f in self.findings)
        size = (
            f"{plural(len(self.tried.oracles), 'oracle')} x {plural(len(self.tried.models), 'model')} on "
            f"{len(self.tried.ids):,} of {self.tried.n_series:,} series and "
            f"{plural(len(self.tried.cutoffs), 'cutoff')}, {plural(compared, 'value')} compared"
        )
        aside = f", {n['not applicable']} not applicable" if n["not applicable"] else ""
        if self.passed:
            return f"Leak audit passed: {size}{aside}."
        if not n["failed"] and not self.causes:
            return f"Leak audit without a verdict: nothing could be compared ({size})."
        guilty = dict.fromkeys(f.model for f in self.findings if f.verdict == "failed")
        said = [f"{n['failed']} failed ({', '.join(guilty)})"] if guilty else []
        said += [plural(len(self.causes), "leak") + " in the data"] if self.causes else []
        return f"Leak audit FAILED: {', '.join(said)}; {size}{aside}."

    def __repr__(self) -> str:
        lines = [self.headline, *self._reasons(), "", self._matrix().to_string()]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        lines = [self.headline, *self._reasons()]
        return "".join(f"<p>{html.escape(line)}</p>" for line in lines) + self._matrix().to_html()

    def _matrix(self) -> pd.DataFrame:
        """Oracles down, models across; a dash where an oracle has nothing to ask."""
        table = self.table
        table["verdict"] = table["verdict"].map(MARKS)
        order = table[["oracle", "name"]].drop_duplicates()
        wide = table.pivot(index=["oracle", "name"], columns="model", values="verdict")
        wide = wide.reindex(pd.MultiIndex.from_frame(order)).reindex(
            columns=list(self.tried.models)
        )
        return wide.rename_axis(columns=None)

    def _reasons(self) -> list[str]:
        causes = [f"{cause.what}: {cause.detail}." for cause in self.causes]
        failed = [f for f in self.findings if f.verdict == "failed"]
        return causes + [
            f"{f.model}, {f.oracle}: {f.reason}: {f.first_difference}." for f in failed
        ]

    def as_dict(self) -> dict[str, Any]:
        """Return the certificate as plain values."""
        return {"format": FORMAT, **dataclasses.asdict(self)}

    def to_json(self) -> str:
        """Return the certificate as JSON; the same audit gives the same text."""
        return json.dumps(self.as_dict(), indent=2, ensure_ascii=False)

    def save(self, path: str | Path) -> Path:
        """Write the certificate as JSON."""
        file = Path(path)
        file.write_text(self.to_json() + "\n", encoding="utf-8")
        return file


def certificate_from(value: Mapping[str, Any]) -> Certificate:
    """Return the certificate that :meth:`Certificate.as_dict` gave.

    Raises
    ------
    CertificateFileError
        If it is not one, or of a later format.
    """
    found = value.get("format") if isinstance(value, Mapping) else None
    if found != FORMAT:
        raise CertificateFileError(
            f"the certificate has format {found}, this version reads format {FORMAT}"
        )
    try:
        tried = dict(value["tried"])
        for name in ("cutoffs", "ids", "level"):
            tried[name] = tuple(tried[name])
        return Certificate(
            _rows(Finding, value["findings"]), _rows(Cause, value["causes"]), Tried(**tried)
        )
    except (KeyError, TypeError) as error:
        raise CertificateFileError(f"this is not a whole certificate: {error}") from error


def _rows(kind: Any, values: Sequence[Mapping[str, Any]]) -> tuple[Any, ...]:
    return tuple(kind(**row) for row in values)


def load_certificate(path: str | Path) -> Certificate:
    """Read a certificate that :meth:`Certificate.save` wrote.

    Raises
    ------
    CertificateFileError
        If the file is not there, or does not hold one.
    """
    try:
        value = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CertificateFileError(f"{path} cannot be read as a certificate: {error}") from error
    return certificate_from(value)
