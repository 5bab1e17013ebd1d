"""How old, and how long good, are the keys and certificates that a server works with; pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from cryptography import x509

from authly_operator import naming
from authly_operator.material import database_url, keyring
from authly_operator.observed import SecretData


AUTHORITY: Final = "database"
"""What the certificate of the authority that verifies the database is called."""


@dataclass(frozen=True, slots=True)
class Moments:
    """By algorithm since when its key signs; by name when a certificate ends."""

    signing_since: Mapping[str, datetime] = field(default_factory=dict)
    ends: Mapping[str, datetime] = field(default_factory=dict)


def moments(
    server: str, secrets: Mapping[str, SecretData], credentials: Mapping[str, str]
) -> Moments:
    """What a server's Secrets tell, by their names; nothing of those that cannot be read."""
    ring = secrets.get(naming.signing_keys(server))
    end = certificate_end(credentials.get(database_url.AUTHORITY, ""))
    return Moments(_since(ring), {AUTHORITY: end} if end else {})


def certificate_end(pem: str) -> datetime | None:
    """When the first of the certificates of a bundle ends, in UTC; None where there is none."""
    try:
        found = x509.load_pem_x509_certificates(pem.encode())
    except ValueError:
        return None
    return min((one.not_valid_after_utc for one in found), default=None)


def _since(ring: SecretData | None) -> dict[str, datetime]:
    try:
        keys = keyring.parse(ring.get(keyring.KEY) if ring else None).keys
    except ValueError:
        return {}
    signing = [key for key in keys if key.state == "Active"]
    return {key.alg: key.active_at for key in signing if key.active_at is not None}
