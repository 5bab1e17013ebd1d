"""T21 and R9: assertions and keys that prove nothing, however they are made."""

import hmac
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from tests.server.http import proving

from throwaway.instance import Instance, problem
from throwaway.registration import RegisteredClient
from throwaway.server import ISSUER
from throwaway.signer import Signer, encode


@pytest.fixture(scope="module")
def signer() -> Signer:
    return Signer.draw("ES256")


@pytest.fixture(scope="module")
def rsa() -> Signer:
    return Signer.draw("RS256")


@pytest.fixture(scope="module")
def robot(instance: Instance, signer: Signer) -> RegisteredClient:
    return proving.register(instance, "robot", signer.jwks())


def soon(seconds: float) -> int:
    return int(time.time() + seconds)


REFUSED_CLAIMS: dict[str, Callable[[], dict[str, object]]] = {
    "aud missing": lambda: {"aud": None},
    "aud of another": lambda: {"aud": "https://other.example"},
    "aud with a foreign member": lambda: {"aud": [ISSUER, "https://other.example"]},
    "aud empty": lambda: {"aud": []},
    "aud a number": lambda: {"aud": 7},
    "aud nested": lambda: {"aud": [[ISSUER]]},
    "aud with a slash": lambda: {"aud": f"{ISSUER}/"},
    "iss of another": lambda: {"iss": "other"},
    "iss missing": lambda: {"iss": None},
    "sub missing": lambda: {"sub": None},
    "sub of another": lambda: {"sub": "shop"},
    "sub a number": lambda: {"sub": 7},
    "exp missing": lambda: {"exp": None},
    "exp past": lambda: {"exp": soon(-60)},
    "exp far": lambda: {"exp": soon(3700)},
    "exp text": lambda: {"exp": str(soon(60))},
    "exp true": lambda: {"exp": True},
    "exp negative": lambda: {"exp": -1},
    "exp beyond all calendars": lambda: {"exp": 10**30},
    "nbf future": lambda: {"nbf": soon(60)},
    "nbf text": lambda: {"nbf": "now"},
    "iat future": lambda: {"iat": soon(60)},
    "iat old": lambda: {"iat": soon(-3600)},
    "jti missing": lambda: {"jti": None},
    "jti empty": lambda: {"jti": ""},
    "jti a number": lambda: {"jti": 7},
    "jti 2 KB": lambda: {"jti": "x" * 2048},
    "jti a lone surrogate": lambda: {"jti": "\ud800"},
}


@pytest.mark.parametrize("name", REFUSED_CLAIMS)
def test_claims_that_prove_nothing_are_refused_all_alike(
    instance: Instance, robot: RegisteredClient, signer: Signer, name: str
) -> None:
    claims = signer.claims("robot", ISSUER, **REFUSED_CLAIMS[name]())
    answer = proving.send(instance, signer.sign(claims), client_id="robot")
    assert problem(answer) == (401, "invalid_client")
    assert answer.json()["error_description"] == "client authentication failed"


@pytest.mark.parametrize(
    "header",
    [
        pytest.param({"alg": "none"}, id="alg none"),
        pytest.param({"alg": "HS256"}, id="alg HS256"),
        pytest.param({"alg": "RS256"}, id="alg of another kind of key"),
        pytest.param({"alg": "ES256K"}, id="alg unknown"),
        pytest.param({"alg": None}, id="no alg"),
        pytest.param({"alg": ["ES256"]}, id="alg a list"),
        pytest.param({"kid": "unknown"}, id="unknown kid"),
        pytest.param({"typ": "at+jwt"}, id="typ of an access token"),
        pytest.param({"typ": "dpop+jwt"}, id="typ of a proof"),
        pytest.param({"jku": "https://evil.example/jwks"}, id="jku"),
        pytest.param({"x5u": "https://evil.example/chain"}, id="x5u"),
        pytest.param({"x5c": ["AAAA"]}, id="x5c"),
        pytest.param({"jwk": Signer.draw("ES256").jwk()}, id="jwk"),
        pytest.param({"crit": ["exp"]}, id="crit"),
        pytest.param({"crit": ["b64"], "b64": False}, id="b64 false"),
        pytest.param({"zip": "DEF"}, id="zip"),
        pytest.param({"alg": "PBES2-HS256+A128KW", "p2c": 10**9}, id="PBES2"),
    ],
)
def test_a_header_that_is_not_of_the_registered_key_is_refused(
    instance: Instance, robot: RegisteredClient, signer: Signer, header: dict[str, Any]
) -> None:
    started = time.monotonic()
    answer = proving.send(instance, signer.sign(signer.claims("robot", ISSUER), **header))
    assert problem(answer) == (401, "invalid_client")
    assert time.monotonic() - started < 2


def payload(text: str) -> bytes:
    """JSON that no library writes, around what is else a right set of claims."""
    claims = Signer.draw("EdDSA").claims("robot", ISSUER, exp=None, jti="raw")
    return (json.dumps(claims)[:-1] + "," + text + "}").encode()


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(payload('"exp": 1e400'), id="exp 1e400"),
        pytest.param(payload('"exp": NaN'), id="NaN"),
        pytest.param(payload('"exp": Infinity'), id="Infinity"),
        pytest.param(payload('"exp": 9999999999, "exp": 1'), id="a name twice"),
        pytest.param(payload('"exp": 1, "jti": "\\ud800"'), id="escaped surrogate"),
        pytest.param(payload('"x": ' + "[" * 4000 + "]" * 4000), id="deep"),
        pytest.param(payload('"exp": ' + "9" * 5000), id="a number of 5000 digits"),
        pytest.param(b'["robot"]', id="an array"),
        pytest.param(b"\xff\xfe{}", id="not UTF-8"),
        pytest.param(b"", id="nothing"),
        pytest.param(b"null", id="null"),
    ],
)
def test_json_with_more_or_less_than_one_meaning_is_refused(
    instance: Instance, robot: RegisteredClient, signer: Signer, content: bytes
) -> None:
    answer = proving.send(instance, signer.sign(content), client_id="robot")
    assert problem(answer) == (401, "invalid_client")


@pytest.mark.parametrize(
    "mangle",
    [
        pytest.param(lambda text: "x", id="no parts"),
        pytest.param(lambda text: text + ".x", id="four parts"),
        pytest.param(lambda text: text.rpartition(".")[0] + ".", id="no signature"),
        pytest.param(lambda text: text[:-8], id="cut short"),
        pytest.param(lambda text: text + "=", id="padded"),
        pytest.param(lambda text: text.replace(".", ". ", 1), id="a space"),
        pytest.param(lambda text: "\u00e4" + text, id="not ASCII"),
        pytest.param(lambda text: "e" + text, id="one more letter"),
        pytest.param(
            lambda text: text.rpartition(".")[0] + "." + encode(bytes(64)), id="r and s are 0"
        ),
        pytest.param(
            lambda text: text.rpartition(".")[0] + "." + encode(b"\xff" * 64), id="r and s too big"
        ),
        pytest.param(lambda text: text.rpartition(".")[0] + "." + encode(bytes(63)), id="63 bytes"),
    ],
)
def test_what_is_no_signed_jwt_is_refused(
    instance: Instance, robot: RegisteredClient, signer: Signer, mangle: Callable[[str], str]
) -> None:
    assertion = mangle(signer.sign(signer.claims("robot", ISSUER)))
    answer = proving.send(instance, assertion, client_id="robot")
    assert problem(answer) == (401, "invalid_client")


def test_a_public_key_is_no_shared_secret(instance: Instance, rsa: Signer) -> None:
    proving.register(instance, "rsa-robot", rsa.jwks(alg=None))
    pem = rsa.private.public_key().public_bytes(
        encoding=serialization.Encoding.PEM,
        format=serialization.PublicFormat.SubjectPublicKeyInfo,
    )
    head = encode(json.dumps({"alg": "HS256", "kid": rsa.kid}).encode())
    body = encode(json.dumps(rsa.claims("rsa-robot", ISSUER)).encode())
    mac = hmac.digest(pem, f"{head}.{body}".encode(), "sha256")
    assert problem(proving.send(instance, f"{head}.{body}.{encode(mac)}")) == (
        401,
        "invalid_client",
    )


@pytest.mark.parametrize(("size", "status"), [(13_000, 400), (100_000, 413)])
def test_an_assertion_of_more_than_16_kb_is_refused_unread(
    instance: Instance, robot: RegisteredClient, signer: Signer, size: int, status: int
) -> None:
    assertion = signer.sign(signer.claims("robot", ISSUER, padding="x" * size))
    assert problem(proving.send(instance, assertion)) == (status, "invalid_request")


WEAK = {
    "RSA of 1024 bits": lambda: Signer.draw("RS256", bits=1024).jwk(),
    "modulus of 16384 bits": lambda: Signer.draw("RS256").jwk(n=encode(b"\xff" * 2048)),
    "huge exponent": lambda: Signer.draw("RS256").jwk(e=encode(b"\xff" * 200)),
    "exponent 1": lambda: Signer.draw("RS256").jwk(e="AQ"),
    "off the curve": lambda: Signer.draw("ES256").jwk(x=encode(bytes(31) + b"\x01")),
    "the point 0,0": lambda: Signer.draw("ES256").jwk(x=encode(bytes(32)), y=encode(bytes(32))),
    "for encryption": lambda: Signer.draw("ES256").jwk(use="enc"),
    "for another algorithm": lambda: Signer.draw("ES256").jwk(alg="ES384"),
    "a curve unknown": lambda: Signer.draw("ES256").jwk(crv="P-257"),
    "alg a list": lambda: Signer.draw("ES256").jwk(alg=["ES256"]),
    "kid a number": lambda: Signer.draw("ES256").jwk(kid=7),
    "not base64": lambda: Signer.draw("ES256").jwk(x="!!!"),
}


@pytest.mark.parametrize("name", WEAK)
def test_a_key_that_is_no_good_verifies_nothing_and_harms_no_other(
    instance: Instance, signer: Signer, name: str
) -> None:
    weak = WEAK[name]()
    client_id = name.replace(" ", "-").replace(",", "-")
    proving.register(instance, client_id, {"keys": [weak | {"kid": "weak"}, signer.jwk()]})
    refused = signer.sign(signer.claims(client_id, ISSUER), kid="weak", alg=weak.get("alg"))
    assert problem(proving.send(instance, refused)) == (401, "invalid_client")
    assert proving.send(instance, signer.sign(signer.claims(client_id, ISSUER))).status_code == 200
