"""How a client without a shared secret proves who it is: by a key of its own, or by its pod."""

import json
from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field

from authly_operator.api import reference, value


def _is_json_object(text: str) -> str:
    try:
        is_object = isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        is_object = False
    if not is_object:
        message = 'must be a JWK set as JSON: {"keys": [...]}'
        raise ValueError(message)
    return text


JwkSet = Annotated[str, Field(min_length=2, max_length=65536), AfterValidator(_is_json_object)]
"""A JWK set (RFC 7517) as JSON: text, since YAML would read the member y as true."""


class PrivateKeyJwt(value.Value):
    """Where the client's public keys are (RFC 7523); the private one is the client's alone."""

    model_config = ConfigDict(
        json_schema_extra=value.rules(
            value.rule(
                "[has(self.jwks), has(self.jwksUri), self.generate].exists_one(one, one)",
                "the public keys are in one place: set one of jwks, jwksUri and generate",
            )
        )
    )

    jwks: JwkSet | None = None
    """The public keys as a JWK set in JSON (RFC 7517), for example {"keys": [...]}."""
    jwks_uri: Annotated[str, Field(max_length=2048, pattern=r"^https://[^\s]+$")] | None = None
    """Where the client publishes them; the server must be allowed to connect there."""
    generate: bool = False
    """Whether the operator draws an ES256 key pair: the private key goes into the client's Secret,
    as PEM and as JWK, the public one to the server."""


class ServiceAccount(value.Value):
    """A Kubernetes service account of the client's own namespace, whose tokens are its proof."""

    name: reference.ObjectName
    """Its name."""
    audience: Annotated[str, Field(min_length=1, max_length=2048)] | None = None
    """The audience its tokens are made for; the issuer where omitted."""
