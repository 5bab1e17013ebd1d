"""T23 where it fails: proofs that prove nothing, at the token endpoint and at userinfo."""

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from tests.server.http import possessing

from throwaway import server as throwaway_server
from throwaway.browser import VERIFIER
from throwaway.instance import Instance, problem
from throwaway.server import ISSUER
from throwaway.signer import Signer, encode


KEY = Signer.draw("ES256")
OTHER = Signer.draw("ES256")
RSA = Signer.draw("RS256")


@pytest.fixture(scope="module")
def token(instance: Instance) -> str:
    """An access token that is bound to the key."""
    form = {"code": instance.code(scope="profile"), "code_verifier": VERIFIER}
    answer = possessing.send(instance, KEY, grant_type="authorization_code", **form)
    return str(answer.json()["access_token"])


def unsigned(header: dict[str, object]) -> str:
    members = {"typ": "dpop+jwt", "jwk": possessing.jwk(KEY)} | header
    payload = possessing.proof(KEY).split(".")[1]
    return f"{encode(json.dumps(members).encode())}.{payload}.{encode(b'x' * 64)}"


def with_header(**header: object) -> Callable[[], str]:
    return lambda: possessing.proof(KEY, header=header)


def with_claims(**claims: Any) -> Callable[[], str]:
    return lambda: possessing.proof(KEY, **claims)


REFUSED: dict[str, Callable[[], str]] = {
    "nothing": lambda: "x",
    "no JWT": lambda: "a.b.c",
    "17 KB": with_claims(x="x" * 17_000),
    "not ASCII": lambda: "\u00e9.\u00e9.\u00e9",
    "typ JWT": with_header(typ="JWT"),
    "typ missing": with_header(typ=None),
    "alg none": lambda: unsigned({"alg": "none"}),
    "alg HS256": lambda: unsigned({"alg": "HS256"}),
    "alg of another kind of key": lambda: unsigned({"alg": "RS256"}),
    "alg ES512": lambda: unsigned({"alg": "ES512"}),
    "signature of another key": lambda: possessing.proof(
        KEY, header={"jwk": possessing.jwk(OTHER)}
    ),
    "zero signature": lambda: possessing.proof(KEY).rpartition(".")[0] + "." + "A" * 86,
    "jwk missing": with_header(jwk=None),
    "jwk no object": with_header(jwk="x"),
    "jwk private": with_header(jwk=possessing.jwk(KEY) | {"d": "AAAA"}),
    "jwk symmetric": with_header(jwk={"kty": "oct", "k": "AAAA"}),
    "jwk off the curve": with_header(jwk=possessing.jwk(KEY) | {"y": "A" * 43}),
    "jwk a small modulus": lambda: possessing.proof(
        RSA, header={"jwk": {"kty": "RSA", "e": "AQAB", "n": "-" * 86}}
    ),
    "jku": with_header(jku="https://evil.example"),
    "crit": with_header(crit=["b64"]),
    "htm GET": with_claims(htm="GET"),
    "htm in lower case": with_claims(htm="post"),
    "htm missing": with_claims(htm=None),
    "htu of another path": with_claims(htu=f"{ISSUER}/par"),
    "htu with a slash more": with_claims(htu=f"{ISSUER}/token/"),
    "htu of another host": with_claims(htu="https://evil.example/token"),
    "htu of another port": with_claims(htu=f"{ISSUER}:8443/token"),
    "htu of http": with_claims(htu=f"{ISSUER}/token".replace("https", "http")),
    "htu with a user": with_claims(htu="https://login.example.com@evil.example/token"),
    "htu relative": with_claims(htu="/token"),
    "htu in capitals of the path": with_claims(htu=f"{ISSUER}/TOKEN"),
    "htu missing": with_claims(htu=None),
    "htu a number": with_claims(htu=7),
    "iat long ago": lambda: possessing.proof(KEY, iat=int(time.time()) - 65),
    "iat in the future": lambda: possessing.proof(KEY, iat=int(time.time()) + 65),
    "iat missing": with_claims(iat=None),
    "iat true": with_claims(iat=True),
    "iat text": with_claims(iat="1"),
    "iat huge": with_claims(iat=10**30),
    "jti missing": with_claims(jti=None),
    "jti empty": with_claims(jti=""),
    "jti a number": with_claims(jti=7),
    "jti of 2 KB": with_claims(jti="x" * 2000),
    "jti a lone surrogate": with_claims(jti="\ud800"),
    "nonce a number": with_claims(nonce=7),
}


@pytest.mark.parametrize("make", [pytest.param(make, id=name) for name, make in REFUSED.items()])
def test_a_proof_that_proves_nothing_is_refused_and_costs_no_code(
    instance: Instance, make: Callable[[], str]
) -> None:
    code = instance.code()
    headers = [(b"DPoP", make().encode())]
    form = {"grant_type": "authorization_code", "code": code, "code_verifier": VERIFIER}
    answer = instance.http.post("/token", auth=instance.shop.basic, data=form, headers=headers)
    assert problem(answer) == (400, "invalid_dpop_proof")
    assert instance.exchange(code).status_code == 200


@pytest.mark.parametrize(
    "htu",
    [
        f"{ISSUER}/token?query=1#fragment",
        f"{ISSUER}:443/token",
        "HTTPS://LOGIN.example.com/token",
        f"{ISSUER}/%74oken",
        f"{ISSUER}/./x/../token",
    ],
)
def test_a_uri_may_be_written_in_another_way(instance: Instance, htu: str) -> None:
    proved = possessing.proof(KEY, htu=htu)
    answer = possessing.send(instance, KEY, proved=proved, grant_type="client_credentials")
    assert answer.status_code == 200


def test_the_host_of_the_request_says_nothing(instance: Instance) -> None:
    form = {"grant_type": "client_credentials"}
    spoofed = {"Host": "evil.example", "X-Forwarded-Host": "evil.example"}
    for proved, status in (
        (possessing.proof(KEY), 200),
        (possessing.proof(KEY, htu="https://evil.example/token"), 400),
    ):
        headers = spoofed | {"DPoP": proved}
        answer = instance.http.post("/token", auth=instance.shop.basic, data=form, headers=headers)
        assert answer.status_code == status


def test_two_proofs_are_none(instance: Instance) -> None:
    headers = [("DPoP", possessing.proof(KEY)), ("DPoP", possessing.proof(KEY))]
    form = {"grant_type": "client_credentials"}
    answer = instance.http.post("/token", auth=instance.shop.basic, data=form, headers=headers)
    assert problem(answer) == (400, "invalid_dpop_proof")


def test_a_proof_is_good_once(instance: Instance) -> None:
    proved = possessing.proof(KEY)
    form = {"grant_type": "client_credentials"}
    assert possessing.send(instance, KEY, proved=proved, **form).status_code == 200
    again = possessing.send(instance, KEY, proved=proved, **form)
    assert problem(again) == (400, "invalid_dpop_proof")


def test_a_jti_of_another_key_is_another_one(instance: Instance) -> None:
    form = {"grant_type": "client_credentials"}
    for key in (KEY, OTHER):
        proved = possessing.proof(key, jti="the very same")
        assert possessing.send(instance, key, proved=proved, **form).status_code == 200


async def test_of_parallel_requests_with_one_proof_one_succeeds_whichever_process_they_reach(
    instance: Instance,
) -> None:
    headers = {"DPoP": possessing.proof(KEY)}
    form = {"grant_type": "client_credentials"}
    replica = throwaway_server.replicate(instance.server)
    try:
        urls = [instance.server.base_url, replica.base_url]
        async with httpx.AsyncClient(auth=instance.shop.basic, timeout=30) as http:
            answers = await asyncio.gather(
                *(http.post(f"{urls[n % 2]}/token", data=form, headers=headers) for n in range(20))
            )
    finally:
        replica.close()
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 19


def test_a_client_that_is_not_proved_uses_up_no_proof(instance: Instance) -> None:
    proved = possessing.proof(KEY)
    form = {"grant_type": "client_credentials"}
    answer = instance.http.post(
        "/token", auth=("shop", "wrong"), data=form, headers={"DPoP": proved}
    )
    assert problem(answer) == (401, "invalid_client")
    assert possessing.send(instance, KEY, proved=proved, **form).status_code == 200


USERINFO: dict[str, Callable[[str], str | None]] = {
    "missing": lambda _: None,
    "ath missing": lambda _: possessing.proof(KEY, "/userinfo", "GET"),
    "ath of another token": lambda token: possessing.proof(KEY, "/userinfo", "GET", token + "x"),
    "htm of another method": lambda token: possessing.proof(KEY, "/userinfo", "POST", token),
    "htu of another path": lambda token: possessing.proof(KEY, "/token", "GET", token),
    "ath a number": lambda _: possessing.proof(KEY, "/userinfo", "GET", ath=7),
}


@pytest.mark.parametrize("make", [pytest.param(make, id=name) for name, make in USERINFO.items()])
def test_a_bound_token_with_a_wrong_proof_is_challenged(
    instance: Instance, token: str, make: Callable[[str], str | None]
) -> None:
    answer = possessing.userinfo(instance, token, make(token))
    assert problem(answer) == (401, "invalid_dpop_proof")
    challenge = answer.headers["WWW-Authenticate"]
    assert challenge.startswith('DPoP realm="authly", error="invalid_dpop_proof"')
    assert 'algs="ES256 EdDSA PS256 RS256"' in challenge


def test_a_bound_token_with_a_proof_of_another_key_is_worth_nothing(
    instance: Instance, token: str
) -> None:
    proved = possessing.proof(OTHER, "/userinfo", "GET", token)
    assert problem(possessing.userinfo(instance, token, proved)) == (401, "invalid_token")


def test_a_bound_token_sent_in_two_ways_is_refused(instance: Instance, token: str) -> None:
    proved = possessing.proof(KEY, "/userinfo", "POST", token)
    headers = {"Authorization": f"DPoP {token}", "DPoP": proved}
    answer = instance.http.post("/userinfo", data={"access_token": token}, headers=headers)
    assert problem(answer) == (400, "invalid_request")


@pytest.mark.parametrize("text", ["DPoP", "DPoP é", "dpop a b", "DPoP " + "x" * 17_000])
def test_what_is_no_token_is_refused(instance: Instance, text: str) -> None:
    headers = [(b"Authorization", text.encode())]
    answer = instance.http.get("/userinfo", headers=headers)
    assert problem(answer) == (401, "invalid_token")
    assert answer.headers["WWW-Authenticate"].startswith("DPoP ")
