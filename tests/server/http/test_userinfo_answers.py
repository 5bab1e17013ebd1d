"""R5 to R8: who is told of a person, by which token, sent in which way."""

import base64
import hashlib
import hmac
import json
import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from throwaway.instance import Instance, problem
from throwaway.registration import EMAIL


OTHER_KEY = ec.generate_private_key(ec.SECP256R1())


@pytest.fixture(scope="module")
def token(instance: Instance) -> str:
    return str(instance.tokens(scope="profile")["access_token"])


@pytest.fixture(scope="module")
def key(instance: Instance) -> ec.EllipticCurvePrivateKey:
    """The server's own key, to sign what the server would never sign."""
    entry = json.loads(instance.server.key_ring.read_text())["keys"][0]
    loaded = serialization.load_pem_private_key(entry["privateKey"].encode(), None)
    assert isinstance(loaded, ec.EllipticCurvePrivateKey)
    return loaded


def part(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def assert_challenged(answer: Any, status: int, error: str) -> None:
    assert problem(answer) == (status, error)
    assert f'error="{error}"' in answer.headers["WWW-Authenticate"]
    assert answer.headers["WWW-Authenticate"].startswith("Bearer ")


def test_the_person_of_a_token_is_told_in_either_way(instance: Instance, token: str) -> None:
    for answer in (
        instance.userinfo(token),
        instance.http.post("/userinfo", headers={"Authorization": f"bearer {token}"}),
        instance.http.post("/userinfo", data={"access_token": token}),
    ):
        assert answer.status_code == 200
        told = answer.json()
        assert told["preferred_username"] == EMAIL
        assert told["sub"] == instance.fetch("SELECT id::text FROM authly.users")
        assert "email" not in told
        assert answer.headers["Cache-Control"] == "no-store"


def test_each_scope_adds_its_claims(instance: Instance) -> None:
    mail = instance.apply_client("mail", scopes=["email", "openid", "profile"])
    told = instance.userinfo(instance.tokens(mail, scope="email openid")["access_token"]).json()
    assert told["email"] == EMAIL
    assert told["email_verified"] is True
    assert "preferred_username" not in told


def test_without_a_token_the_challenge_has_no_error(instance: Instance) -> None:
    for headers in ({}, {"Authorization": "Basic c2hvcDp4"}):
        for method in ("GET", "POST"):
            answer = instance.http.request(method, "/userinfo", headers=headers)
            assert answer.status_code == 401
            challenges = answer.headers["WWW-Authenticate"]
            assert challenges.startswith('Bearer realm="authly", DPoP realm="authly", algs="')
            assert "error" not in challenges
            assert answer.content == b""


def test_a_token_in_the_query_is_refused(instance: Instance, token: str) -> None:
    for method in ("GET", "POST"):
        answer = instance.http.request(method, f"/userinfo?access_token={token}")
        assert_challenged(answer, 400, "invalid_request")


def test_a_token_sent_in_two_ways_is_refused(instance: Instance, token: str) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    answer = instance.http.post("/userinfo", data={"access_token": token}, headers=headers)
    assert_challenged(answer, 400, "invalid_request")


def test_a_token_without_a_scope_about_people_is_not_enough(instance: Instance) -> None:
    answer = instance.userinfo(instance.tokens(scope="read")["access_token"])
    assert_challenged(answer, 403, "insufficient_scope")
    assert 'scope="profile"' in answer.headers["WWW-Authenticate"]


def test_a_token_that_is_about_nobody_is_invalid(instance: Instance) -> None:
    answer = instance.post("/token", grant_type="client_credentials", scope="profile")
    assert_challenged(instance.userinfo(answer.json()["access_token"]), 401, "invalid_token")


@pytest.mark.parametrize(
    "text",
    ["x", "a.b", "a.b.c", "..", "a b", "x" * 20_000, "art_x", "é", '"', "a=b=c"],
)
def test_what_is_no_token_is_invalid(instance: Instance, text: str) -> None:
    headers = [(b"Authorization", b"Bearer " + text.encode())]
    answer = instance.http.get("/userinfo", headers=headers)
    assert_challenged(answer, 401, "invalid_token")


FORGERIES: list[Any] = [
    pytest.param({"iss": "https://evil.example"}, {}, id="other issuer"),
    pytest.param({"exp": 1}, {}, id="expired"),
    pytest.param({"exp": None}, {}, id="never expiring"),
    pytest.param({"exp": True}, {}, id="exp true"),
    pytest.param({"exp": 10**400}, {}, id="exp of 400 digits"),
    pytest.param({"iat": 10**10}, {}, id="issued in the future"),
    pytest.param({"jti": 7}, {}, id="jti no text"),
    pytest.param({"jti": "a\x00b"}, {}, id="NUL in jti"),
    pytest.param({"jti": "\ud800"}, {}, id="lone surrogate in jti"),
    pytest.param({"grant_id": "x"}, {}, id="grant_id no UUID"),
    pytest.param({"grant_id": "0" * 32}, {}, id="no such grant"),
    pytest.param({"client_id": "nobody"}, {}, id="other client"),
    pytest.param({}, {"typ": "JWT"}, id="an ID token's type"),
    pytest.param({}, {"kid": "other"}, id="unknown key"),
    pytest.param({}, {"crit": ["exp"]}, id="critical header"),
    pytest.param({}, {"jku": "https://evil.example"}, id="key from elsewhere"),
    pytest.param({}, {"b64": False}, id="unencoded payload"),
    pytest.param({}, {"zip": "DEF"}, id="compressed"),
]


@pytest.mark.parametrize(("claims", "header"), FORGERIES)
def test_a_token_that_says_anything_wrong_is_invalid_although_signed_by_us(
    instance: Instance,
    token: str,
    key: ec.EllipticCurvePrivateKey,
    claims: dict[str, object],
    header: dict[str, object],
) -> None:
    good = jwt.decode(token, options={"verify_signature": False})
    changed = {k: v for k, v in (good | claims).items() if v is not None}
    content = json.dumps(changed).encode()
    headers = {"typ": "at+jwt", "kid": "first"} | header
    signed = jwt.PyJWS().encode(content, key, "ES256", headers)
    assert_challenged(instance.userinfo(signed), 401, "invalid_token")
    assert instance.post("/introspect", token=signed).json() == {"active": False}


def test_a_token_made_as_ours_are_is_good(
    instance: Instance, token: str, key: ec.EllipticCurvePrivateKey
) -> None:
    """What the forgeries above differ from."""
    claims = jwt.decode(token, options={"verify_signature": False})
    headers = {"typ": "at+jwt", "kid": "first"}
    signed = jwt.PyJWS().encode(json.dumps(claims).encode(), key, "ES256", headers)
    assert instance.userinfo(signed).status_code == 200


def test_a_token_that_we_did_not_sign_is_invalid(instance: Instance, token: str) -> None:
    head, payload, signature = token.split(".")
    public = part(b"\x00" * 64)
    hmac_head = part(json.dumps({"alg": "HS256", "typ": "at+jwt", "kid": "first"}).encode())
    jwks = instance.http.get("/jwks").content
    mac = hmac.digest(jwks, f"{hmac_head}.{payload}".encode(), hashlib.sha256)
    none_head = part(json.dumps({"alg": "none", "typ": "at+jwt", "kid": "first"}).encode())
    claims = jwt.decode(token, options={"verify_signature": False})
    foreign = jwt.encode(claims, OTHER_KEY, "ES256", headers={"typ": "at+jwt", "kid": "first"})
    for forged in (
        f"{none_head}.{payload}.",
        f"{none_head}.{payload}.{signature}",
        f"{hmac_head}.{payload}.{part(mac)}",
        f"{head}.{payload}.{public}",  # r = s = 0
        f"{head}.{payload}.",
        f"{head}.{part(b'{}')}.{signature}",
        f"{head}.{payload}.{signature[:-2]}",
        foreign,
    ):
        assert_challenged(instance.userinfo(forged), 401, "invalid_token")


def test_a_token_expires(instance: Instance) -> None:
    quick = instance.apply_client("quick", access_token_ttl=1)
    token = instance.tokens(quick, scope="profile")["access_token"]
    deadline = time.monotonic() + 90
    while (status := instance.userinfo(token).status_code) == 200:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert status == 401


def test_a_token_of_someone_disabled_since_is_invalid(instance: Instance, token: str) -> None:
    instance.execute("UPDATE authly.users SET enabled = false")
    try:
        assert_challenged(instance.userinfo(token), 401, "invalid_token")
    finally:
        instance.execute("UPDATE authly.users SET enabled = true")
    assert instance.userinfo(token).status_code == 200
