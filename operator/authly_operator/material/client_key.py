"""The key pair of a client that proves itself by assertions (RFC 7523): drawn once, then kept."""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

from authly_operator.api import authly_client, policy
from authly_operator.material import signing_key
from authly_operator.observed_clients import ClientObserved


KEY: Final = "private_key"
"""The key of the Secret with the private key as PEM (PKCS #8)."""
JWK: Final = "private_key_jwk"
"""The key of the Secret with the same as a JWK (RFC 7517)."""
BYTES: Final = 40
_COORDINATE: Final = 32
_LIFETIME: Final = 60
"""Seconds that an assertion of the operator is good for."""


def draw(
    spec: authly_client.Spec, seen: ClientObserved, entropy: bytes, *, renew: bool = False
) -> str | None:
    """The private key as PEM: what the client's Secret holds, or a new one; None without one.

    What is no P-256 key there is replaced: nobody can prove anything by it.
    """
    if not spec.has_generated_key():
        return None
    if (held := _kept(seen)) is not None and not renew:
        return held
    return signing_key.draw(policy.Algorithm.ES256, lambda _, count: entropy[:count], str)


def _kept(seen: ClientObserved) -> str | None:
    """The usable key in the client's Secret, be it by the name that it had before."""
    for found in (seen.secret, seen.former):
        if found is not None and found.belongs_to(seen.identity.uid):
            held = found.data.get(KEY)
            if held is not None and _is_usable(held):
                return held
    return None


def held(seen: ClientObserved) -> str | None:
    """The kid of the key in the client's Secret; None where there is none of use."""
    pem = _kept(seen)
    return None if pem is None else key_id(pem)


def former(seen: ClientObserved, pem: str, most: int) -> tuple[Mapping[str, Any], ...]:
    """The public keys that are registered beside the one of `pem`, and are not retired yet."""
    keys = ((seen.row or {}).get("jwks") or {}).get("keys") or ()
    ours = {one.digest for one in seen.secrets} - {key_id(pem)}
    return tuple(key for key in keys if key.get("kid") in ours)[:most]


def registered(
    spec: authly_client.Spec, pem: str | None, former: Sequence[Mapping[str, Any]] = ()
) -> authly_client.Spec:
    """The spec with the public key, and those before it, in place of the wish for one."""
    keys = spec.auth.private_key_jwt
    if pem is None or keys is None:
        return spec
    public = keys.model_copy(update={"jwks": json.dumps({"keys": [public_jwk(pem), *former]})})
    return spec.model_copy(
        update={"auth": spec.auth.model_copy(update={"private_key_jwt": public})}
    )


def values(pem: str) -> dict[str, str]:
    """What the client's Secret holds of it."""
    secret = _load(pem).private_numbers().private_value
    return {KEY: pem, JWK: json.dumps({**public_jwk(pem), "d": _encoded(_octets(secret))})}


def public_jwk(pem: str) -> dict[str, str]:
    """The public key as a JWK whose kid is its digest."""
    numbers = _load(pem).public_key().public_numbers()
    return {
        "kty": "EC",
        "crv": "P-256",
        "x": _encoded(_octets(numbers.x)),
        "y": _encoded(_octets(numbers.y)),
        "kid": key_id(pem),
        "alg": "ES256",
        "use": "sig",
    }


def key_id(pem: str) -> str:
    """The kid: 16 hexadecimal digits of SHA-256 over the public point."""
    numbers = _load(pem).public_key().public_numbers()
    return hashlib.sha256(_octets(numbers.x) + _octets(numbers.y)).hexdigest()[:16]


def knows(row: Mapping[str, Any], pem: str) -> bool:
    """Whether a registration has that key."""
    return public_jwk(pem) in ((row.get("jwks") or {}).get("keys") or ())


def assertion(pem: str, client_id: str, audience: str, now: datetime, jti: str) -> str:
    """What proves at the audience, within a minute and once, who holds the key (RFC 7523)."""
    moment = int(now.timestamp())
    header = {"alg": "ES256", "typ": "JWT", "kid": key_id(pem)}
    claims = {
        "iss": client_id,
        "sub": client_id,
        "aud": audience,
        "iat": moment,
        "exp": moment + _LIFETIME,
        "jti": jti,
    }
    told = ".".join(_encoded(json.dumps(part).encode()) for part in (header, claims))
    signed = _load(pem).sign(told.encode(), ec.ECDSA(hashes.SHA256()))
    r, s = utils.decode_dss_signature(signed)
    return f"{told}.{_encoded(_octets(r) + _octets(s))}"


def _is_usable(pem: str) -> bool:
    try:
        _load(pem)
    except ValueError:
        return False
    return True


def _load(pem: str) -> ec.EllipticCurvePrivateKey:
    key = signing_key.load(pem, "ES256")
    assert isinstance(key, ec.EllipticCurvePrivateKey)  # noqa: S101  # ES256 is nothing else
    return key


def _octets(number: int) -> bytes:
    return number.to_bytes(_COORDINATE, "big")


def _encoded(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode("ascii")
