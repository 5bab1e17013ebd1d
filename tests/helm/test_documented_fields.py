"""Each field that app teams write has a row in the documents, and a test in that row."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml


ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "client-fields.md").read_text()


def fields(properties: dict[str, Any], above: str = "") -> Iterator[str]:
    """The paths of all fields that have no fields of their own."""
    for name, schema in properties.items():
        inner = schema["items"] if schema.get("type") == "array" else schema
        path = f"{above}{name}" + ("[]" if inner is not schema and "properties" in inner else "")
        if "properties" in inner:
            yield from fields(inner["properties"], f"{path}.")
        else:
            yield path


def rows(kind: str) -> Iterator[tuple[list[str], str]]:
    """The fields of each row of the kind's table, and its proofs."""
    section = TEXT[TEXT.index(f"\n## {kind}\n") + 1 :].split("\n## ")[0]
    for row in re.findall(r"^\| (`.*) \|$", section, re.MULTILINE):
        named, _, proofs = row.split(" | ")
        yield re.findall(r"`([^`]+)`", named), proofs


@pytest.mark.parametrize("kind", ["AuthlyClient", "AuthlyScope"])
def test_every_field_has_one_row_and_every_row_a_proof(kind: str) -> None:
    definition = yaml.safe_load((ROOT / "crds" / f"{kind.lower()}s.yaml").read_text())
    (version,) = definition["spec"]["versions"]
    spec = version["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]
    listed = [field for named, _ in rows(kind) for field in named]
    assert sorted(listed) == sorted(fields(spec))
    assert [named for named, proofs in rows(kind) if "`test_" not in proofs] == []
