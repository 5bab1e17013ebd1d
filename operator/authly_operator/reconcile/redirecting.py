"""Read what spec.redirectUrisFrom refers to, each time anew: a changed host is followed."""

from dataclasses import dataclass
from http import HTTPStatus

from authly_operator.api import authly_client
from authly_operator.cluster import errors, resources
from authly_operator.desired import redirect_uris
from authly_operator.observed import Identity, Manifest
from authly_operator.reconcile.collaborators import Collaborators


_OPTIONAL = frozenset(each.kind for each in resources.OPTIONAL)


@dataclass(frozen=True, slots=True)
class Followed:
    """The spec with the redirect URIs that were found, and a line for each that was not."""

    spec: authly_client.Spec
    unresolved: tuple[str, ...] = ()


async def follow(tools: Collaborators, identity: Identity, spec: authly_client.Spec) -> Followed:
    """Look each object up, in the client's own namespace only.

    Raises:
        cluster.errors.ClusterError: the API server did not answer.
    """
    uris: list[str] = []
    unresolved: list[str] = []
    for source in spec.redirect_uris_from:
        kind, name = redirect_uris.place(source)
        told = f"{kind} {identity.namespace}/{name} (spec.redirectUrisFrom)"
        found = await _find(tools, kind, identity.namespace, name)
        if isinstance(found, str):
            unresolved.append(f"{told} {found}")
            continue
        built = redirect_uris.build(source, found)
        uris += built
        if not built:
            unresolved.append(f"{told} has no host, or wildcards only: give it a host")
    together = redirect_uris.together(spec.redirect_uris, uris)
    return Followed(spec.model_copy(update={"redirect_uris": together}), tuple(unresolved))


async def _find(tools: Collaborators, kind: str, namespace: str, name: str) -> Manifest | str:
    """The object, or what is wrong with it."""
    if kind in _OPTIONAL and not await tools.discovery.serves(kind):
        return "cannot be read: this cluster does not know the kind, install its definitions"
    try:
        found = await tools.api.get(kind, namespace, name)
    except errors.Refused as refused:
        if refused.status != HTTPStatus.FORBIDDEN:
            raise
        return "may not be read by this operator: upgrade the Helm release that it belongs to"
    return {**found, "kind": kind} if found is not None else "does not exist: create it"
