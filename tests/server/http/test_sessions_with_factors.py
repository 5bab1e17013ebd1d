"""What comes of a second factor: what clients are told, and which sessions are none without it."""

import json
from typing import Any

import jwt
import pytest
from tests.server.http import devices, second_factors
from tests.server.http.second_factors import Enrolled

from throwaway.browser import has_form, told
from throwaway.instance import Instance
from throwaway.registration import RegisteredClient


SESSION = "__Host-authly_session"


@pytest.fixture
def person(instance: Instance) -> Enrolled:
    return second_factors.enrol(instance)


def test_a_client_is_told_how(instance: Instance, person: Enrolled) -> None:
    client = instance.apply_client("told-how", scopes=["openid", "read"])
    claims = identity(instance, person, client)
    assert (claims["amr"], claims["acr"]) == (["pwd", "otp"], second_factors.ACR)
    by_password = instance.tokens(client, scope="openid")["id_token"]
    plain = jwt.decode(by_password, options={"verify_signature": False})
    assert plain["amr"] == ["pwd"]
    assert plain["acr"] != second_factors.ACR


def identity(
    instance: Instance, person: Enrolled, client: RegisteredClient, **asked: str
) -> dict[str, Any]:
    """The claims of an ID token of that person."""
    browser = instance.browser()
    page = browser.sign_in(browser.authorize(client, scope="openid", **asked), person.email)
    page = browser.submit(page, code=person.app.code())
    code = told(browser.submit(page, decision="allow"))["code"]
    token = instance.exchange(code, client).raise_for_status().json()["id_token"]
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims


PASSWORD_ACR = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"


@pytest.mark.parametrize(
    ("demanded", "expected"),
    [
        pytest.param(second_factors.ACR, (["pwd", "otp"], second_factors.ACR), id="what there is"),
        pytest.param(PASSWORD_ACR, (["pwd"], PASSWORD_ACR), id="less"),
    ],
)
def test_a_client_that_insists_is_told_what_it_insists_on(
    instance: Instance, person: Enrolled, demanded: str, expected: tuple[list[str], str]
) -> None:
    client = instance.apply_client("insists", scopes=["openid", "read"])
    claims = identity(instance, person, client, claims=insisting(demanded))
    assert (claims["amr"], claims["acr"]) == expected


def test_who_has_none_is_no_use_to_a_client_that_insists(instance: Instance) -> None:
    client = instance.apply_client("insists", scopes=["openid", "read"])
    instance.person.allow(client, scope="openid")
    asked = {"scope": "openid", "claims": insisting(second_factors.ACR)}
    answer = told(instance.person.authorize(client, **asked))
    assert answer["error"] == "unmet_authentication_requirements"
    browser = instance.browser()
    answer = told(browser.sign_in(browser.authorize(client, **asked)))
    assert answer["error"] == "unmet_authentication_requirements"


def insisting(acr: str) -> str:
    """The claims parameter of a client that takes no other acr."""
    return json.dumps({"id_token": {"acr": {"essential": True, "values": [acr]}}})


def test_a_device_is_connected_with_a_code_only(instance: Instance, person: Enrolled) -> None:
    tv = devices.register(instance, "tv-with-factor")
    begun = devices.begin(instance, tv)
    browser = instance.browser()
    page = browser.client.get("/device", params={"user_code": begun["user_code"]})
    page = browser.sign_in(page, person.email)
    assert has_form(page, "second-factor-form")
    assert SESSION not in browser.cookies
    assert has_form(browser.client.get("/device"), "login-form")
    page = browser.submit(page, code=person.app.code())
    assert has_form(page, "device-code-form")
    question = browser.submit(page, user_code=begun["user_code"])
    browser.submit(question, decision="allow")
    assert devices.poll(instance, tv, begun["device_code"]).status_code == 200


def test_a_session_by_the_password_alone_is_none(instance: Instance) -> None:
    """From before it was switched on, or of a version that did not ask for a code."""
    email = second_factors.add_person(instance)
    before = instance.browser()
    second_factors.open_page(before, email)
    assert has_form(before.authorize(instance.shop), "consent-form")
    person = second_factors.enrol(instance, email)
    assert has_form(before.authorize(instance.shop), "login-form")
    assert has_form(before.follow(before.client.get(second_factors.PATH)), "login-form")
    assert has_form(before.client.get("/device"), "login-form")
    page = before.sign_in(before.authorize(instance.shop), email)
    assert second_factors.signs_in(before, page, person.app.code())


def test_nobody_is_let_through_at_once_by_such_a_session(instance: Instance) -> None:
    email = second_factors.add_person(instance)
    before = instance.browser()
    page = before.sign_in(before.authorize(instance.shop), email)
    before.submit(page, decision="allow")
    assert "code" in told(before.authorize(instance.shop))
    second_factors.enrol(instance, email)
    assert has_form(before.authorize(instance.shop), "login-form")
    assert told(before.authorize(instance.shop, prompt="none"))["error"] == "login_required"
