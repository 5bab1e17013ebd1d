"""Logout tokens, OpenID Connect Back-Channel Logout section 2.4: a session is over."""

from datetime import datetime, timedelta

from authly_server.tokens import signed_jwt
from authly_server.tokens.signing_key import SigningKey


TYPE = "logout+jwt"
EVENT = "http://schemas.openid.net/event/backchannel-logout"
# "at most two minutes in the future", section 2.4
LIFETIME = timedelta(minutes=2)


def issue(
    key: SigningKey,
    *,
    issuer: str,
    client_id: str,
    subject: str,
    session_id: str,
    jti: str,
    now: datetime,
) -> str:
    """Return the token signed by that key; it has no nonce, so that it is no ID token."""
    claims = {
        "iss": issuer,
        "sub": subject,
        "aud": client_id,
        "iat": int(now.timestamp()),
        "exp": int((now + LIFETIME).timestamp()),
        "jti": jti,
        "events": {EVENT: {}},
        "sid": session_id,
    }
    return signed_jwt.sign(key, TYPE, claims)
