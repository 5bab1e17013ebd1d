"""An application that runs in the browser alone: its script talks to the server across origins."""

import json
from typing import Any

import pytest
from tests.interop import callback
from tests.interop.conftest import VERIFIER, Application, Ask, Register
from tests.interop.steps import allow, arrive, sign_in
from tests.interop.tab import Tab

from throwaway import registration, server as throwaway_server


def fetch(tab: Tab, url: str, **options: object) -> dict[str, Any]:
    """What a script of the page gets: status and JSON, or the name of its failure."""
    found: dict[str, Any] = tab.evaluate(
        f"""fetch({json.dumps(url)}, {json.dumps(options)})
          .then(async (answer) => ({{status: answer.status, body: await answer.json()}}))
          .catch((error) => ({{failure: error.name}}))"""
    )
    return found


def post(tab: Tab, url: str, form: dict[str, str]) -> dict[str, Any]:
    """POST a form as scripts do."""
    encoded = tab.evaluate(f"new URLSearchParams({json.dumps(form)}).toString()")
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    return fetch(tab, url, method="POST", headers=headers, body=encoded)


def exchange(server: throwaway_server.Server, tab: Tab, native: Application, code: str) -> Any:
    """Redeem a code by script."""
    form = {
        "grant_type": "authorization_code",
        "client_id": native.client_id,
        "redirect_uri": native.redirect_uri,
        "code": code,
        "code_verifier": VERIFIER,
    }
    return post(tab, f"{server.issuer}/token", form)


@pytest.fixture
def code(tab: Tab, ask: Ask, native: Application, home: callback.Home) -> str:
    """The code of somebody who has consented; the tab is at the application."""
    tab.go(ask(native))
    sign_in(tab)
    allow(tab)
    return arrive(tab, home, native).parameters["code"]


@pytest.fixture
def native(register: Register) -> Application:
    """A public client."""
    return register("native", "none")


def test_a_script_gets_metadata_tokens_and_who_signed_in(
    tab: Tab, native: Application, code: str, server: throwaway_server.Server
) -> None:
    metadata = fetch(tab, f"{server.issuer}/.well-known/oauth-authorization-server")["body"]
    assert fetch(tab, metadata["jwks_uri"])["body"]["keys"]
    answer = exchange(server, tab, native, code)
    assert answer["status"] == 200
    token = answer["body"]["access_token"]
    bearer = {"Authorization": f"Bearer {token}"}
    told = fetch(tab, metadata["userinfo_endpoint"], headers=bearer)["body"]
    assert told["email"] == registration.EMAIL


def test_a_script_can_read_why_it_gets_no_token(
    tab: Tab, native: Application, code: str, server: throwaway_server.Server
) -> None:
    answer = exchange(server, tab, native, code + "x")
    assert (answer["status"], answer["body"]["error"]) == (400, "invalid_grant")


def test_a_script_of_another_origin_reads_nothing(
    tab: Tab, native: Application, code: str, home: callback.Home, server: throwaway_server.Server
) -> None:
    tab.go(home.other_origin)
    assert exchange(server, tab, native, code) == {"failure": "TypeError"}
    metadata = f"{server.issuer}/.well-known/oauth-authorization-server"
    assert fetch(tab, metadata) == {"failure": "TypeError"}


def test_no_script_reads_the_authorization_endpoint(
    tab: Tab, ask: Ask, native: Application, code: str
) -> None:
    assert fetch(tab, ask(native), credentials="include") == {"failure": "TypeError"}
