"""One right request to each route: what tests of wrong ones begin with, a change at a time."""

from collections.abc import Callable
from dataclasses import replace

import httpx
from tests.server.http import devices, newcomers, own_account, second_factors
from tests.server.http.encoded import Request, request

from authly_server.web import routes
from throwaway.browser import VERIFIER, asking, read_form
from throwaway.instance import Instance


PATHS = tuple(
    dict.fromkeys(
        (
            *(route.path for route in (*routes.OAUTH, *routes.ACCOUNT)),
            *(route.path for route in (*routes.REGISTRATION, *routes.HEALTH)),
            *routes.METADATA,
        )
    )
)
_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
_ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def _authorization(instance: Instance) -> dict[str, str]:
    """With all that may be said, so that each of it can be said wrongly."""
    return asking(
        instance.shop,
        nonce="n",
        prompt="consent",
        max_age="3600",
        login_hint="ada",
        claims="{}",
        resource="https://api.example",
        response_mode="query",
        acr_values="0",
        ui_locales="en",
        display="page",
        dpop_jkt="A" * 43,
        id_token_hint="a.b.c",
    )


def _basic(instance: Instance) -> str:
    return httpx.BasicAuth(*instance.shop.basic)._auth_header  # its one product


def _person(instance: Instance, method: str, path: str, parameters: dict[str, str]) -> Request:
    cookies = "; ".join(f"{name}={value}" for name, value in instance.person.cookies.items())
    return request(method, path, parameters, Cookie=cookies)


def _client(instance: Instance, path: str, **parameters: str) -> Request:
    return request("POST", path, parameters, Authorization=_basic(instance))


def _authorize(instance: Instance) -> Request:
    return _person(instance, "GET", "/authorize", _authorization(instance))


def _authorize_by_post(instance: Instance) -> Request:
    return _person(instance, "POST", "/authorize", _authorization(instance))


def _login(instance: Instance) -> Request:
    browser = instance.browser()
    form = read_form(browser.authorize(instance.shop))
    cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    fields = form.fields | {"username": "ada@example.org", "password": "wrong"}
    return request("POST", "/login", fields, Cookie=cookies)


def _login_page(instance: Instance) -> Request:
    posted = _login(instance)
    return replace(posted.without("csrf"), method="GET").with_pair("switch", "1")


def _consent(instance: Instance) -> Request:
    form = read_form(instance.person.authorize(instance.shop, prompt="consent"))
    return _person(instance, "POST", "/consent", form.fields | {"decision": "allow"})


def _consent_page(instance: Instance) -> Request:
    return replace(_consent(instance).without("csrf").without("decision"), method="GET")


def _logout_page(instance: Instance) -> Request:
    said = {"id_token_hint": "a.b.c", "client_id": "shop", "state": "s", "logout_hint": "ada"}
    uri = {"post_logout_redirect_uri": "https://shop.example/bye"}
    return _person(instance, "GET", "/logout", said | uri)


def _logout(instance: Instance) -> Request:
    form = read_form(instance.person.client.get("/logout"))
    said = {"id_token_hint": "a.b.c", "client_id": "shop", "state": "s"}
    return _person(instance, "POST", "/logout", form.fields | said | {"decision": "stay"})


def _device_page(instance: Instance) -> Request:
    return _person(instance, "GET", "/device", {"user_code": "BCDF-GHJK"})


def _device(instance: Instance) -> Request:
    instance.execute("DELETE FROM authly.attempts")
    form = read_form(instance.person.client.get("/device"))
    return _person(instance, "POST", "/device", form.fields | {"user_code": "BCDF-GHJK"})


def _device_login(instance: Instance, page: str = "/device") -> Request:
    browser = instance.browser()
    form = read_form(browser.client.get(page))
    cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    fields = form.fields | {"username": "ada@example.org", "password": "wrong"}
    return request("POST", "/device/login", fields, Cookie=cookies)


def _device_consent(instance: Instance) -> Request:
    tv = devices.register(instance)
    code = devices.begin(instance, tv)["user_code"]
    person = instance.person
    form = read_form(person.submit(person.client.get("/device"), user_code=code))
    return _person(instance, "POST", "/device/consent", form.fields | {"decision": "deny"})


def _device_authorization(instance: Instance) -> Request:
    tv = devices.register(instance)
    form = {"client_id": tv.client_id, "scope": "read", "dpop_jkt": "A" * 43}
    return request("POST", "/device_authorization", form)


def _pushed(instance: Instance) -> Request:
    return _client(instance, "/par", **_authorization(instance) | {"id_token_hint": ""})


def _code(instance: Instance) -> Request:
    return _client(
        instance,
        "/token",
        grant_type="authorization_code",
        code=instance.code(),
        redirect_uri=instance.shop.redirect_uri,
        code_verifier=VERIFIER,
        resource="https://api.example",
        client_id="shop",
    )


def _refresh(instance: Instance) -> Request:
    token = instance.tokens()["refresh_token"]
    return _client(
        instance,
        "/token",
        grant_type="refresh_token",
        refresh_token=token,
        scope="read",
        resource="https://api.example",
    )


def _own_refresh(instance: Instance) -> Request:
    return replace(_refresh(instance), path="/auth/refresh")


def _machine(instance: Instance) -> Request:
    return _client(
        instance,
        "/auth/token",
        grant_type="client_credentials",
        scope="read",
        resource="https://api.example",
    )


def _device_code(instance: Instance) -> Request:
    tv = devices.register(instance)
    code = devices.begin(instance, tv)["device_code"]
    form = {"grant_type": devices.GRANT, "device_code": code, "client_id": tv.client_id}
    return request("POST", "/token", form)


def _exchange(instance: Instance) -> Request:
    token = instance.tokens()["access_token"]
    return _client(
        instance,
        "/token",
        grant_type=_EXCHANGE,
        subject_token=token,
        subject_token_type=_ACCESS_TOKEN,
        actor_token=token,
        actor_token_type=_ACCESS_TOKEN,
        requested_token_type=_ACCESS_TOKEN,
        audience="https://api.example",
        resource="https://api.example",
        scope="read",
    )


def _secret_in_body(instance: Instance) -> Request:
    form = {"grant_type": "client_credentials", "client_id": "shop", "client_secret": "wrong"}
    return request("POST", "/token", form)


def _assertion(instance: Instance) -> Request:
    form = {"client_assertion_type": _ASSERTION, "client_assertion": "a.b.c", "client_id": "shop"}
    return request("POST", "/token", {"grant_type": "client_credentials"} | form)


def _revoke(instance: Instance) -> Request:
    token = instance.tokens()["access_token"]
    return _client(instance, "/revoke", token=token, token_type_hint="access_token")


def _introspect(instance: Instance) -> Request:
    return replace(_revoke(instance), path="/introspect")


def _userinfo(instance: Instance) -> Request:
    return request("POST", "/userinfo", {"access_token": instance.tokens()["access_token"]})


def _account_page(instance: Instance) -> Request:
    return _person(instance, "GET", "/account", {"said": "x", "proof": "0" * 64, "page": "x"})


def _account_login(instance: Instance) -> Request:
    return replace(_device_login(instance, "/account"), path="/account/login")


def _account_sessions(instance: Instance) -> Request:
    fields = own_account.fields(instance.person.client.get("/account"), "sessions-form")
    return _person(instance, "POST", "/account/sessions", fields | {"session": "0" * 32})


def _account_applications(instance: Instance) -> Request:
    fields = own_account.fields(instance.person.client.get("/account"), "applications-form")
    return _person(instance, "POST", "/account/applications", fields | {"application": "0" * 32})


def _account_password(instance: Instance) -> Request:
    """Of somebody who has a password to change here, and says the present one wrongly."""
    browser, email = instance.browser(), own_account.add_person(instance)
    own_account.visit(browser, email)
    form = read_form(browser.client.get("/account/password"))
    typed = {"present": "wrong", "password": "four words in a row", "again": "four words in a row"}
    cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    return request("POST", "/account/password", form.fields | typed, Cookie=cookies)


def _second_factor(instance: Instance) -> Request:
    form = read_form(instance.person.client.get("/account/second-factor"))
    fields = form.fields | {"action": "confirm", "offer": "x", "code": "123456"}
    return _person(instance, "POST", "/account/second-factor", fields)


def _second_step(instance: Instance) -> Request:
    person = second_factors.enrol(instance)
    browser, page = second_factors.begin(instance, person)
    cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    fields = read_form(page).fields | {"code": person.app.wrong_code()}
    return request("POST", "/login", fields, Cookie=cookies)


REQUESTS: dict[str, Callable[[Instance], Request]] = {
    "authorize": _authorize,
    "authorize by POST": _authorize_by_post,
    "login page": _login_page,
    "login": _login,
    "consent page": _consent_page,
    "consent": _consent,
    "logout page": _logout_page,
    "logout": _logout,
    "device page": _device_page,
    "device": _device,
    "device login": _device_login,
    "device consent": _device_consent,
    "account page": _account_page,
    "account login": _account_login,
    "account sessions": _account_sessions,
    "account applications": _account_applications,
    "account password": _account_password,
    "second factor": _second_factor,
    "second step": _second_step,
    "device authorization": _device_authorization,
    "pushed request": _pushed,
    "authorization code": _code,
    "refresh token": _refresh,
    "the guide's refresh": _own_refresh,
    "client credentials": _machine,
    "device code": _device_code,
    "token exchange": _exchange,
    "secret in the body": _secret_in_body,
    "assertion": _assertion,
    "revocation": _revoke,
    "introspection": _introspect,
    "userinfo": _userinfo,
}
"""What takes a form or a query; what takes neither is `OTHERS`."""
OTHERS = {"/jwks", "/register", "/register/{client_id}"} | {
    path for path in PATHS if path.startswith(("/health", "/.well-known/"))
}


def registration() -> dict[str, object]:
    """What a client says of itself, RFC 7591: all of it, so that each of it can be wrong."""
    return newcomers.metadata(
        client_uri="https://printer.example/",
        logo_uri="https://printer.example/logo.png",
        tos_uri="https://printer.example/tos",
        policy_uri="https://printer.example/privacy",
        contacts=["ada@printer.example"],
        jwks={"keys": []},
        jwks_uri="https://printer.example/jwks",
        scope="read",
        token_endpoint_auth_method="none",
        response_types=["code"],
        post_logout_redirect_uris=["https://printer.example/bye"],
        backchannel_logout_uri="https://printer.example/logout",
        backchannel_logout_session_required=True,
        id_token_signed_response_alg="RS256",
        userinfo_signed_response_alg="ES256",
        default_max_age=3600,
        dpop_bound_access_tokens=True,
        require_pushed_authorization_requests=True,
        software_id="x",
        software_version="1",
        software_statement="a.b.c",
        sector_identifier_uri="https://printer.example/sector",
        subject_type="public",
        application_type="web",
    )
