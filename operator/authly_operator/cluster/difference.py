"""Where an observed object is not what is desired of it; pure.

Desired is a structural subset: what the API server or other controllers add is theirs. Entries of
a list are matched by their key where all have one and no two the same, as server-side apply does
for list maps, else by position. What selects or admits is compared as a whole: there an addition
means something else, such as a Service that finds no pod.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, TypeGuard


Difference = tuple[str, str]
"""A path, and a digest of what was observed there: never the value, it may be a Secret's."""

LIST_KEYS: Final = ("mountPath", "name", "uid", "ip", "topologyKey")
"""What the entries of lists of objects are known by (x-kubernetes-list-map-keys), first fit."""
WHOLE: Final = frozenset(
    {
        "selector",
        "podSelector",
        "namespaceSelector",
        "nodeSelector",
        "labelSelector",
        "ingress",
        "egress",
    }
)
"""Fields that server-side apply replaces as a whole (x-kubernetes-map-type and -list-type atomic)
and that nobody but the operator adds to."""


def find(
    desired: object, observed: object, path: str = "", *, whole: bool = False
) -> Iterator[Difference]:
    """Each place where `observed` lacks or contradicts `desired`, or if `whole` has more."""
    if isinstance(desired, Mapping) and isinstance(observed, Mapping):
        yield from _in_mapping(desired, observed, path, whole=whole)
    elif _is_list(desired) and _is_list(observed):
        yield from _in_list(desired, observed, path, whole=whole)
    elif _is_list(desired) and not desired and observed is None:
        return  # the API server leaves empty lists out
    elif desired != observed or isinstance(desired, bool) != isinstance(observed, bool):
        yield path, _digest(observed)


def _in_mapping(
    desired: Mapping[str, Any], observed: Mapping[str, Any], path: str, *, whole: bool
) -> Iterator[Difference]:
    for key, wanted in desired.items():
        if wanted is None:
            continue  # the API server takes null for absence
        yield from find(wanted, observed.get(key), f"{path}.{key}", whole=whole or key in WHOLE)
    for key in observed.keys() - desired.keys() if whole else ():
        if observed[key]:
            yield f"{path}.{key}", _digest(observed[key])


def _in_list(
    desired: Sequence[Any], observed: Sequence[Any], path: str, *, whole: bool
) -> Iterator[Difference]:
    key = _key(desired, observed)
    if key is not None:
        found = {entry[key]: entry for entry in observed}
        for wanted in desired:
            yield from find(wanted, found.get(wanted[key]), f"{path}[{wanted[key]}]", whole=whole)
        if whole and len(found) > len(desired):
            yield path, _digest(observed)
    elif len(desired) != len(observed):
        yield path, _digest(observed)
    else:
        for number, (wanted, seen) in enumerate(zip(desired, observed, strict=True)):
            yield from find(wanted, seen, f"{path}[{number}]", whole=whole)


def _key(desired: Sequence[Any], observed: Sequence[Any]) -> str | None:
    fits = (key for key in LIST_KEYS if _keyed(desired, key) and _keyed(observed, key))
    return next(fits, None)


def _keyed(entries: Sequence[Any], key: str) -> bool:
    keys = [entry.get(key) for entry in entries if isinstance(entry, Mapping)]
    return (
        0 < len(keys) == len(entries)
        and all(isinstance(one, str) for one in keys)
        and len(set(keys)) == len(keys)
    )


def _is_list(node: object) -> TypeGuard[Sequence[Any]]:
    return isinstance(node, Sequence) and not isinstance(node, str | bytes)


def _digest(node: object) -> str:
    text = json.dumps(node, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
