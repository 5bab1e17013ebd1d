"""The derived files and their text."""

from pathlib import Path
from typing import Final

from authly_server import setting_table
from derived import reasons, reference


ROOT: Final = Path(__file__).resolve().parents[2]
DEFINITIONS: Final = ROOT / "crds"
WORDS: Final = ROOT / "operator" / "authly_operator" / "condition_names.py"
CHART: Final = ROOT / "helm" / "authly-operator" / "files" / "crds"
REFERENCE: Final = ROOT / "docs" / "api.md"
SETTINGS: Final = ROOT / "docs" / "settings.md"


def wanted() -> dict[Path, str]:
    """Every derived file with its text: a chart can hold no link to a file outside of it."""
    definitions = {
        path.name: path.read_text("utf-8") for path in sorted(DEFINITIONS.glob("*.yaml"))
    }
    copies = {CHART / name: text for name, text in definitions.items()}
    page = reference.render(list(definitions.values()))
    named = reasons.render(WORDS.read_text("utf-8"))
    return {**copies, REFERENCE: f"{page}\n{named}", SETTINGS: setting_table.markdown()}


def stale() -> dict[Path, str]:
    """The files that are missing or have another text."""
    return {
        path: text
        for path, text in wanted().items()
        if not path.is_file() or path.read_text("utf-8") != text
    }
