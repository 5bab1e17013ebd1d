"""A request to the API server as its authorizer sees it: verb, resource, and where."""

from collections.abc import Mapping
from dataclasses import dataclass


COLLECTION_VERBS = {"GET": "list", "POST": "create", "DELETE": "deletecollection"}
OBJECT_VERBS = {"GET": "get", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}


@dataclass(frozen=True)
class Call:
    """One request; `resource` is empty where the path names none, as in discovery."""

    method: str
    path: str
    verb: str
    group: str
    resource: str
    subresource: str
    namespace: str
    name: str

    @property
    def what(self) -> str:
        """RESOURCE.GROUP/SUBRESOURCE, parts that are empty left out."""
        plural = f"{self.resource}.{self.group}" if self.group else self.resource
        return f"{plural}/{self.subresource}" if self.subresource else plural

    @property
    def is_watch(self) -> bool:
        return self.verb == "watch"


def parse(method: str, path: str, query: Mapping[str, str]) -> Call:
    """Read what is asked for from a URL (Kubernetes, API concepts, resource URIs)."""
    root, *rest = path.strip("/").split("/")
    group = rest[0] if root == "apis" and rest else ""
    parts = rest[2:] if root == "apis" else rest[1:]
    namespace = ""
    if parts[:1] == ["namespaces"] and len(parts) > 2:
        namespace, parts = parts[1], parts[2:]
    resource, name, subresource = (*parts, "", "", "")[:3]
    if resource == "namespaces":
        namespace = name  # a Role in a namespace is about the Namespace, too
    verb = (OBJECT_VERBS if name else COLLECTION_VERBS).get(method, method.lower())
    if query.get("watch") == "true":
        verb = "watch"
    return Call(method, path, verb, group, resource, subresource, namespace, name)
