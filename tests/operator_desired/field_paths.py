"""Ways into specs and objects, as the table of fields writes them."""

from typing import Any


Object = dict[str, Any]


def changed(spec: Object, path: str, value: Any) -> Object:
    """The spec with another value of one field; [] leads into the first member of a list."""
    name, _, rest = path.partition(".")
    if name.endswith("[]"):
        (before,) = spec.get(name[:-2]) or [{"name": "CACHE_TTL"}]
        return {**spec, name[:-2]: [changed(before, rest, value)]}
    inner = changed(spec.get(name) or {}, rest, value) if rest else value
    return {**spec, name: inner}


def merged(spec: Object, more: Object) -> Object:
    both = {
        key: merged(spec[key], inner) if isinstance(spec.get(key), dict) else inner
        for key, inner in more.items()
    }
    return {**spec, **both}


def at(part: Any, path: str) -> Any:
    """What a path leads to; a member of a list is found by its name or its number."""
    for step in path.split():
        if isinstance(part, list):
            known: dict[str, Any] = {str(number): one for number, one in enumerate(part)}
            known |= {
                str(one["name"]): one for one in part if isinstance(one, dict) and "name" in one
            }
            part = known.get(step)
        else:
            part = (part or {}).get(step)
    return part
