"""By what clients prove themselves: what their Secret holds for it, and how a pod shows it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from tests.operator_faults import world as worlds

from throwaway.signer import Signer


Sent = dict[str, Any]
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@dataclass(frozen=True)
class Proof:
    """One way; `key` is that of the client's Secret."""

    key: str
    spec: Mapping[str, Any]
    """What its AuthlyClient says of it."""
    sent: Callable[[Mapping[str, str]], Sent]
    """How a request for a token has to be sent by whoever has the Secret."""
    another: Callable[[], str]
    """One that somebody draws himself, and writes into the Secret."""


def _by_secret(secret: Mapping[str, str]) -> Sent:
    return {"auth": (secret["client_id"], secret["client_secret"]), "data": {}}


def _by_key(secret: Mapping[str, str]) -> Sent:
    private = serialization.load_pem_private_key(secret["private_key"].encode(), password=None)
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    signer = Signer("ES256", "", private)
    shown = signer.sign(signer.claims(secret["client_id"], worlds.ISSUER), kid=None)
    return {"data": {"client_assertion_type": ASSERTION, "client_assertion": shown}}


def _another_key() -> str:
    written = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return written.decode()


SECRET = Proof("client_secret", {}, _by_secret, lambda: "rotated-by-somebody-".ljust(43, "x"))
KEY = Proof(
    "private_key",
    {"auth": {"method": "PrivateKeyJwt", "privateKeyJwt": {"generate": True}}},
    _by_key,
    _another_key,
)
