"""Clients that prove which key they have, in the words of tests (RFC 9449)."""

import base64
import hashlib
import secrets
import time
from typing import Any

import httpx

from throwaway.instance import Instance
from throwaway.registration import RegisteredClient
from throwaway.server import ISSUER
from throwaway.signer import Signer


_PUBLIC = ("kty", "crv", "x", "y", "n", "e")


def jwk(signer: Signer) -> dict[str, Any]:
    """The key as a proof has it."""
    return {name: value for name, value in signer.jwk().items() if name in _PUBLIC}


def proof(
    signer: Signer,
    path: str = "/token",
    method: str = "POST",
    token: str | None = None,
    header: dict[str, object] | None = None,
    **claims: object,
) -> str:
    """A proof for a request to the issuer's path; None leaves a claim or a header's member out."""
    ath = None if token is None else _hash(token.encode())
    said: dict[str, object] = {
        "jti": secrets.token_hex(16),
        "htm": method,
        "htu": ISSUER + path,
        "iat": int(time.time()),
        "ath": ath,
        **claims,
    }
    members: dict[str, Any] = {"typ": "dpop+jwt", "kid": None, "jwk": jwk(signer), **(header or {})}
    return signer.sign(
        {name: value for name, value in said.items() if value is not None}, **members
    )


def send(
    instance: Instance,
    signer: Signer,
    client: RegisteredClient | None = None,
    /,
    *,
    proved: str | None = None,
    **form: str,
) -> httpx.Response:
    """A token request with a proof, a good one if `proved` is not another."""
    client = client or instance.shop
    headers = {"DPoP": proof(signer) if proved is None else proved}
    if client.spec["auth_method"] == "none":
        form = {"client_id": client.client_id} | form
        return instance.http.post("/token", data=form, headers=headers)
    return instance.http.post("/token", auth=client.basic, data=form, headers=headers)


def userinfo(
    instance: Instance, token: str, proved: str | None = None, scheme: str = "DPoP"
) -> httpx.Response:
    headers = {"Authorization": f"{scheme} {token}"} | ({"DPoP": proved} if proved else {})
    return instance.http.get("/userinfo", headers=headers)


def _hash(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
