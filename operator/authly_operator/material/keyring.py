"""The key ring that a server mounts: `keyring.json`, one of its keys Active for each algorithm.

Access tokens are signed by the spec's algorithm, ID tokens by RS256 unless a client registered
another: OpenID Connect Core section 15.1 has every provider sign with RS256.

Keys are expanded from the bytes handed in (P-256 by FIPS 186-5 A.2.1's extra random bits, Ed25519
by RFC 8032 section 5.1.5); RSA needs primes, so its key is handed in whole.
"""

import hashlib
import json
from collections.abc import Callable
from typing import Any, Final

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from authly_operator.api import policy


KEY: Final = "keyring.json"
"""The key of the Secret."""
_P256_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_EXTRA_BYTES: Final = 40
_SEED_BYTES: Final = 32


def algorithms(algorithm: policy.Algorithm) -> tuple[policy.Algorithm, ...]:
    """Answer what a ring has an Active key of: the algorithm and RS256; nothing with HS256."""
    if algorithm is policy.Algorithm.HS256:
        return ()
    return tuple(dict.fromkeys((algorithm, policy.Algorithm.RS256)))


def extend(
    document: str | None,
    algorithm: policy.Algorithm,
    expand: Callable[[str, int], bytes],
    rsa_key: Callable[[], str],
) -> str | None:
    """Answer the ring with an Active key of each algorithm; the observed one where it has them.

    A key of any other algorithm retires: tokens that it signed stay valid until they expire. With
    HS256 nothing is published and the ring stays as it was.

    Raises:
        ValueError: the observed ring is not what this module writes.
    """
    keys, wanted = parse(document), algorithms(algorithm)
    if not wanted:
        return document
    has = {each for each in wanted if active(keys, each) is not None}
    kept = [key if key["alg"] in has else {**key, "state": "Retiring"} for key in keys]
    drawn = [_entry(each, _draw(each, expand, rsa_key)) for each in wanted if each not in has]
    extended = [*kept, *drawn]
    return document if extended == keys else json.dumps({"keys": extended})


def active(keys: list[dict[str, Any]], algorithm: policy.Algorithm) -> dict[str, Any] | None:
    """Answer the one key that signs with the algorithm; None where there is none, or several."""
    found = [key for key in keys if (key["alg"], key["state"]) == (algorithm.value, "Active")]
    return found[0] if len(found) == 1 else None


def parse(document: str | None) -> list[dict[str, Any]]:
    """Answer the entries of a ring, none where there is no ring.

    Raises:
        ValueError: it is not a ring; one line that shows no key.
    """
    if not document:
        return []
    try:
        keys = json.loads(document)["keys"]
        well_formed = all(_is_entry(key) for key in keys)
    except (ValueError, TypeError, KeyError):
        well_formed, keys = False, []
    if not well_formed:
        message = f"{KEY} of the signing-keys Secret is malformed: delete the Secret for new keys"
        raise ValueError(message)
    return list(keys)


def _is_entry(key: dict[str, Any]) -> bool:
    return all(isinstance(key[field], str) for field in ("kid", "alg", "state", "privateKey"))


def _draw(
    algorithm: policy.Algorithm, expand: Callable[[str, int], bytes], rsa_key: Callable[[], str]
) -> str:
    if algorithm is policy.Algorithm.RS256:
        return rsa_key()
    return _pem(_private(algorithm, expand))


def _private(
    algorithm: policy.Algorithm, expand: Callable[[str, int], bytes]
) -> ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey:
    if algorithm is policy.Algorithm.EDDSA:
        return ed25519.Ed25519PrivateKey.from_private_bytes(expand("signing-key", _SEED_BYTES))
    number = int.from_bytes(expand("signing-key", _EXTRA_BYTES), "big")
    return ec.derive_private_key(number % (_P256_ORDER - 1) + 1, ec.SECP256R1())


def _pem(key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode("ascii")


def _entry(algorithm: policy.Algorithm, pem: str) -> dict[str, str]:
    """The kid is a digest of the public key, so that no two keys ever share one."""
    public = serialization.load_pem_private_key(pem.encode(), password=None).public_key()
    spki = public.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    kid = hashlib.sha256(spki).hexdigest()[:16]
    return {"kid": kid, "alg": algorithm.value, "state": "Active", "privateKey": pem}
