"""A client's own key: it signs assertions, and others see only its public half.

signer = Signer.draw("ES256")
instance.apply_client("robot", auth_method="private_key_jwt", secret_sha256=[],
jwks=signer.jwks())
assertion = signer.sign(signer.claims("robot", audience="https://login.example.com"))
"""

import base64
import json
import secrets
import time
from dataclasses import dataclass, field
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm


_Private = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True)
class Signer:
    """A private key with its name and the algorithm that it is used with."""

    alg: str
    kid: str
    private: _Private = field(repr=False)

    @classmethod
    def draw(cls, alg: str = "ES256", *, bits: int = 2048) -> "Signer":
        """Make a key; `bits` are of an RSA modulus."""
        return cls(alg, secrets.token_hex(8), _draw(alg, bits))

    def jwk(self, **changes: object) -> dict[str, Any]:
        """The public half (RFC 7517); None takes a member away."""
        members: dict[str, Any] = json.loads(_written(self.private))
        members.pop("key_ops", None)
        members |= {"kid": self.kid, "alg": self.alg, "use": "sig"} | changes
        return {name: value for name, value in members.items() if value is not None}

    def jwks(self, **changes: object) -> dict[str, Any]:
        """A set of that one key."""
        return {"keys": [self.jwk(**changes)]}

    def claims(self, client_id: str, audience: object, **changes: object) -> dict[str, object]:
        """What RFC 7523 asks a client to claim; None leaves a claim out."""
        now = int(time.time())
        claims: dict[str, object] = {
            "iss": client_id,
            "sub": client_id,
            "aud": audience,
            "iat": now,
            "exp": now + 60,
            "jti": secrets.token_hex(16),
            **changes,
        }
        return {name: value for name, value in claims.items() if value is not None}

    def sign(self, claims: dict[str, object] | bytes, **header: object) -> str:
        """A compact JWS; `header` goes over kid, typ and alg, and None takes one away."""
        payload = claims if isinstance(claims, bytes) else json.dumps(claims).encode()
        members = {"alg": self.alg, "typ": "JWT", "kid": self.kid} | header
        told = {name: value for name, value in members.items() if value is not None}
        signing_input = encode(json.dumps(told).encode()) + "." + encode(payload)
        signature = jwt.get_algorithm_by_name(self.alg).sign(signing_input.encode(), self.private)
        return f"{signing_input}.{encode(signature)}"


def encode(content: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _draw(alg: str, bits: int) -> _Private:
    match alg:
        case "ES256":
            return ec.generate_private_key(ec.SECP256R1())
        case "EdDSA":
            return ed25519.Ed25519PrivateKey.generate()
        case _:
            return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def _written(private: _Private) -> str:
    match private:
        case ec.EllipticCurvePrivateKey():
            return ECAlgorithm.to_jwk(private.public_key())
        case ed25519.Ed25519PrivateKey():
            return OKPAlgorithm.to_jwk(private.public_key())
        case _:
            return RSAAlgorithm.to_jwk(private.public_key())
