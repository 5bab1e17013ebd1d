"""Clients that register themselves, in the words of tests."""

from typing import Any

import httpx

from throwaway.instance import Instance, problem
from throwaway.registration import RegisteredClient
from throwaway.server import ISSUER


def metadata(**members: object) -> dict[str, object]:
    """A registration that is right but for these members; None leaves one out."""
    given: dict[str, object] = {
        "client_name": "Photo printer",
        "redirect_uris": ["https://printer.example/callback"],
        "grant_types": ["authorization_code", "refresh_token"],
        **members,
    }
    return {name: value for name, value in given.items() if value is not None}


def register(instance: Instance, **members: object) -> dict[str, Any]:
    answer = instance.http.post("/register", json=metadata(**members))
    assert answer.status_code == 201, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    found: dict[str, Any] = answer.json()
    return found


def client_of(registered: dict[str, Any]) -> RegisteredClient:
    method = registered["token_endpoint_auth_method"]
    spec = {
        "client_id": registered["client_id"],
        "auth_method": method,
        "redirect_uris": registered["redirect_uris"],
    }
    return RegisteredClient(spec, registered.get("client_secret", ""))


def manage(
    instance: Instance, method: str, registered: dict[str, Any], **kwargs: Any
) -> httpx.Response:
    uri = registered["registration_client_uri"].removeprefix(ISSUER)
    token = kwargs.pop("token", registered["registration_access_token"])
    return instance.http.request(
        method, uri, headers={"Authorization": f"Bearer {token}"}, **kwargs
    )


def is_known(instance: Instance, registered: dict[str, Any]) -> bool:
    answer = instance.refresh("x", client_of(registered))
    return problem(answer)[1] == "invalid_grant"
