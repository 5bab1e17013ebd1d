"""The credentials Secret of a server: which values it has, and where each comes from."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from authly_operator import naming
from authly_operator.api import authly_server
from authly_operator.material import database_url
from authly_operator.observed import SecretData, ServerObserved


GENERATED: Final = (
    "postgres-password",
    "server-password",
    "operator-password",
    "SECRET_KEY",
    "JWT_SECRET_KEY",
    "JWT_REFRESH_SECRET_KEY",
)
"""Drawn where absent, 256 bits each as base64url."""
_NOTHING: Final = SecretData({})


@dataclass(frozen=True, slots=True)
class Credentials:
    """The values, and a sentence for each that could not be had."""

    data: Mapping[str, str] = field(repr=False)
    missing: tuple[str, ...] = ()


def draw(spec: authly_server.Spec, seen: ServerObserved, text: Callable[[str], str]) -> Credentials:
    """Answer the observed values, with the absent ones drawn and the derived ones derived."""
    kept = seen.secrets.get(naming.credentials(seen.identity.name), _NOTHING)
    drawn = {key: kept.get(key) or text(key) for key in GENERATED}
    urls, no_database = _urls(spec, seen, drawn)
    administrator, no_administrator = _administrator(spec, seen, kept, text)
    return Credentials(
        {**kept.data, **drawn, **urls, **administrator}, (*no_database, *no_administrator)
    )


def _urls(
    spec: authly_server.Spec, seen: ServerObserved, drawn: Mapping[str, str]
) -> tuple[dict[str, str], tuple[str, ...]]:
    try:
        urls = _database_urls(spec, seen, drawn)
    except LookupError as error:
        return {}, (str(error.args[0]),)
    keys = ("MIGRATION_DATABASE_URL", "DATABASE_URL", "OPERATOR_DATABASE_URL")
    return dict(zip(keys, (urls.owner, urls.server, urls.operator), strict=True)), ()


def _database_urls(
    spec: authly_server.Spec, seen: ServerObserved, drawn: Mapping[str, str]
) -> database_url.DatabaseUrls:
    """Answer the URLs; raises LookupError with the sentence that says what is missing."""
    roles = {
        "server_password": drawn["server-password"],
        "operator_password": drawn["operator-password"],
    }
    if spec.database.external is None:
        return database_url.managed(
            server=seen.identity.name,
            namespace=seen.identity.namespace,
            owner_password=drawn["postgres-password"],
            **roles,
        )
    reference = spec.database.external.secret_ref
    owner = seen.secrets.get(reference.name, _NOTHING).get(reference.key)
    place = f"key {reference.key} of Secret {reference.name} (database.external.secretRef)"
    if owner is None:
        message = f"{place} does not exist or is empty"
        raise LookupError(message)
    try:
        return database_url.external(owner, **roles)
    except ValueError as error:
        message = f"{place} cannot be used: {error}"
        raise LookupError(message) from None


def _administrator(
    spec: authly_server.Spec,
    seen: ServerObserved,
    kept: SecretData,
    text: Callable[[str], str],
) -> tuple[dict[str, str], tuple[str, ...]]:
    """A referenced Secret that is missing is told of; nothing is made up in its place."""
    reference = spec.bootstrap_admin.secret_ref
    email = spec.bootstrap_admin.email
    if reference is None:
        password = kept.get("ADMIN_PASSWORD") or text("ADMIN_PASSWORD")
        return {"ADMIN_EMAIL": email, "ADMIN_PASSWORD": password}, ()
    given = seen.secrets.get(reference.name, _NOTHING)
    password_given = given.get("ADMIN_PASSWORD")
    if password_given is None:
        place = f"Secret {reference.name} (bootstrapAdmin.secretRef)"
        return {}, (f"key ADMIN_PASSWORD of {place} does not exist or is empty",)
    return {"ADMIN_EMAIL": given.get("ADMIN_EMAIL") or email, "ADMIN_PASSWORD": password_given}, ()
