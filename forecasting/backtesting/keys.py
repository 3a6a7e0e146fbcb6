"""What a forecast depends on, as a short text: the same key means the same bits.

A key is a digest of everything that a unit of work may see: the past of the series up to the cutoff and
where on the calendar it lies, the regressors, the forecaster with its parameters and its code, what is
asked for, the seed, and the versions of what computes. Nothing later than the cutoff is in it, so a new
month of data, another series or another model leaves the keys of what was there as they are.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import platform
import sys
import sysconfig
import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from forecasting._typing import BoolArray, IntArray
from forecasting.backtesting.tasks import window_blocks
from forecasting.base import Forecaster
from forecasting.errors import ForecastingError
from forecasting.kernels import _kernels
from forecasting.windows import Windows

_PACKAGE = Path(__file__).parents[1]


class UnstorableError(ForecastingError):
    """A forecaster cannot be told from another by its content, so its answers cannot be stored."""

    code = "UNSTORABLE"


@dataclass(frozen=True, eq=False)
class Unit:
    """Cells that must be computed together: the windows of one series (or of all) that share an estimate."""

    key: str
    series: IntArray
    columns: IntArray


# --- the forecaster ---------------------------------------------------------------------------------


def forecaster_key(forecaster: Forecaster, versions: Mapping[str, str]) -> str:
    """Return the digest of a forecaster: its class, parameters and code, and the versions it stands on.

    The code of classes and functions is followed into what they call, as far as it is the user's own;
    installed packages are known by their version.

    Raises
    ------
    UnstorableError
        If a parameter cannot be described: a lock, an open file.
    """
    try:
        described = _described(forecaster)
    except Exception as error:  # whatever the parameters raise when they are pickled
        raise UnstorableError(
            f"{type(forecaster).__name__} has a parameter that cannot be told from another by its content "
            f"({type(error).__name__}: {error}), so its forecasts cannot be stored; leave store= out, or the "
            "parameter"
        ) from error
    facts = (described, sorted(versions.items()), platform.python_version(), package_digest())
    return hashlib.blake2b(repr(facts).encode(), digest_size=20).hexdigest()


@functools.cache
def package_digest() -> str:
    """Return the digest of this package's own code, compiled kernels included."""
    digest = hashlib.blake2b(digest_size=16)
    for path in (*sorted(_PACKAGE.rglob("*.py")), Path(str(_kernels.__file__))):
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _described(value: Any) -> Any:
    """Return a value as nested lists of text, the same in every process for the same content."""
    if value is None or isinstance(value, str | bytes | bool | int | float | complex):
        return f"{type(value).__name__} {value!r}"
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = [(f.name, _described(getattr(value, f.name))) for f in dataclasses.fields(value)]
        return ["dataclass", code_of(type(value)), fields]
    if isinstance(value, type | types.FunctionType | types.MethodType):
        return ["code", code_of(value)]
    if isinstance(value, tuple | list):
        return [type(value).__name__, [_described(v) for v in value]]
    if isinstance(value, dict):
        return ["dict", [(_described(k), _described(v)) for k, v in value.items()]]
    if isinstance(value, set | frozenset):
        return ["set", sorted(repr(_described(v)) for v in value)]
    return ["object", code_of(type(value)), _content_digest(value)]


def _content_digest(value: Any) -> str:
    import joblib  # slow to import, and only a store needs it

    digest: str = joblib.hash(value)
    return digest


def code_of(thing: Any) -> Any:
    """Return a description of code: a name for what is installed, all of it for what is the user's own."""
    return _Code().of(thing)


class _Code:
    """Follows code into what it calls; what was seen once is not followed again."""

    def __init__(self) -> None:
        self.seen: set[int] = set()

    def of(self, thing: Any) -> Any:
        """Return the description of a class, function, method, module or plain value."""
        name = f"{getattr(thing, '__module__', '')}.{getattr(thing, '__qualname__', '')}"
        if isinstance(thing, types.MethodType):
            return (name, self.of(thing.__func__), _described(thing.__self__))
        if isinstance(thing, types.ModuleType):
            path = getattr(thing, "__file__", None)
            own = path is not None and _is_own_file(path)
            return (thing.__name__, Path(str(path)).read_bytes() if own else b"")
        if not isinstance(thing, type | types.FunctionType):
            return _plain(thing)
        if not _is_own(thing) or id(thing) in self.seen:
            return name
        self.seen.add(id(thing))
        if isinstance(thing, type):
            bases = [self.of(base) for base in thing.__mro__[1:]]
            members = [
                (k, self._member(v)) for k, v in sorted(vars(thing).items()) if _counts(k, v)
            ]
            return (name, bases, members)
        return (name, self._function(thing))

    def _member(self, member: Any) -> Any:
        if isinstance(member, staticmethod | classmethod):
            return self.of(member.__func__)
        if isinstance(member, property):
            return [self.of(f) for f in (member.fget, member.fset) if f is not None]
        if isinstance(member, functools.cached_property):
            return self.of(member.func)
        return self.of(member)

    def _function(self, function: types.FunctionType) -> Any:
        cells = [self.of(_cell_content(cell)) for cell in function.__closure__ or ()]
        defaults = [self.of(v) for v in function.__defaults__ or ()]
        keywords = [(k, self.of(v)) for k, v in sorted((function.__kwdefaults__ or {}).items())]
        return (self._bytecode(function.__code__, function.__globals__), cells, defaults, keywords)

    def _bytecode(self, code: types.CodeType, scope: dict[str, Any]) -> Any:
        constants = [
            self._bytecode(c, scope) if isinstance(c, types.CodeType) else _plain(c)
            for c in code.co_consts
        ]
        used = [(name, self.of(scope[name])) for name in code.co_names if name in scope]
        return (code.co_code, constants, code.co_names, code.co_varnames, used)


def _counts(name: str, member: Any) -> bool:
    """Whether an attribute of a class is code or a constant of it, not bookkeeping of the interpreter."""
    if name.startswith("__") and name.endswith("__"):
        return isinstance(member, types.FunctionType)
    return name != "_abc_impl"


def _cell_content(cell: types.CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # not filled yet
        return None


def _plain(value: Any) -> Any:
    """Return a value that code refers to, if it is plain data; else what kind of thing it is."""
    plain = (str, bytes, int, float, complex, tuple, list, dict, set, frozenset, np.ndarray)
    if value is None or isinstance(value, plain):
        try:
            return _described(value)
        except Exception:  # holds something that is not data
            return f"a {type(value).__name__}"
    kind = type(value)
    return f"{kind.__module__}.{kind.__qualname__}"


def _is_own(thing: Any) -> bool:
    """Whether a class or function is the user's own code, not an installed package's or this one's."""
    name = getattr(thing, "__module__", None)
    if name == "__main__":
        return True
    module = sys.modules.get(str(name))
    path = getattr(module, "__file__", None)
    if path is None:
        return name not in sys.builtin_module_names and module is None
    return _is_own_file(path)


@functools.cache
def _is_own_file(path: str) -> bool:
    where = Path(path).resolve()
    installed = [
        sysconfig.get_path(kind) for kind in ("stdlib", "platstdlib", "purelib", "platlib")
    ]
    roots = [_PACKAGE, *(Path(p).resolve() for p in installed), *_site_packages()]
    return not any(where.is_relative_to(root) for root in roots)


def _site_packages() -> Iterator[Path]:
    for path in sys.path:
        if Path(path).name in ("site-packages", "dist-packages"):
            yield Path(path).resolve()


# --- the units --------------------------------------------------------------------------------------


def units(
    forecaster: Forecaster, key: str, windows: Windows, probs: tuple[float, ...]
) -> Iterator[Unit]:
    """Yield the units of a forecaster over windows, each with its key; inactive cells are in none."""
    panel = windows.panel
    base = hashlib.blake2b(key.encode(), digest_size=20)
    covariates = panel.covariates
    names = (covariates.known_names, covariates.past_names, covariates.static_names)
    settings = (
        windows.h,
        windows.window,
        windows.seed,
        probs,
        names,
        _content_digest(panel.calendar),
    )
    base.update(repr(settings).encode())
    blocks = window_blocks(windows)
    if forecaster.is_local:
        for i in range(windows.n_series):
            series = np.array([i])
            for block in blocks:
                columns = block[windows.active[i, block]]
                if len(columns):
                    digest = base.copy()
                    _add_series(digest, windows, i, columns)
                    yield Unit(digest.hexdigest(), series, columns)
        return
    everything = np.arange(windows.n_series)
    for block in blocks:
        if windows.active[:, block].any():
            digest = base.copy()
            digest.update("\x1f".join(map(str, panel.ids.tolist())).encode())
            digest.update(np.ascontiguousarray(windows.active[:, block]).tobytes())
            for i in everything.tolist():
                _add_series(digest, windows, i, block)
            yield Unit(digest.hexdigest(), everything, block)


def _add_series(digest: Any, windows: Windows, i: int, columns: IntArray) -> None:
    """Add what these windows of a series show: rows, their place in time, regressors, gaps.

    From the first row of the series on, also where the windows slide: intervals are calibrated on
    earlier ones.
    """
    panel, covariates = windows.panel, windows.panel.covariates
    lo, hi = windows.lo[i, columns], windows.hi[i, columns]
    first, last = int(panel.offsets[i]), int(hi.max())
    start = int(panel.start[i])
    digest.update(np.concatenate(([start], lo - first, hi - first)).astype("<i8").tobytes())
    digest.update(panel.values[first:last].tobytes())
    if panel.gaps is not None and panel.gaps[first:last].any():
        digest.update(panel.gaps[first:last].tobytes())
    if covariates.past_names:
        digest.update(np.ascontiguousarray(covariates.past[first:last]).tobytes())
    if covariates.static_names:
        digest.update(np.ascontiguousarray(covariates.static[i]).tobytes())
    if covariates.known_names:
        shift = int(windows.known_offsets[i]) - int(panel.offsets[i])
        stop = min(last + shift + windows.h, int(windows.known_offsets[i + 1]))
        digest.update(np.ascontiguousarray(windows.known[first + shift : stop]).tobytes())


def cells_of(unit: Unit, active: BoolArray) -> tuple[IntArray, IntArray]:
    """Return the active cells of a unit: series and windows, (n,) each."""
    if len(unit.series) == 1:  # the unit has active windows only
        return np.full(len(unit.columns), unit.series[0]), unit.columns
    rows, columns = np.nonzero(active[np.ix_(unit.series, unit.columns)])
    return unit.series[rows], unit.columns[columns]
