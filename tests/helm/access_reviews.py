"""What somebody may do, by the API server's own word (SubjectAccessReview)."""

import json
from pathlib import Path
from typing import Any

from cluster import handle


Questions = list[tuple[str, str]]
"""Verb and resource: RESOURCE.GROUP, RESOURCE/SUBRESOURCE, or RESOURCE:NAME."""


def allowed(
    cluster: handle.Cluster, path: Path, who: str, asked: Questions, namespace: str
) -> Questions:
    """What of all that somebody may do in a namespace; the questions are written to the path."""
    items = [_review(who, verb, what, namespace) for verb, what in asked]
    path.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
    shown = ("-o", 'jsonpath={.status.allowed}{"\\n"}')
    answers = cluster.kubectl("create", "-f", str(path), *shown).split()
    return [one for one, may in zip(asked, answers, strict=True) if may == "true"]


def _review(who: str, verb: str, what: str, namespace: str) -> dict[str, Any]:
    place, _, subresource = what.partition("/")
    resource, _, name = place.partition(":")
    plural, _, group = resource.partition(".")
    attributes = {"verb": verb, "resource": plural, "group": group, "namespace": namespace}
    attributes |= {"subresource": subresource, "name": name}
    spec = {"user": who, "resourceAttributes": attributes}
    kind = {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview"}
    return {**kind, "spec": spec}
