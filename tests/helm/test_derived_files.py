"""What is derived from crds/ is never older than crds/."""

from pathlib import Path

import pytest

from derived import files, reference


ROOT = Path(__file__).resolve().parents[2]


def test_the_charts_copies_and_the_reference_are_up_to_date() -> None:
    assert [str(path) for path in files.stale()] == []


def test_the_chart_has_a_copy_of_every_definition() -> None:
    names = {path.name for path in (ROOT / "crds").glob("*.yaml")}
    assert {path.name for path in files.CHART.glob("*.yaml")} == names


def test_a_copy_that_differs_is_found_and_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in files.CHART.glob("*.yaml"):
        (tmp_path / path.name).write_text(path.read_text())
    monkeypatch.setattr(files, "CHART", tmp_path)
    assert files.stale() == {}
    (tmp_path / "authlyscopes.yaml").write_text("older")
    assert [path.name for path in files.stale()] == ["authlyscopes.yaml"]


def test_the_reference_names_each_field_with_its_default_and_each_rule() -> None:
    text = (ROOT / "docs" / "api.md").read_text()
    assert '| `spec.database.managed.storage.size` | string | `"10Gi"` |' in text
    assert "- `spec.serverRef`: serverRef is immutable" in text


def test_a_list_is_entered() -> None:
    entries = {"type": "array", "items": {"properties": {"a": {"type": "string"}}}}
    paths = [field.path for field in reference.fields({"properties": {"list": entries}})]
    assert paths == ["list", "list[].a"]
