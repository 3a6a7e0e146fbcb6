"""Every case of the catalogue has a test that bears its id."""

import itertools
import re
from pathlib import Path

TESTS = Path(__file__).parents[1]

#: First and last case of each section.
SECTIONS = {
    "A": (0, 15), "B": (1, 20), "T": (1, 25), "S": (1, 10), "V": (1, 11), "I": (1, 18),
    "H": (1, 9), "L": (1, 9), "F": (1, 6), "E": (1, 15), "W": (1, 20),
}  # fmt: skip
CASES = {
    *(f"{s}{n:02}" for s, (first, last) in SECTIONS.items() for n in range(first, last + 1)),
    "T15b",
}
#: Cases without a test of their name; decisions/bad-input.md says why.
EXCEPTIONS = {
    "A15": "a revision of the data is that of a scheduled run; the store keeps by content",
    "W17": "workers that die are tested one by one in tests/backtesting/test_workers.py",
}


def cases_in(name: str) -> set[str]:
    """Return the ids in the name of a test: A01, A03_A04, or all of H01_to_H06."""
    found = set(
        re.findall(r"(?<![A-Za-z0-9])[A-Z]\d\d[a-z]?(?![A-Za-z0-9])", name.replace("_", " "))
    )
    for section, first, last in re.findall(r"([A-Z])(\d\d)_to_\1(\d\d)", name):
        found |= {f"{section}{n:02}" for n in range(int(first), int(last) + 1)}
    return found


def test_every_case_has_a_test_or_is_an_exception_with_its_reason():
    sources = (path.read_text(encoding="utf-8") for path in sorted(TESTS.rglob("test_*.py")))
    names = itertools.chain.from_iterable(re.findall(r"^def (test_\w+)", s, re.M) for s in sources)
    tested = set().union(*map(cases_in, names))
    assert 160 == len(CASES)
    assert set() == CASES - tested - set(EXCEPTIONS)
    assert set() == tested & set(EXCEPTIONS), "has a test now: no exception any more"
    reasons = (TESTS.parent / "decisions" / "bad-input.md").read_text(encoding="utf-8")
    for case in EXCEPTIONS:
        assert f"| {case} |" in reasons


def test_ids_are_read_from_names():
    assert {"A03", "A04"} == cases_in("test_A03_A04_the_order")
    assert {"H01", "H02", "H03", "H09"} == cases_in("test_H01_to_H03_H09_a_horizon")
    assert set() == cases_in("test_nothing_of_2024")
