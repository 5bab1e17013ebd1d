"""Clients that prove themselves by signed assertions, in the words of tests."""

from typing import Any

import httpx

from throwaway.instance import Instance
from throwaway.registration import RegisteredClient


KIND = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def register(instance: Instance, client_id: str, jwks: dict[str, Any]) -> RegisteredClient:
    return instance.apply_client(
        client_id, auth_method="private_key_jwt", secret_sha256=[], jwks=jwks
    )


def send(instance: Instance, assertion: str, path: str = "/token", **form: str) -> httpx.Response:
    default = {"grant_type": "client_credentials"} if path == "/token" else {"token": "unknown"}
    proof = {"client_assertion_type": KIND, "client_assertion": assertion}
    return instance.http.post(path, data=default | proof | form)
