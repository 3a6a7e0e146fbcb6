"""The pins agree with one another: pyproject.toml, uv.lock, requirements.txt, tests/lowest.txt."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name as canonical
from packaging.version import Version

ROOT = Path(__file__).parents[1]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
LOCK: dict[str, Any] = tomllib.loads((ROOT / "uv.lock").read_text())
NOT_IN_REQUIREMENTS = {"forecasting", "ziglang"}  # installed on its own; only without a compiler
GROUPS_AT_THE_LOWEST = ("test", "build")


def pins(path: Path) -> dict[tuple[str, str], set[str]]:
    """Return {(name, version): sha256 hashes} of a requirements file."""
    text = path.read_text().replace("\\\n", " ")
    found: dict[tuple[str, str], set[str]] = {}
    for name, version, rest in re.findall(r"^([\w.-]+)==([\w.+!]+)(.*)$", text, re.M):
        key = (canonical(name), version)
        found.setdefault(key, set()).update(re.findall(r"--hash=sha256:(\w+)", rest))
    return found


def locked() -> dict[tuple[str, str], set[str]]:
    """Return {(name, version): sha256 hashes} of uv.lock."""
    return {
        (package["name"], package["version"]): {
            file["hash"].removeprefix("sha256:")
            for file in [*package.get("wheels", []), *filter(None, [package.get("sdist")])]
        }
        for package in LOCK["package"]
    }


def declared(*groups: str) -> list[Requirement]:
    """Return what pyproject.toml asks for: itself, all extras, and the dependency groups."""
    project = PROJECT["project"]
    extras = [line for extra in project["optional-dependencies"].values() for line in extra]
    lines = [*project["dependencies"], *extras]
    for group in groups:
        lines += PROJECT["dependency-groups"][group]
    return [Requirement(line) for line in lines]


def test_requirements_hold_the_pins_and_hashes_of_the_lock() -> None:
    expected = {key: h for key, h in locked().items() if key[0] not in NOT_IN_REQUIREMENTS}
    assert pins(ROOT / "requirements.txt") == expected, "out of step: run `make lock`"


def test_the_lock_was_made_from_this_pyproject() -> None:
    (own,) = (p for p in LOCK["package"] if p["name"] == "forecasting")
    known = {(canonical(r["name"]), r.get("specifier")) for r in own["metadata"]["requires-dist"]}
    asked = {(canonical(r.name), str(r.specifier)) for r in declared()}
    assert known == asked, "out of step: run `make lock`"


def test_the_lock_names_only_the_public_index() -> None:
    registries = {p["source"]["registry"] for p in LOCK["package"] if "registry" in p["source"]}
    elsewhere = [p["name"] for p in LOCK["package"] if "registry" not in p["source"]]
    assert len(registries) == 1
    assert elsewhere == ["forecasting"]


@pytest.mark.parametrize("requirement", declared(*GROUPS_AT_THE_LOWEST), ids=str)
def test_the_lowest_environment_runs_what_pyproject_declares(requirement: Requirement) -> None:
    lowest = dict(pins(ROOT / "tests" / "lowest.txt").keys())
    (bound,) = requirement.specifier
    assert (bound.operator, Version(bound.version)) == (
        ">=",
        Version(lowest[canonical(requirement.name)]),
    )


def test_makefile_and_lock_agree_on_the_compiler() -> None:
    (zig,) = re.findall(r"^ZIG := ziglang==(\S+)$", (ROOT / "Makefile").read_text(), re.M)
    assert ("ziglang", zig) in locked()


def test_no_dependency_is_declared_without_being_defended() -> None:
    page = (ROOT / "decisions" / "dependencies.md").read_text()
    for line in PROJECT["project"]["dependencies"]:
        assert f"`{Requirement(line).name}`" in page
