"""The Secret of an AuthlyClient: everything that its pods need to get and check tokens."""

from collections.abc import Mapping
from typing import Any

from authly_operator import naming
from authly_operator.api import authly_client
from authly_operator.desired import client_row, metadata, secret as secrets, url
from authly_operator.material import client_key
from authly_operator.observed import Identity, Manifest, ServerView


def build(
    spec: authly_client.Spec,
    identity: Identity,
    server: ServerView,
    secret: str | None,
    *,
    rotated_for: str = "",
    key: str | None = None,
) -> Manifest:
    """The Secret; without client_secret where there is none.

    `key` is the private key of a client that was given one, as PEM. `rotated_for` is a digest of
    the request that its client secret answers, written along with it.
    """
    issuer = server.spec.effective_issuer()
    values = {
        "client_id": client_row.client_id(spec, identity),
        **({"client_secret": secret} if secret is not None else {}),
        **(client_key.values(key) if key is not None else {}),
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/authorize",
        "token_endpoint": f"{issuer}/token",
        "jwks_uri": f"{issuer}/jwks",
        "introspection_endpoint": f"{issuer}/introspect",
        "revocation_endpoint": f"{issuer}/revoke",
        "userinfo_endpoint": f"{issuer}/userinfo",
        "internal_issuer_url": internal_issuer_url(server),
    }
    return secrets.build(_metadata(spec, identity, server, rotated_for), values)


def name(spec: authly_client.Spec, identity: Identity) -> str:
    """The Secret's name: the template's, or `<name>-oauth`."""
    return spec.secret_template.name or naming.client_secret(identity.name)


def internal_issuer_url(server: ServerView) -> str:
    """Where the issuer is reached inside the cluster: the Service's URL with the issuer's path."""
    identity, port = server.identity, server.spec.service.port
    service = naming.service_url(identity.name, identity.namespace, port)
    return f"{service}{url.path(server.spec.effective_issuer())}"


def _metadata(
    spec: authly_client.Spec, identity: Identity, server: ServerView, rotated_for: str
) -> Mapping[str, Any]:
    template = spec.secret_template
    ours = naming.labels(server.identity.name, naming.Component.CLIENT)
    mark = {naming.ROTATED_FOR_ANNOTATION: rotated_for} if rotated_for else {}
    noted = {**template.annotations, **mark}
    return {
        "name": name(spec, identity),
        "namespace": identity.namespace,
        "labels": {**template.labels, **ours},
        **({"annotations": noted} if noted else {}),
        "ownerReferences": [metadata.owner(identity, "AuthlyClient")],
    }
