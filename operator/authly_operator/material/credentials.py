"""The credentials Secret of a server: which values it has, and where each comes from."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from authly_operator import naming
from authly_operator.api import authly_server
from authly_operator.material import (
    database_owner,
    database_url,
    owner_passwords,
    redis_url,
    registration_token,
    replication,
    role_passwords,
    role_swap,
    smtp_password,
)
from authly_operator.material.owner_passwords import Owners
from authly_operator.material.role_passwords import Passwords
from authly_operator.observed import SecretData, ServerObserved


GENERATED: Final = (
    owner_passwords.OWNER,
    "SECRET_KEY",
    "JWT_SECRET_KEY",
    "JWT_REFRESH_SECRET_KEY",
)
"""Drawn where absent, 256 bits each as base64url."""
IDLE_URLS: Final = {
    "DATABASE_URL": "NEXT_DATABASE_URL",
    "OPERATOR_DATABASE_URL": "NEXT_OPERATOR_DATABASE_URL",
}
"""The keys of the URLs that a swap of roles is going to, by those of the present ones."""
DERIVED: Final = (
    database_url.AUTHORITY,
    redis_url.PASSWORD,
    redis_url.URL,
    registration_token.KEY,
    replication.PASSWORD,
    role_swap.KEY,
    smtp_password.KEY,
    *role_passwords.IDLE,
    *IDLE_URLS.values(),
    *owner_passwords.KEYS,
)
"""Taken from elsewhere, and gone where nothing asks for them."""
_NOTHING: Final = SecretData({})


@dataclass(frozen=True, slots=True)
class Credentials:
    """The values, and a sentence for each that could not be had."""

    data: Mapping[str, str] = field(repr=False)
    missing: tuple[str, ...] = ()
    passwords: Passwords | None = field(default=None, repr=False)
    """None where what the Secret says of them cannot be read."""


def draw(
    spec: authly_server.Spec,
    seen: ServerObserved,
    now: datetime,
    text: Callable[[str], str],
) -> Credentials:
    """Answer the observed values, with the absent ones drawn and the derived ones derived."""
    name = naming.credentials(seen.identity.name)
    kept = seen.secrets.get(name, _NOTHING)
    try:
        passwords = role_passwords.draw(spec, seen, kept, now, text)
    except ValueError as error:
        place = f"key {role_swap.KEY} of Secret {name}"
        return Credentials(kept.data, (f"{place}: {error}: correct or remove it",))
    lasting = {key: text for key, text in kept.data.items() if key not in DERIVED}
    drawn = {key: kept.get(key) or text(key) for key in GENERATED}
    database, no_database = _database(spec, seen, passwords)
    administrator, no_administrator = _administrator(spec, seen, kept, text)
    more, no_more = _more(spec, seen, lambda key: kept.get(key) or text(key))
    return Credentials(
        {**lasting, **drawn, **database, **more, **administrator, **passwords.data},
        (*no_database, *no_more, *no_administrator),
        passwords,
    )


def _database(
    spec: authly_server.Spec, seen: ServerObserved, passwords: Passwords
) -> tuple[dict[str, str], tuple[str, ...]]:
    """The URLs, and the database's certificate authority where there is one."""
    if passwords.owners is not None:
        return _managed(seen, passwords, passwords.owners), ()
    try:
        owner = database_owner.find(spec.database, seen)
        urls, authority = owner.urls, owner.authority
        written = _written(urls(passwords.current))
        idle = _written(urls(passwords.idle)) if passwords.idle else {}
    except LookupError as error:
        return {}, (str(error.args[0]),)
    return written | _coming(idle) | authority, ()


def _managed(seen: ServerObserved, passwords: Passwords, owners: Owners) -> dict[str, str]:
    """The URLs of the database that the operator runs, also by passwords that come or were."""
    current, coming = owners.current.owner, owners.coming

    def urls(roles: database_url.Roles, owner: str = current) -> database_url.DatabaseUrls:
        identity = seen.identity
        return database_url.managed(
            server=identity.name, namespace=identity.namespace, owner_password=owner, roles=roles
        )

    roles = passwords.current
    return {
        **_written(urls(roles)),
        **(_coming(_written(urls(passwords.idle))) if passwords.idle else {}),
        **({owner_passwords.COMING_URL: urls(roles, coming.owner).owner} if coming else {}),
        **({owner_passwords.FORMER_URL: urls(roles, owners.former).owner} if owners.former else {}),
    }


def _coming(idle: Mapping[str, str]) -> dict[str, str]:
    return {new: idle[key] for key, new in IDLE_URLS.items() if idle}


def _more(
    spec: authly_server.Spec, seen: ServerObserved, text: Callable[[str], str]
) -> tuple[dict[str, str], tuple[str, ...]]:
    """What only some servers have; each that cannot be had is told of."""
    ways: tuple[Callable[[], dict[str, str]], ...] = (
        lambda: redis_url.draw(spec.redis, seen, text),
        lambda: registration_token.draw(spec, seen, text),
        lambda: replication.draw(spec.database, text),
        lambda: smtp_password.draw(spec, seen),
    )
    found: dict[str, str] = {}
    missing: list[str] = []
    for draw_one in ways:
        try:
            found |= draw_one()
        except LookupError as error:
            missing.append(str(error.args[0]))
    return found, tuple(missing)


def _written(urls: database_url.DatabaseUrls) -> dict[str, str]:
    keys = ("MIGRATION_DATABASE_URL", "DATABASE_URL", "OPERATOR_DATABASE_URL")
    return dict(zip(keys, (urls.owner, urls.server, urls.operator), strict=True))


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
