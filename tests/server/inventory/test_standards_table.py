"""docs/standards.md: it names tests that exist, and every standard that the server cites."""

import re
from pathlib import Path
from typing import Final

import pytest


ROOT: Final = Path(__file__).parents[3]
LINES: Final = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in (ROOT / "docs" / "standards.md").read_text().splitlines()
    if line.startswith("| ") and not line.startswith(("| standard ", "| client "))
]
ROWS: Final = [line for line in LINES if len(line) == 4]
CLIENTS: Final = [line for line in LINES if len(line) == 6]
PROTOCOLS: Final = frozenset(
    [
        "6749",
        "6750",
        "7009",
        "7515",
        "7517",
        "7518",
        "7519",
        "7521",
        "7523",
        "7591",
        "7592",
        "7636",
        "7662",
        "8037",
        "8252",
        "8414",
        "8628",
        "8693",
        "8707",
        "8725",
        "9068",
        "9101",
        "9126",
        "9207",
        "9449",
        "9700",
    ]
)
"""The RFCs among the cited ones that say what an authorization server does."""


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_each_standard_names_tests_that_exist(row: list[str]) -> None:
    standard, supported, left_out, proofs = row
    assert supported or left_out, standard
    assert missing(proofs) == []


@pytest.mark.parametrize("row", CLIENTS, ids=lambda row: row[0])
def test_each_client_names_tests_that_exist(row: list[str]) -> None:
    assert row[1] == "yes"
    assert missing(row[-1]) == []


def test_each_line_is_of_one_of_the_tables() -> None:
    assert len(CLIENTS) == 7
    assert len(ROWS) + len(CLIENTS) == len(LINES)


def missing(proofs: str) -> list[str]:
    named = [name.strip() for name in proofs.split(",")]
    return [name for name in named if not (ROOT / "tests" / name).is_file()]


def test_each_protocol_that_the_server_cites_is_in_the_table() -> None:
    sources = (ROOT / "server").rglob("*.py")
    cited = {each for path in sources for each in re.findall(r"RFC (\d{4})", path.read_text())}
    told = {each for row in ROWS for each in re.findall(r"RFC (\d{4})", row[0])}
    assert cited & PROTOCOLS <= told
    assert cited >= PROTOCOLS, "the list has a standard that no source cites"
