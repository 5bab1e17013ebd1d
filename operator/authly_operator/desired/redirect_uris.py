"""Redirect URIs by the hosts of an Ingress or an HTTPRoute: https, one for each host."""

from collections.abc import Iterable, Iterator

from authly_operator.api.redirect import RedirectSource
from authly_operator.observed import Manifest


def place(source: RedirectSource) -> tuple[str, str]:
    """Kind and name of what the source refers to."""
    if source.ingress_ref is not None:
        return "Ingress", source.ingress_ref.name
    assert source.http_route_ref is not None  # noqa: S101  # one of both is set
    return "HTTPRoute", source.http_route_ref.name


def build(source: RedirectSource, found: Manifest) -> tuple[str, ...]:
    """A redirect URI for each host, in the object's order; a wildcard is no host."""
    hosts = dict.fromkeys(host for host in _hosts(found) if host and "*" not in host)
    return tuple(f"https://{host}{source.path}" for host in hosts)


def together(declared: Iterable[str], followed: Iterable[str]) -> tuple[str, ...]:
    """All of them once, what the spec lists first."""
    return tuple(dict.fromkeys([*declared, *followed]))


def _hosts(found: Manifest) -> Iterator[str]:
    spec = found.get("spec") or {}
    yield from spec.get("hostnames") or ()
    for rule in (spec.get("rules") or ()) if found["kind"] == "Ingress" else ():
        yield rule.get("host") or ""
