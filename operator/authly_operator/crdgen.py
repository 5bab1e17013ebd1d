"""Custom resource definitions from the models: `python -m authly_operator.crdgen [--check]`."""

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml
from typing_extensions import override

from authly_operator import naming
from authly_operator.api import (
    authly_backup,
    authly_client,
    authly_restore,
    authly_scope,
    authly_server,
    value,
)


DIRECTORY: Final = Path(__file__).resolve().parents[2] / "crds"
DROPPED: Final = frozenset({"title", "examples", "discriminator", "$defs"})
CONDITION: Final = '.status.conditions[?(@.type=="Ready")].'

Schema = dict[str, Any]


def column(name: str, path: str, kind: str = "string", priority: int = 0) -> Schema:
    """One additional printer column."""
    return {"name": name, "type": kind, "jsonPath": path, "priority": priority}


READY: Final = [
    column("Ready", f"{CONDITION}status"),
    column("Reason", f"{CONDITION}reason"),
]
LAST: Final = [
    column("Message", f"{CONDITION}message", priority=1),
    column("Age", ".metadata.creationTimestamp", "date"),
]
SERVER: Final = [
    column("Replicas", ".status.readyReplicas", "integer"),
    column("Issuer", ".status.endpoints.issuer"),
    column("Clients", ".status.clients.total", "integer", priority=1),
    column("Signing Key", ".status.signingKeys[0].kid", priority=1),
]
CLIENT: Final = [
    column("Server", ".spec.serverRef.name"),
    column("Client ID", ".status.clientId"),
    column("Secret", ".status.secretRef.name", priority=1),
]
SCOPE: Final = [column("Server", ".spec.serverRef.name"), column("Scope", ".spec.name")]
BACKUP: Final = [
    column("Server", ".spec.serverRef.name"),
    column("Phase", ".status.phase"),
    column("Size", ".status.size", "integer"),
    column("Verified", ".status.verifiedTime", "date"),
    column("Location", ".status.location", priority=1),
]
RESTORE: Final = [
    column("Server", ".spec.serverRef.name"),
    column("Phase", ".status.phase"),
    column("Mode", ".spec.mode"),
    column("Step", ".status.steps[-1:].name"),
    column("Location", ".status.location", priority=1),
]
SCALE: Final = {
    "specReplicasPath": ".spec.replicas",
    "statusReplicasPath": ".status.replicas",
    "labelSelectorPath": ".status.selector",
}


def structural(model: type[value.Value]) -> Schema:
    """The structural schema (OpenAPI v3, nothing but what Kubernetes takes) of a model.

    Raises:
        ValueError: the model has what a structural schema cannot say.
    """
    raw = model.model_json_schema(by_alias=True)
    return _node(raw, raw.get("$defs", {}))


def _node(raw: Mapping[str, Any], defs: Mapping[str, Any]) -> Schema:
    merged = _resolved(raw, defs)
    if "prefixItems" in merged or "uniqueItems" in merged:
        message = f"a structural schema has no tuples and no uniqueItems: {raw}"
        raise ValueError(message)
    node = {key: part for key, part in merged.items() if key not in DROPPED}
    if "const" in node:
        node["enum"] = [node.pop("const")]
    if "items" in node:
        node["items"] = _node(node["items"], defs)
    if isinstance(node.get("additionalProperties"), dict):
        node["additionalProperties"] = _node(node["additionalProperties"], defs)
    if node.get("additionalProperties") is True:  # a model that takes more than it names
        del node["additionalProperties"]
        node["x-kubernetes-preserve-unknown-fields"] = True
    if "properties" in node:
        node["properties"] = _properties(node, defs)
    return node


def _resolved(raw: Mapping[str, Any], defs: Mapping[str, Any]) -> Schema:
    """The node with its reference and its optionality written out; siblings win."""
    siblings = {key: part for key, part in raw.items() if key not in ("$ref", "anyOf")}
    if "$ref" in raw:
        return {**_resolved(defs[raw["$ref"].rsplit("/", 1)[1]], defs), **siblings}
    if "anyOf" in raw:
        return {**_chosen(raw["anyOf"], defs), **_without_null(siblings)}
    return siblings


def _without_null(siblings: Schema) -> Schema:
    return {k: part for k, part in siblings.items() if not (k == "default" and part is None)}


def _chosen(options: list[Mapping[str, Any]], defs: Mapping[str, Any]) -> Schema:
    real = [option for option in options if option.get("type") != "null"]
    if {option.get("type") for option in real} == {"integer", "string"}:
        return {"x-kubernetes-int-or-string": True}
    if len(real) != 1:
        message = f"a structural schema has no unions: {options}"
        raise ValueError(message)
    return _resolved(real[0], defs)


def _properties(node: Schema, defs: Mapping[str, Any]) -> Schema:
    """Each property; an object that may be omitted has its defaults, which its rules judge."""
    required = node.get("required", [])
    written = {}
    for name, raw in node["properties"].items():
        written[name] = _node(raw, defs)
        if _omissible(raw, written[name]) and name not in required:
            written[name]["default"] = _defaults(written[name])
    return written


def _defaults(node: Schema) -> Schema:
    children = node.get("properties", {})
    return {name: child["default"] for name, child in children.items() if "default" in child}


def _omissible(raw: Mapping[str, Any], node: Schema) -> bool:
    return "anyOf" not in raw and node.get("type") == "object"


def definition(
    model: type[value.Value],
    plural: str,
    short: str,
    columns: list[Schema],
    scale: Schema | None = None,
) -> Schema:
    """The CustomResourceDefinition of one kind."""
    kind = model.__name__
    names = {
        "kind": kind,
        "listKind": f"{kind}List",
        "plural": plural,
        "singular": kind.lower(),
        "shortNames": [short],
        "categories": ["authly"],
    }
    version = {
        "name": naming.VERSION,
        "served": True,
        "storage": True,
        "additionalPrinterColumns": [*READY, *columns, *LAST],
        "subresources": {"status": {}, **({"scale": scale} if scale else {})},
        "schema": {"openAPIV3Schema": structural(model)},
    }
    spec = {"group": naming.GROUP, "names": names, "scope": "Namespaced", "versions": [version]}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{naming.GROUP}"},
        "spec": spec,
    }


def definitions() -> list[Schema]:
    """The definitions of all kinds."""
    return [
        definition(authly_server.AuthlyServer, "authlyservers", "as", SERVER, SCALE),
        definition(authly_scope.AuthlyScope, "authlyscopes", "asc", SCOPE),
        definition(authly_client.AuthlyClient, "authlyclients", "ac", CLIENT),
        definition(authly_backup.AuthlyBackup, "authlybackups", "ab", BACKUP),
        definition(authly_restore.AuthlyRestore, "authlyrestores", "ar", RESTORE),
    ]


class _Plain(yaml.SafeDumper):
    @override
    def ignore_aliases(self, data: object) -> bool:
        return True


def files() -> dict[str, str]:
    """File names of crds/ and their text."""
    return {
        f"{one['metadata']['name'].split('.')[0]}.yaml": yaml.dump(
            one, Dumper=_Plain, sort_keys=False, width=100, allow_unicode=True
        )
        for one in definitions()
    }


def main(argv: list[str] | None = None) -> int:
    """Write crds/, or with --check say which files are stale and return 1."""
    parser = argparse.ArgumentParser(prog="python -m authly_operator.crdgen", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, fail where stale")
    parser.add_argument("--directory", type=Path, default=DIRECTORY)
    arguments = parser.parse_args(argv)
    stale = {
        arguments.directory / name: text
        for name, text in files().items()
        if not (path := arguments.directory / name).is_file() or path.read_text() != text
    }
    for path, text in stale.items():
        sys.stderr.write(f"{path}: {'stale' if arguments.check else 'written'}\n")
        if not arguments.check:
            path.write_text(text)
    return int(arguments.check and bool(stale))


if __name__ == "__main__":
    sys.exit(main())
