"""oidc-client-ts in a real browser: a single-page application that signs people in and out."""

import itertools
import json
import ssl
from collections.abc import Callable
from typing import Any

import httpx
import jwt
import pytest
from tests.interop import callback, node_program
from tests.interop.conftest import CODE
from tests.interop.steps import allow, sign_in
from tests.interop.tab import Tab

from throwaway import registration, server as throwaway_server


LIBRARY = "node_modules/oidc-client-ts/dist/browser/oidc-client-ts.min.js"
SCOPES = ("openid", "email")
ASK = """manager.getUser().then(async (user) => {
  const url = %s
  const proof = await manager.dpopProof(url, user, 'GET')
  const headers = { Authorization: `DPoP ${user.access_token}`, DPoP: proof }
  return (await fetch(url, { headers })).status
})"""
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def library(home: callback.Home) -> None:
    node_program.ensure_installed()
    source = (node_program.FOLDER / LIBRARY).read_bytes()
    home.publish("/oidc-client-ts.js", "text/javascript", source)


Publish = Callable[..., str]


@pytest.fixture
def publish(
    library: None, home: callback.Home, interop_database: str, server: throwaway_server.Server
) -> Publish:
    """Publish an application at a URL, which is where it is sent back to as well."""

    def answer(**more: Any) -> str:
        registration.apply_scope(interop_database, "openid", description="Know who you are")
        client_id = f"single-page-{next(_numbers)}"
        url = home.redirect_uri(client_id)
        registration.apply_client(
            interop_database,
            client_id=client_id,
            auth_method="none",
            grant_types=list(CODE),
            redirect_uris=[url],
            post_logout_redirect_uris=[url],
            scopes=list(SCOPES),
        )
        settings = {
            "authority": server.issuer,
            "client_id": client_id,
            "redirect_uri": url,
            "post_logout_redirect_uri": url,
            "scope": " ".join(SCOPES),
            "loadUserInfo": True,
            "automaticSilentRenew": False,
            "revokeTokensOnSignout": True,
            **more,
        }
        template = (node_program.FOLDER / "single-page.html").read_text()
        content = template.replace("SETTINGS", json.dumps(settings))
        return home.publish(f"/{client_id}", "text/html", content.encode())

    return answer


@pytest.fixture
def page(publish: Publish) -> str:
    """The URL of the application."""
    return publish()


@pytest.fixture
def signed_in(tab: Tab, page: str) -> Tab:
    """The application after somebody has signed in with it."""
    return enter(tab, page)


def enter(tab: Tab, page: str) -> Tab:
    tab.go(page)
    tab.wait_for("ready")
    tab.evaluate("void manager.signinRedirect()")
    sign_in(tab)
    allow(tab)
    tab.wait("location.origin.startsWith('http:')")
    tab.wait_for("ready")
    return tab


def user(tab: Tab, expression: str = "manager.getUser()") -> Any:
    """What the library knows of the person, or None."""
    return tab.evaluate(f"{expression}.then((user) => JSON.parse(JSON.stringify(user)))")


def test_a_single_page_application_learns_who_signed_in(signed_in: Tab, page: str) -> None:
    known = user(signed_in)
    assert signed_in.url == page
    assert known["profile"]["email"] == registration.EMAIL
    assert known["profile"]["aud"] == page.rpartition("/")[2]
    assert set(known["scope"].split()) == set(SCOPES)


def test_it_renews_silently_by_its_refresh_token(signed_in: Tab) -> None:
    before, after = user(signed_in), user(signed_in, "manager.signinSilent()")
    for token in ("access_token", "refresh_token", "id_token"):
        assert after[token] != before[token]
    assert after["profile"]["sub"] == before["profile"]["sub"]
    assert user(signed_in)["access_token"] == after["access_token"]


def thumbprint(tokens: dict[str, Any]) -> str:
    """Of the key that an access token is bound to."""
    claims = jwt.decode(tokens["access_token"], options={"verify_signature": False})
    return str(claims["cnf"]["jkt"])


def test_its_tokens_are_of_use_with_its_key_only(
    tab: Tab, publish: Publish, server: throwaway_server.Server, trust: ssl.SSLContext
) -> None:
    """RFC 9449: the code, by dpop_jkt, and every token are bound to a key of this very browser."""
    # The library itself would ask for userinfo by a bearer token.
    page = publish(dpop={"bind_authorization_code": True}, loadUserInfo=False)
    before = user(enter(tab, page))
    after = user(tab, "manager.signinSilent()")
    for tokens in (before, after):
        assert tokens["token_type"] == "DPoP"
        bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
        refused = httpx.get(f"{server.issuer}/userinfo", headers=bearer, verify=trust)
        assert refused.status_code == 401
        assert tab.evaluate(ASK % json.dumps(f"{server.issuer}/userinfo")) == 200
    assert thumbprint(before) == thumbprint(after)
    stolen = {
        "grant_type": "refresh_token",
        "refresh_token": after["refresh_token"],
        "client_id": page.rpartition("/")[2],
    }
    answer = httpx.post(f"{server.issuer}/token", data=stolen, verify=trust)
    assert answer.json()["error"] == "invalid_grant"


def test_it_signs_the_person_out_and_its_tokens_end(
    signed_in: Tab, page: str, server: throwaway_server.Server, trust: ssl.SSLContext
) -> None:
    bearer = {"Authorization": f"Bearer {user(signed_in)['access_token']}"}
    userinfo = f"{server.issuer}/userinfo"
    assert httpx.get(userinfo, headers=bearer, verify=trust).status_code == 200
    signed_in.evaluate("document.getElementById('ready').remove()")
    signed_in.evaluate("void manager.signoutRedirect()")
    signed_in.wait_for("ready")
    assert signed_in.url == page
    assert user(signed_in) is None
    assert httpx.get(userinfo, headers=bearer, verify=trust).status_code == 401
    signed_in.evaluate("void manager.signinRedirect()")
    signed_in.wait_for("login-form")
