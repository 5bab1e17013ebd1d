"""Custom resource definitions into a page for people: each field, its type, default and rules."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import yaml


Schema = Mapping[str, Any]

HEAD: Final = """\
# The custom resources

Generated from `crds/` by `python dev/derived`; do not edit. `kubectl explain authlyserver.spec`
says the same of the version that a cluster has. What the conditions mean, and what to do when one
is False, is in [operations.md](operations.md).
"""
LIMITS: Final = {
    "minimum": "≥ {}",
    "maximum": "≤ {}",
    "minLength": "length ≥ {}",
    "maxLength": "length ≤ {}",
    "minItems": "entries ≥ {}",
    "maxItems": "entries ≤ {}",
    "maxProperties": "entries ≤ {}",
    "pattern": "matches `{}`",
}


@dataclass(frozen=True, slots=True)
class Field:
    """One field: its path below the resource, its schema, and whether it must be given."""

    path: str
    schema: Schema
    required: bool


def render(definitions: list[str]) -> str:
    """The whole page, one section a definition (YAML text)."""
    sections = [_section(yaml.safe_load(text)) for text in definitions]
    return "\n".join([HEAD, *sections])


def _section(definition: Schema) -> str:
    names, version = definition["spec"]["names"], definition["spec"]["versions"][0]
    schema = version["schema"]["openAPIV3Schema"]
    short = ", ".join(f"`{name}`" for name in names.get("shortNames", ()))
    group = definition["spec"]["group"]
    lines = [
        f"## {names['kind']}",
        "",
        f"`{group}/{version['name']}`, short name {short}. {_line(schema['description'])}",
        "",
        "| field | type | default | meaning |",
        "|---|---|---|---|",
        *(_row(field) for field in fields(schema)),
        "",
        "Rules:",
        "",
        *(f"- `{path}`: {message}" for path, message in rules(schema)),
    ]
    return "\n".join(lines) + "\n"


def fields(schema: Schema, path: str = "") -> Iterator[Field]:
    """Every field below a schema, depth first; `[]` in a path is any entry of a list."""
    required = schema.get("required", ())
    for name, part in schema.get("properties", {}).items():
        here = f"{path}.{name}" if path else name
        yield Field(here, part, name in required)
        yield from fields(part, here)
        if "items" in part:
            yield from fields(part["items"], f"{here}[]")


def rules(schema: Schema, path: str = "") -> Iterator[tuple[str, str]]:
    """Every rule that goes beyond a field's type: where it is checked, and what it says."""
    for rule in schema.get("x-kubernetes-validations", ()):
        yield path or "the resource", rule["message"]
    for name, part in schema.get("properties", {}).items():
        yield from rules(part, f"{path}.{name}" if path else name)
    if "items" in schema:
        yield from rules(schema["items"], f"{path}[]")


def _row(field: Field) -> str:
    meaning = " ".join(filter(None, (_line(field.schema.get("description", "")), _limits(field))))
    cells = (f"`{field.path}`", _type(field.schema), _default(field), meaning)
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _type(schema: Schema) -> str:
    if schema.get("x-kubernetes-int-or-string"):
        return "integer or string"
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if schema["type"] == "array":
        return f"list of {_type(schema['items'])}"
    if "additionalProperties" in schema:
        return f"map to {_type(schema['additionalProperties'])}"
    return str(schema.get("format", schema["type"]))


def _default(field: Field) -> str:
    if field.required:
        return "**required**"
    default = field.schema.get("default")
    return "" if default is None or "properties" in field.schema else f"`{json.dumps(default)}`"


def _limits(field: Field) -> str:
    """The limits of a spec's field; a status is not written by people."""
    if not field.path.startswith("spec"):
        return ""
    told = [text.format(field.schema[key]) for key, text in LIMITS.items() if key in field.schema]
    return f"({'; '.join(told)})" if told else ""


def _line(text: str) -> str:
    return " ".join(text.split())
