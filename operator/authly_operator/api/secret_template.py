"""The Secret that a client's pods read, as its AuthlyClient wants it."""

from typing import Annotated

from pydantic import ConfigDict, Field

from authly_operator.api import reference, value


_NAMES = (
    "clientId",
    "clientSecret",
    "privateKey",
    "privateKeyJwk",
    "issuer",
    "authorizationEndpoint",
    "tokenEndpoint",
    "jwksUri",
    "introspectionEndpoint",
    "revocationEndpoint",
    "userinfoEndpoint",
    "internalIssuerUrl",
)
_CHOSEN = " + ".join(f"(has(self.{name}) ? [self.{name}] : [])" for name in _NAMES)


class Keys(value.Value):
    """By which keys the Secret has what; whatever is not named here is not in it."""

    model_config = ConfigDict(
        json_schema_extra=value.rules(
            value.rule(
                f"[{_CHOSEN}].all(names, names.all(one, names.exists_one(other, other == one)))",
                "two of secretTemplate.keys are the same: give each its own key",
            ),
        )
    )

    client_id: reference.SecretKey | None = None
    """Key of the client_id."""
    client_secret: reference.SecretKey | None = None
    """Key of the client secret, which a client that has one needs."""
    private_key: reference.SecretKey | None = None
    """Key of a generated private key as PEM, which a client that has one needs."""
    private_key_jwk: reference.SecretKey | None = None
    """Key of a generated private key as JWK."""
    issuer: reference.SecretKey | None = None
    """Key of the issuer."""
    authorization_endpoint: reference.SecretKey | None = None
    """Key of the authorization endpoint's URL."""
    token_endpoint: reference.SecretKey | None = None
    """Key of the token endpoint's URL."""
    jwks_uri: reference.SecretKey | None = None
    """Key of the URL of the public keys."""
    introspection_endpoint: reference.SecretKey | None = None
    """Key of the introspection endpoint's URL."""
    revocation_endpoint: reference.SecretKey | None = None
    """Key of the revocation endpoint's URL."""
    userinfo_endpoint: reference.SecretKey | None = None
    """Key of the UserInfo endpoint's URL."""
    internal_issuer_url: reference.SecretKey | None = None
    """Key of the URL by which the issuer is reached inside the cluster."""


class SecretTemplate(value.Value):
    """The Secret that the operator writes for the client's pods."""

    name: reference.ObjectName | None = None
    """Its name; `<metadata.name>-oauth` where omitted."""
    labels: Annotated[dict[str, reference.LabelText], Field(max_length=32)] = Field(
        default_factory=dict
    )
    """Labels to add."""
    annotations: Annotated[dict[str, reference.AnnotationText], Field(max_length=32)] = Field(
        default_factory=dict
    )
    """Annotations to add."""
    keys: Keys | None = None
    """Which values the Secret has, by keys of your own, for example {clientId: CLIENT_ID}; all of
    them, as client_id, client_secret, token_endpoint and so on, where omitted."""
