"""What a chart's release grants its operator, one by one, and which calls make use of it."""

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from tests.operator_proxied.calls import Call


Document = dict[str, Any]
KINDS = frozenset({"Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"})
EVERYWHERE = ""


@dataclass(frozen=True, order=True)
class Grant:
    """One verb on one resource; `names` is empty where any object is meant.

    `namespace` is EVERYWHERE for what a ClusterRole grants.
    """

    namespace: str
    verb: str
    what: str
    names: tuple[str, ...] = ()

    def covers(self, call: Call) -> bool:
        return (
            (call.verb, call.what) == (self.verb, self.what)
            and self.namespace in {EVERYWHERE, call.namespace}
            and (not self.names or call.name in self.names)
        )


def granted(documents: Iterable[Document], account: str) -> Iterator[Grant]:
    """Every grant to the service account, by the bindings of a release."""
    known = list(documents)
    roles = {
        (one["kind"], _namespace(one), one["metadata"]["name"]): one
        for one in known
        if one["kind"] in {"Role", "ClusterRole"}
    }
    for binding in known:
        if binding["kind"] not in {"RoleBinding", "ClusterRoleBinding"}:
            continue
        assert [one["name"] for one in binding["subjects"]] == [account]
        role = roles[binding["roleRef"]["kind"], _namespace(binding), binding["roleRef"]["name"]]
        for rule in role["rules"]:
            yield from _expanded(rule, _namespace(binding))


def _namespace(document: Document) -> str:
    return str(document["metadata"].get("namespace", EVERYWHERE))


def _expanded(rule: Document, namespace: str) -> Iterator[Grant]:
    names = tuple(rule.get("resourceNames", ()))
    for group, resource, verb in itertools.product(
        rule["apiGroups"], rule["resources"], rule["verbs"]
    ):
        plural, _, subresource = resource.partition("/")
        what = Call("", "", "", group, plural, subresource, "", "").what
        yield Grant(namespace, verb, what, names)


def unused(grants: Iterable[Grant], calls: Iterable[Call]) -> set[Grant]:
    """Grants of which no call made use.

    What a namespace's Role grants too is used there, and not what is granted everywhere. Namespaces
    have the same Role: what is used in one of them is used.
    """
    every = set(grants)
    used: set[Grant] = set()
    for call in calls:
        covering = [grant for grant in every if grant.covers(call)]
        narrow = [grant for grant in covering if grant.namespace != EVERYWHERE]
        used.update(narrow or covering)
    somewhere = {_right(grant) for grant in used if grant.namespace != EVERYWHERE}
    return {
        grant
        for grant in every - used
        if grant.namespace == EVERYWHERE or _right(grant) not in somewhere
    }


def _right(grant: Grant) -> tuple[str, str, tuple[str, ...]]:
    return grant.verb, grant.what, grant.names
