"""OpenID Connect for tests: the scopes, a client that uses them, and ID tokens checked as it would.

shop = openid.apply_client(instance, "shop-window")
claims = openid.read(instance, tokens["id_token"], shop)
"""

from typing import Any

import jwt

from throwaway.browser import Browser, has_form, told
from throwaway.instance import Instance
from throwaway.registration import EMAIL, RegisteredClient


SCOPES = ("email", "offline_access", "openid", "profile", "read")


def apply_client(instance: Instance, client_id: str, **spec: Any) -> RegisteredClient:
    """Register a client that may ask for everything about a person."""
    return instance.apply_client(client_id, **{"scopes": list(SCOPES)} | spec)


def sign_in(
    instance: Instance, client: RegisteredClient, email: str = EMAIL, **asked: str
) -> tuple[Browser, str]:
    """A new browser in which somebody signs in for that client, and the ID token that it gets."""
    browser = instance.browser()
    page = browser.sign_in(browser.authorize(client, **{"scope": "openid"} | asked), email)
    answer = browser.submit(page, decision="allow") if has_form(page, "consent-form") else page
    issued = instance.exchange(told(answer)["code"], client).raise_for_status().json()
    return browser, str(issued["id_token"])


def is_signed_in(browser: Browser, client: RegisteredClient) -> bool:
    """Whether the client gets a code without anybody being asked."""
    return "code" in told(browser.authorize(client, scope="openid", prompt="none"))


def read(
    instance: Instance, id_token: str, client: RegisteredClient, *, alg: str = "RS256"
) -> dict[str, Any]:
    """The claims of an ID token that is valid by OpenID Connect Core section 3.1.3.7."""
    return read_jwt(instance, id_token, client, alg=alg, required=("iss", "sub", "exp", "iat"))


def read_jwt(
    instance: Instance,
    text: str,
    client: RegisteredClient,
    *,
    alg: str = "RS256",
    required: tuple[str, ...] = (),
) -> dict[str, Any]:
    """The claims of any JWT of the issuer's for that client, signed by that algorithm."""
    published = instance.http.get("/jwks").raise_for_status().json()
    keys = {key.key_id: key for key in jwt.PyJWKSet.from_dict(published).keys}
    key = keys[jwt.get_unverified_header(text)["kid"]]
    claims: dict[str, Any] = jwt.decode(
        text,
        key,
        algorithms=[alg],
        issuer=instance.server.issuer,
        audience=client.client_id,
        options={"require": list(required)},
    )
    return claims


def forge(id_token: str) -> dict[str, str]:
    """ID tokens that are not the issuer's, made of one that is; by what is wrong with them."""
    claims = jwt.decode(id_token, options={"verify_signature": False})
    header, payload, signature = id_token.split(".")
    return {
        "unsigned": jwt.encode(claims, "", "none"),
        "shared secret": jwt.encode(claims, "x" * 32, "HS256", {"kid": "rsa", "typ": "JWT"}),
        "other signature": f"{header}.{payload}.{signature[:-8]}AAAAAAAA",
        "other payload": f"{header}.{payload[:-4]}AAAA.{signature}",
        "no token": "x",
        "empty parts": "..",
    }
