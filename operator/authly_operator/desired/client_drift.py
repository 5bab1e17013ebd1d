"""What somebody changed of a registration behind the operator's back, and what is written then.

A difference is drift only where the wanted row is the one that was written last: `synced` in the
status is a digest of that one. Otherwise the spec, or what it refers to, has changed, and the
difference is what is still to be written. Columns that a spec has no word for are nobody's drift,
and stay as they are.
"""

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from authly_operator.api.drift import Drift, DriftPolicy


Row = Mapping[str, Any]
PATHS: Final[Mapping[str, str]] = {
    "display_name": "displayName",
    "type": "type",
    "auth_method": "auth.method",
    "secret_sha256": "auth.secret",
    "grant_types": "grantTypes",
    "redirect_uris": "redirectUris",
    "scopes": "scopes",
    "audiences": "audiences",
    "require_pkce": "requirePkce",
    "access_token_ttl": "tokens.accessTokenTTL",
    "refresh_token_ttl": "tokens.refreshTokenTTL",
    "enabled": "enabled",
    "deletion_policy": "deletionPolicy",
    "client_uri": "metadata.clientUri",
    "logo_uri": "metadata.logoUri",
    "tos_uri": "metadata.tosUri",
    "policy_uri": "metadata.policyUri",
    "contacts": "metadata.contacts",
    "jwks": "auth.privateKeyJwt.jwks",
    "jwks_uri": "auth.privateKeyJwt.jwksUri",
    "service_account": "auth.serviceAccount.name",
    "service_account_audience": "auth.serviceAccount.audience",
    "require_pushed_authorization": "requirePushedAuthorization",
    "dpop_bound": "dpopBound",
    "post_logout_redirect_uris": "postLogoutRedirectUris",
    "backchannel_logout_uri": "backchannelLogoutUri",
    "allowed_cors_origins": "allowedCorsOrigins",
}
"""Columns that a spec decides, and the field that does; others are left as they are."""
WHOLE: Final = "clientId"
"""The path of a registration that is gone as a whole."""
SECRET: Final = "secret_sha256"  # noqa: S105 - the name of a column
REDACTED: Final = '"(redacted)"'
_IDENTITY: Final = frozenset({"client_id", "owner"})
_LONGEST: Final = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """What the status says of the pass before."""

    synced: str | None = None
    """Digest of the row that was written last; None where none of it is known to be there."""
    drift: tuple[Drift, ...] = ()
    """What was reported and left as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The row to write, None for leaving everything as it is, and what was found changed."""

    row: Row | None
    drift: tuple[Drift, ...] = ()


def plan(
    policy: DriftPolicy,
    wanted: Row,
    row: Row | None,
    before: Before,
    *,
    secrets_changed: bool = False,
) -> Plan:
    """Decide what is written; with Report nothing that somebody changed.

    `secrets_changed` tells whether the secrets differ by anybody's doing but the operator's own.
    """
    is_known = before.synced == digest(wanted)
    if row is None:
        gone = (Drift(path=WHOLE, desired=_shown(wanted["client_id"]), actual="null"),)
        if not is_known:
            return Plan(row=wanted)
        return Plan(row=None if policy is DriftPolicy.REPORT else wanted, drift=gone)
    changed = {
        key: _drift(key, wanted, row)
        for key in _differing(wanted, row, secrets_changed=secrets_changed)
    }
    unsaid = {key: row[key] for key in wanted if key not in PATHS and key not in _IDENTITY}
    if not is_known:
        changed = {key: one for key, one in changed.items() if _is_held(one, before.drift)}
    held = changed if policy is DriftPolicy.REPORT else ()
    drift = tuple(changed.values()) if is_known or held else ()
    return Plan(row={**wanted, **unsaid, **{key: row[key] for key in held}}, drift=drift)


def digest(wanted: Row) -> str:
    """Of the row without its secrets: 16 hexadecimal digits of SHA-256."""
    told = {key: part for key, part in wanted.items() if key != SECRET}
    text = json.dumps(told, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _differing(wanted: Row, row: Row, *, secrets_changed: bool) -> Iterator[str]:
    """Columns that differ; secrets only by others: some come and go by themselves."""
    for key in PATHS:
        if key == SECRET:
            differs = secrets_changed
        else:
            differs = key in wanted and wanted[key] != row.get(key)
        if differs:
            yield key


def _drift(key: str, wanted: Row, row: Row) -> Drift:
    if key == SECRET:
        return Drift(path=PATHS[key], desired=REDACTED, actual=REDACTED if row.get(key) else "null")
    return Drift(path=PATHS[key], desired=_shown(wanted[key]), actual=_shown(row.get(key)))


def _is_held(now: Drift, before: Collection[Drift]) -> bool:
    """Whether it was reported before, and the spec still says the same there."""
    return any(one.path == now.path and one.desired == now.desired for one in before)


def _shown(part: object) -> str:
    text = json.dumps(part, sort_keys=True, ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
