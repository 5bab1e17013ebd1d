"""Clients that exchange tokens, in the words of tests (RFC 8693)."""

from typing import Any

import httpx
import jwt

from throwaway.instance import Instance
from throwaway.registration import RegisteredClient


GRANT = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
ORDERS, STOCK = "https://orders.example", "https://stock.example"
GRANTS = ["authorization_code", "refresh_token", "client_credentials", GRANT]


def front(instance: Instance) -> RegisteredClient:
    """Whom people sign in to; its tokens are for two services, one of them a client too."""
    return instance.apply_client(
        "front", grant_types=GRANTS, audiences=["orders", ORDERS, STOCK], scopes=["profile", "read"]
    )


def orders(instance: Instance) -> RegisteredClient:
    """A service that is sent such tokens and calls the other service."""
    spec = {"grant_types": ["client_credentials", GRANT], "redirect_uris": []}
    return instance.apply_client("orders", audiences=[STOCK], scopes=["read", "write"], **spec)


def stranger(instance: Instance) -> RegisteredClient:
    """A client that may exchange tokens, and is meant by nobody's."""
    return instance.apply_client("stranger", grant_types=GRANTS, audiences=[ORDERS, STOCK])


def exchange(
    instance: Instance, client: RegisteredClient, subject_token: str, **form: str
) -> httpx.Response:
    subject = {"subject_token": subject_token, "subject_token_type": ACCESS_TOKEN}
    return instance.post("/token", client, grant_type=GRANT, **subject | form)


def acting(instance: Instance, client: RegisteredClient) -> dict[str, str]:
    """The parameters of an actor: a token of that client's own."""
    answer = instance.post("/token", client, grant_type="client_credentials")
    return {"actor_token": answer.json()["access_token"], "actor_token_type": ACCESS_TOKEN}


def claims(token: str) -> dict[str, Any]:
    return jwt.decode(token, options={"verify_signature": False})
