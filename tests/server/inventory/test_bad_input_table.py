"""docs/bad-input.md: every row that concerns what is built is proved by tests that exist."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest


ROOT = Path(__file__).parents[3]
TABLE = ROOT / "docs" / "bad-input.md"
LAST = {"A": 33, "T": 28, "R": 9, "C": 7, "L": 18, "F": 7}
IDS = [f"{letter}{number}" for letter, last in LAST.items() for number in range(1, last + 1)]
NOT_BUILT = {"L10"}


def rows() -> dict[str, str]:
    """The proof of each row; a row that is there twice is an error."""
    found: dict[str, str] = {}
    for line in TABLE.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if re.fullmatch(r"[A-Z]\d+", cells[0]):
            assert cells[0] not in found
            assert len(cells) == 4
            found[cells[0]] = cells[3]
    return found


def proofs(text: str) -> Iterator[str]:
    """The tests that a text names."""
    return iter(re.findall(r"`(test_\w+)`", text))


@pytest.fixture(scope="module")
def tests() -> set[str]:
    """The names of all tests of the server, and of what others do with it."""
    return {
        node.name
        for folder in ("server", "interop")
        for file in (ROOT / "tests" / folder).rglob("test_*.py")
        for node in ast.parse(file.read_text()).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


def test_every_row_is_there_in_its_order() -> None:
    assert list(rows()) == IDS


@pytest.mark.parametrize("row", IDS)
def test_a_row_is_proved_or_says_what_is_not_built(row: str, tests: set[str]) -> None:
    proof = rows()[row]
    named = list(proofs(proof))
    assert set(named) <= tests
    assert proof.startswith("not built: ") is (row in NOT_BUILT)
    assert bool(named) is not (row in NOT_BUILT)


def test_whatever_else_the_page_names_exists(tests: set[str]) -> None:
    assert set(proofs(TABLE.read_text())) <= tests
