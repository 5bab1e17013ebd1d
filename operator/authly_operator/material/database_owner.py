"""The owner of a database that the operator does not run: where the spec says it is found.

Each sentence names the field in brackets, by which DatabaseReady tells it from others.
"""

from dataclasses import dataclass, field
from typing import Final

from authly_operator import naming
from authly_operator.api import database
from authly_operator.material import database_url
from authly_operator.observed import Identity, SecretData, ServerObserved


_SSL_MODES: Final = {
    database.SslMode.DISABLE: "disable",
    database.SslMode.REQUIRE: "require",
    database.SslMode.VERIFY_CA: "verify-ca",
    database.SslMode.VERIFY_FULL: "verify-full",
}
"""As libpq spells them."""


@dataclass(frozen=True, slots=True)
class Owner:
    """A URL, the PEM of the certificate authority to verify by, and where both were said."""

    url: str = field(repr=False)
    pem: str | None
    place: str

    @property
    def authority(self) -> dict[str, str]:
        """What the credentials Secret holds of it beside the URLs."""
        return {} if self.pem is None else {database_url.AUTHORITY: self.pem}

    def urls(self, roles: database_url.Roles) -> database_url.DatabaseUrls:
        """The three URLs.

        Raises:
            LookupError: with the sentence that says why the owner's cannot be used.
        """
        owner = self.url if self.pem is None else database_url.verified(self.url)
        try:
            return database_url.external(owner, roles)
        except ValueError as error:
            message = f"{self.place} cannot be used: {error}"
            raise LookupError(message) from None


def find(wanted: database.Database, seen: ServerObserved) -> Owner:
    """Answer the owner of an external database, or of one of CloudNativePG.

    Raises:
        LookupError: with the sentence that says what is missing.
    """
    if wanted.cloud_native_pg is not None:
        return _of_cluster(cluster(wanted.cloud_native_pg, seen.identity), seen)
    external = wanted.external or database.External()
    pem = _authority(external.ca_secret_ref, seen)
    if external.secret_ref is not None:
        name, key = external.secret_ref.name, external.secret_ref.key
        place = f"key {key} of Secret {name} (database.external.secretRef)"
        return Owner(_key(seen, name, key, "database.external.secretRef"), pem, place)
    return _of_fields(external, seen, pem)


def references(wanted: database.Database, identity: Identity) -> tuple[str, ...]:
    """The Secrets that `find` reads."""
    if wanted.cloud_native_pg is not None:
        name = cluster(wanted.cloud_native_pg, identity)
        return naming.cluster_application(name), naming.cluster_authority(name)
    external = wanted.external or database.External()
    given = (external.secret_ref, external.ca_secret_ref, external.credentials_secret_ref)
    return tuple(one.name for one in given if one is not None)


def cluster(wanted: database.CloudNativePG, identity: Identity) -> str:
    """The name of the Cluster."""
    return wanted.cluster_ref.name if wanted.cluster_ref else naming.database(identity.name)


def _of_fields(external: database.External, seen: ServerObserved, pem: str | None) -> Owner:
    mode = external.ssl_mode or database.SslMode.VERIFY_FULL
    secret = external.credentials_secret_ref.name if external.credentials_secret_ref else ""
    username, password = (
        _key(seen, secret, key, "database.external.credentialsSecretRef")
        for key in ("username", "password")
    )
    host = f"[{external.host}]" if ":" in (external.host or "") else external.host
    place = f"{host}:{external.port or 5432}/{external.name or database_url.MANAGED_NAME}"
    url = database_url.of_place(place, username, password, _SSL_MODES[mode])
    return Owner(url, pem, "database.external")


def _of_cluster(name: str, seen: ServerObserved) -> Owner:
    """By the Secrets that CloudNativePG writes; the name of the database is in the first."""
    field_name = "database.cloudNativePG"
    secret = naming.cluster_application(name)
    username, password, dbname = (
        _key(seen, secret, key, field_name) for key in ("username", "password", "dbname")
    )
    place = f"{naming.cluster_host(name, seen.identity.namespace)}:5432/{dbname}"
    pem = _key(seen, naming.cluster_authority(name), "ca.crt", field_name)
    url = database_url.of_place(place, username, password, "verify-full")
    return Owner(url, pem, f"Secret {secret} (database.cloudNativePG)")


def _authority(wanted: database.AuthorityReference | None, seen: ServerObserved) -> str | None:
    if wanted is None:
        return None
    field_name = "database.external.caSecretRef"
    pem = _key(seen, wanted.name, wanted.key, field_name)
    if "-----BEGIN CERTIFICATE-----" not in pem:
        message = f"key {wanted.key} of Secret {wanted.name} ({field_name}) is no certificate: PEM"
        raise LookupError(message)
    return pem


def _key(seen: ServerObserved, name: str, key: str, field_name: str) -> str:
    text = seen.secrets.get(name, SecretData({})).get(key)
    if text is None:
        message = f"key {key} of Secret {name} ({field_name}) does not exist or is empty"
        raise LookupError(message)
    return text
