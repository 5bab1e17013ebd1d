"""The documents name only what exists: tests, files, links, reasons and fields."""

import re
from pathlib import Path

import pytest

from authly_operator.condition_names import Condition, Reason


ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [
    ROOT / "THREAT_MODEL.md",
    *(
        ROOT / "docs" / f"{name}.md"
        for name in (
            "operations",
            "security",
            "api",
            "openid-connect",
            "grants",
            "fapi",
            "bad-input",
            "clients",
            "client-fields",
            "data",
            "complaints",
            "soak",
        )
    ),
]
NAMES = [path.name for path in DOCUMENTS]


@pytest.fixture(scope="module")
def tests() -> set[str]:
    found: set[str] = set()
    for path in (ROOT / "tests").rglob("test_*.py"):
        found |= set(re.findall(r"^(?:async )?def (test_\w+)", path.read_text(), re.MULTILINE))
    return found


@pytest.mark.parametrize("document", DOCUMENTS, ids=NAMES)
def test_every_test_that_is_cited_exists(document: Path, tests: set[str]) -> None:
    cited = set(re.findall(r"`(test_\w+)`", document.read_text()))
    assert sorted(cited - tests) == []


def test_every_threat_names_a_proof_or_says_that_there_is_none() -> None:
    section = (ROOT / "THREAT_MODEL.md").read_text()
    rows = re.findall(r"^\| .* \|$", section[section.index("## The server,") :], re.MULTILINE)
    threats = [row for row in rows if not row.startswith(("| endpoint |", "| threat |", "| contr"))]
    assert len(threats) > 30
    assert [row for row in threats if "`test_" not in row and "no test" not in row] == []


def test_every_complaint_of_others_has_a_proof() -> None:
    text = (ROOT / "docs" / "complaints.md").read_text()
    rows = re.findall(r"^\| .* \|$", text, re.MULTILINE)
    complaints = [row for row in rows if not row.startswith("| complaint |")]
    assert len(complaints) > 20
    assert [row for row in complaints if "`test_" not in row] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=NAMES)
def test_every_link_leads_somewhere(document: Path) -> None:
    prose = re.sub(r"`[^`\n]*`", "", document.read_text())
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", prose):
        assert (document.parent / target).exists(), target


@pytest.mark.parametrize("document", DOCUMENTS, ids=NAMES)
def test_every_file_that_is_named_exists(document: Path) -> None:
    place = r"(?<![\w.])((?:helm|examples|dev|crds)/[\w./-]*[\w])"
    named = re.findall(place, document.read_text())
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_every_reason_to_act_on_is_one_of_the_operators() -> None:
    text = (ROOT / "docs" / "operations.md").read_text()
    section = text[text.index("## What to do when") : text.index("All reasons are listed")]
    reasons = re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)
    assert len(reasons) > 10
    assert set(reasons) <= {reason.value for reason in Reason}


def test_every_condition_is_explained() -> None:
    text = (ROOT / "docs" / "operations.md").read_text()
    for condition in Condition:
        assert condition.value in text
