"""Parameters of forecasters as plain values, and back: a recipe, never an object.

Ours are written as their name and parameters and made again by calling the class, so that its own checks
run. A file can only choose among classes that the caller of ``load`` hands over: the package's table and
what the user adds. No name in a file is ever imported.
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Protocol, runtime_checkable

import numpy as np
import pandas as pd

from forecasting.errors import ArgumentError, plural, show_ids
from forecasting.modelfile.errors import ModelFileError, UnsavableError, demand

#: Deeper than any forecaster of forecasters, and far from the limit of Python's recursion.
MAX_DEPTH = 40

PLAIN = (bool, int, float, str, type(None))

#: Parameters that name places on the disk or the network, in whatever library.
REACHING_OUT = ("memory", "num_machines")

#: Makes the class that a file names under one of three headings; raises if there is none.
Lookup = Callable[[str, str], type]


@runtime_checkable
class HasParameters(Protocol):
    """An object of scikit-learn's manners: its parameters make it again."""

    def get_params(self, deep: bool = True) -> dict[str, Any]: ...
    def set_params(self, **params: Any) -> Any: ...


# --- writing --------------------------------------------------------------------------------------------


def encode(value: Any, where: str) -> Any:
    """Return a parameter as plain values and arrays.

    Raises
    ------
    UnsavableError
        If it holds a function, a frame or any object that is not made of parameters again; the message
        names it.
    """
    if isinstance(value, (np.bool_, np.integer, np.floating)):
        value = value.item()
    if isinstance(value, PLAIN):
        return value
    if isinstance(value, pd.Timestamp) and value.tz is None:
        return {"$time": value.isoformat(), "unit": value.unit}
    if isinstance(value, np.ndarray):
        return value
    if isinstance(value, (tuple, list)):
        items = [encode(item, f"{where}[{j}]") for j, item in enumerate(value)]
        return items if type(value) is list else {"$tuple": _only(value, tuple, items, where)}
    if isinstance(value, Mapping):
        pairs = [[encode(k, where), encode(v, f"{where}[{k!r}]")] for k, v in value.items()]
        return {"$dict": _only(value, dict, pairs, where)}
    if not isinstance(value, type) and dataclasses.is_dataclass(value):
        named = {f.name: getattr(value, f.name) for f in dataclasses.fields(value) if f.init}
        heading = "$class" if is_ours(type(value)) else "$own"
        return _made_of(heading, type(value).__name__, named, where)
    if not isinstance(value, type) and isinstance(value, HasParameters):
        named = value.get_params(deep=False)
        refuse_unknown(type(value), named)
        return _made_of("$object", full_name(type(value)), named, where)
    raise UnsavableError(
        f"{where} is {_kind(value)}, and a model file holds no code and no objects, only numbers, text "
        "and what is made of them. Make it a parameter of a frozen dataclass, or save the data and the "
        "script instead"
    )


def _only(value: object, kind: type, items: list[Any], where: str) -> list[Any]:
    if type(value) is not kind:  # a named tuple, a defaultdict: would come back as something else
        raise UnsavableError(f"{where} is {_kind(value)}; make it a plain {kind.__name__}")
    return items


def _kind(value: object) -> str:
    what = "the class" if isinstance(value, type) else "a"
    name = value.__name__ if isinstance(value, type) else type(value).__name__
    return f"{what} {name}"


def _made_of(heading: str, name: str, named: Mapping[str, Any], where: str) -> dict[str, Any]:
    return {heading: name, "with": {k: encode(v, f"{where}.{k}") for k, v in named.items()}}


def is_ours(cls: type) -> bool:
    """Return whether a class is a part of this package that ``load`` knows; planted faults are not."""
    parts = cls.__module__.split(".")
    return parts[0] == "forecasting" and parts[1:2] != ["testing"]


def full_name(cls: type) -> str:
    """Return the stable name of a class of another library: ``"sklearn.Ridge"``."""
    return f"{cls.__module__.partition('.')[0]}.{cls.__name__}"


def refuse_unknown(cls: type, named: Mapping[str, Any]) -> None:
    """Raise :class:`UnsavableError` for parameters by which an edited file could reach out.

    What the constructor names is what its author offers. What it takes besides, as LightGBM does, goes
    unseen to the library, where texts are file names: there only numbers are let through.
    """
    for name, value in named.items():
        reaches = name in REACHING_OUT and value is not None
        if reaches or not (name in _offered(cls) or isinstance(value, (bool, int, float))):
            raise UnsavableError(
                f"{cls.__name__} has {name}={value!r}, which a model file does not keep, because it may name "
                "a file or a machine; leave it out"
            )


def _refuse_later(cls: type, named: Mapping[str, Any]) -> None:
    """Raise :class:`ModelFileError` for parameters that the installed version of a library does not have."""
    takes_any = inspect.Parameter.VAR_KEYWORD in {
        p.kind for p in inspect.signature(cls).parameters.values()
    }
    unknown = [name for name in named if name not in _offered(cls)]
    if unknown and not takes_any:
        library = cls.__module__.partition(".")[0]
        raise ModelFileError(
            f"{cls.__name__} of the installed {library} takes no {', '.join(map(str, unknown))}; install the "
            "version that the file was saved with, read_signature(path)['made_by'] names it"
        )


def _offered(cls: type) -> tuple[str, ...]:
    kinds = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return tuple(p.name for p in inspect.signature(cls).parameters.values() if p.kind in kinds)


def foreign_classes(value: Any) -> tuple[type, ...]:
    """Return the classes in a forecaster that are not of this package: what ``load`` must be given."""
    return tuple(dict.fromkeys(_foreign(value)))


def _foreign(value: Any) -> Iterator[type]:
    if isinstance(value, type):
        return
    if isinstance(value, (tuple, list)):
        inside: Iterable[Any] = value
    elif isinstance(value, Mapping):
        inside = value.values()
    elif dataclasses.is_dataclass(value):
        inside = [getattr(value, f.name) for f in dataclasses.fields(value)]
    elif isinstance(value, HasParameters):
        inside = value.get_params(deep=False).values()
    else:
        return
    made_anew = dataclasses.is_dataclass(value) and is_ours(type(value))
    if not isinstance(value, (tuple, list, Mapping)) and not made_anew:
        yield type(value)
    for item in inside:
        yield from _foreign(item)


# --- reading --------------------------------------------------------------------------------------------


def decode(tree: Any, lookup: Lookup, depth: int = 0) -> Any:
    """Return the parameter that :func:`encode` wrote.

    Raises
    ------
    CorruptModelFileError
    ModelFileError
        From ``lookup``.
    """
    demand(depth <= MAX_DEPTH, "parameters are nested too deep")
    if isinstance(tree, (*PLAIN, np.ndarray)):
        return tree
    if isinstance(tree, list):
        return [decode(item, lookup, depth + 1) for item in tree]
    demand(isinstance(tree, dict), "a parameter is of no kind")
    match tree:
        case {"$time": str(text), "unit": ("s" | "ms" | "us" | "ns") as unit}:
            return pd.Timestamp(text).as_unit(unit)
        case {"$tuple": list(items)}:
            return tuple(decode(item, lookup, depth + 1) for item in items)
        case {"$dict": list(pairs)}:
            return {
                decode(key, lookup, depth + 1): decode(item, lookup, depth + 1)
                for key, item in pairs
            }
        case {"with": dict(named)}:
            return _made(tree, {k: decode(v, lookup, depth + 1) for k, v in named.items()}, lookup)
    demand(False, "a parameter is of no kind")
    return None


def _made(tree: dict[str, Any], named: dict[str, Any], lookup: Lookup) -> Any:
    for heading in ("$class", "$own", "$object"):
        if heading in tree:
            cls = lookup(heading, tree[heading])
            if heading == "$object":
                _refuse_later(cls, named)
                refuse_unknown(cls, named)
            else:
                known = {f.name for f in dataclasses.fields(cls) if f.init}
                demand(named.keys() <= known, f"{cls.__name__} has no such parameter")
            return cls(**named)
    demand(False, "a parameter is of no kind")
    return None


def make_lookup(
    ours: Mapping[str, type], others: Callable[[str], type | None], given: Iterable[type]
) -> Lookup:
    """Return the lookup of ``load``: ours by name, those of other libraries, and the user's own."""
    own: dict[str, type] = {}
    for cls in given:
        for name in (cls.__name__, full_name(cls)):
            if own.setdefault(name, cls) is not cls:
                raise ArgumentError(
                    f"classes holds two classes {name}, and a file says no more than the name; give one"
                )

    def lookup(heading: str, name: str) -> type:
        demand(isinstance(name, str), "a class has no name")
        found = ours.get(name) if heading == "$class" else own.get(name)
        if found is None and heading == "$object":
            found = others(name)
        if found is not None:
            return found
        if heading == "$class":
            raise ModelFileError(
                f"the file needs the forecaster {name[:60]!r}, which this version of forecasting does not "
                "have; install the version it was saved with, or a later one"
            )
        short = name.rpartition(".")[2][:60]
        handed = (
            f" You gave {plural(len(own) // 2, 'class', 'classes')}: {show_ids(own)}."
            if own
            else ""
        )
        raise ModelFileError(
            f"the file holds a {short}, and no class is imported because a file says so; import it "
            f"yourself and hand it over, load(path, classes=[{short}]).{handed}"
        )

    return lookup
