"""How an OAuth client proves who it is, and where its secret comes from."""

from enum import StrEnum

from pydantic import ConfigDict

from authly_operator.api import client_proof, reference, value


class AuthMethod(StrEnum):
    """How the client proves who it is at the token endpoint."""

    CLIENT_SECRET_BASIC = "ClientSecretBasic"  # noqa: S105 - the name of a method
    CLIENT_SECRET_POST = "ClientSecretPost"  # noqa: S105 - the name of a method
    PRIVATE_KEY_JWT = "PrivateKeyJwt"
    SERVICE_ACCOUNT = "ServiceAccount"
    NONE = "None"


class SecretSource(StrEnum):
    """Where the client secret comes from."""

    GENERATE = "Generate"
    EXISTING = "Existing"


class ClientSecret(value.Value):
    """The client secret."""

    model_config = ConfigDict(
        json_schema_extra=value.rules(
            value.rule(
                "(self.source == 'Existing') == has(self.ref)",
                "source Existing needs ref with the Secret's name and key; Generate takes none",
            )
        )
    )

    source: SecretSource = SecretSource.GENERATE
    """Generate makes a random secret; Existing reads it from ref."""
    ref: reference.SecretKeyReference | None = None
    """The Secret and key to read the client secret from, with source Existing."""


class Auth(value.Value):
    """How the client authenticates."""

    model_config = ConfigDict(
        json_schema_extra=value.rules(
            value.rule(
                "has(self.privateKeyJwt) == (has(self.method) && self.method == 'PrivateKeyJwt')",
                "privateKeyJwt with the public keys and method PrivateKeyJwt belong together",
            ),
            value.rule(
                "has(self.serviceAccount) == (has(self.method) && self.method == 'ServiceAccount')",
                "serviceAccount and method ServiceAccount belong together",
            ),
            value.rule(
                "!has(self.secret) || !(has(self.privateKeyJwt) || has(self.serviceAccount))",
                "a client that proves itself by a key or a service account has no secret: remove"
                " auth.secret",
            ),
        )
    )

    method: AuthMethod | None = None
    """ClientSecretBasic for confidential and None for public clients where omitted."""
    secret: ClientSecret | None = None
    """Where the client secret comes from; generated where omitted."""
    private_key_jwt: client_proof.PrivateKeyJwt | None = None
    """The public keys, with method PrivateKeyJwt."""
    service_account: client_proof.ServiceAccount | None = None
    """The service account, with method ServiceAccount: a token that the cluster mounts into its
    pods proves the client, without any secret."""
