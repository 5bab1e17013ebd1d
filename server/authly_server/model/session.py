"""A signed-in browser."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


# A password, sent over TLS: the class of SAML 2.0 that other issuers name as well.
PASSWORD = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"  # noqa: S105  # a class, not a password
# And something that the person has: the profile of REFEDS, which relying parties ask for by name.
TWO_FACTORS = "https://refeds.org/profile/mfa"
# From the weakest on: whoever has proved more has proved that too.
ACRS = (PASSWORD, TWO_FACTORS)
# RFC 8176 section 2: what was shown, in the order in which it was.
METHODS: Mapping[str, tuple[str, ...]] = {PASSWORD: ("pwd",), TWO_FACTORS: ("pwd", "otp")}


@dataclass(frozen=True, slots=True)
class Session:
    """One row of sessions; the database holds only the digest of the cookie's value.

    `id` stays when the same person signs in again in the same browser: clients know it as `sid`.
    `acr` is one of ACRS.
    """

    id: UUID
    user_id: UUID
    authenticated_at: datetime
    expires_at: datetime
    acr: str = PASSWORD
