"""T21, T22 and R9: a client proves itself by a JWT that it signed, and by nothing else."""

import hmac
import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization

from throwaway.instance import Instance, problem
from throwaway.registration import RegisteredClient
from throwaway.server import ISSUER
from throwaway.signer import Signer, encode


KIND = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@pytest.fixture(scope="module")
def signer() -> Signer:
    return Signer.draw("ES256")


@pytest.fixture(scope="module")
def rsa() -> Signer:
    return Signer.draw("RS256")


@pytest.fixture(scope="module")
def robot(instance: Instance, signer: Signer) -> RegisteredClient:
    return register(instance, "robot", signer.jwks())


def register(instance: Instance, client_id: str, jwks: dict[str, Any]) -> RegisteredClient:
    return instance.apply_client(
        client_id, auth_method="private_key_jwt", secret_sha256=[], jwks=jwks
    )


def send(instance: Instance, assertion: str, path: str = "/token", **form: str) -> httpx.Response:
    default = {"grant_type": "client_credentials"} if path == "/token" else {"token": "unknown"}
    proof = {"client_assertion_type": KIND, "client_assertion": assertion}
    return instance.http.post(path, data=default | proof | form)


@pytest.mark.parametrize("alg", ["ES256", "EdDSA", "PS256", "RS256"])
def test_each_algorithm_of_a_registered_key_proves_its_client(instance: Instance, alg: str) -> None:
    signer = Signer.draw(alg)
    client = register(instance, f"robot-{alg.lower()}", signer.jwks())
    answer = send(instance, signer.sign(signer.claims(client.client_id, ISSUER)))
    assert answer.status_code == 200
    claims = jwt.decode(answer.json()["access_token"], options={"verify_signature": False})
    assert claims["client_id"] == client.client_id


@pytest.mark.parametrize(
    "audience",
    [ISSUER, f"{ISSUER}/token", [ISSUER], [ISSUER, f"{ISSUER}/token"]],
    ids=["issuer", "token endpoint", "list", "both"],
)
def test_the_audience_is_the_issuer_or_the_token_endpoint(
    instance: Instance, robot: RegisteredClient, signer: Signer, audience: object
) -> None:
    assert send(instance, signer.sign(signer.claims("robot", audience))).status_code == 200


@pytest.mark.parametrize("path", ["/token", "/introspect", "/revoke"])
def test_an_assertion_counts_at_every_endpoint_for_clients(
    instance: Instance, robot: RegisteredClient, signer: Signer, path: str
) -> None:
    answer = send(instance, signer.sign(signer.claims("robot", ISSUER)), path, client_id="robot")
    assert answer.status_code == 200


def test_a_key_need_not_be_named(instance: Instance, signer: Signer) -> None:
    register(instance, "nameless", signer.jwks(kid=None, alg=None, use=None))
    assertion = signer.sign(signer.claims("nameless", ISSUER), kid=None, typ=None)
    assert send(instance, assertion).status_code == 200


def test_the_whole_way_to_a_refresh_goes_by_assertions(
    instance: Instance, robot: RegisteredClient, signer: Signer
) -> None:
    def prove() -> dict[str, str]:
        assertion = signer.sign(signer.claims("robot", ISSUER))
        return {"client_assertion_type": KIND, "client_assertion": assertion}

    first = instance.http.post(
        "/token",
        data=prove()
        | {
            "grant_type": "authorization_code",
            "code": instance.code(robot),
            "redirect_uri": robot.redirect_uri,
            "code_verifier": "a-code-verifier-that-is-long-enough-for-rfc-7636",
        },
    )
    assert first.status_code == 200, first.text
    refresh = {"grant_type": "refresh_token", "refresh_token": first.json()["refresh_token"]}
    assert instance.http.post("/token", data=prove() | refresh).status_code == 200


def test_an_assertion_is_good_once_at_whichever_endpoint(
    instance: Instance, robot: RegisteredClient, signer: Signer
) -> None:
    assertion = signer.sign(signer.claims("robot", ISSUER))
    assert send(instance, assertion).status_code == 200
    for path in ("/token", "/introspect", "/revoke"):
        assert problem(send(instance, assertion, path)) == (401, "invalid_client")


def test_a_jti_is_used_up_by_its_client_and_no_other(
    instance: Instance, robot: RegisteredClient, signer: Signer, rsa: Signer
) -> None:
    register(instance, "other-robot", rsa.jwks())
    first = signer.sign(signer.claims("robot", ISSUER, jti="the same"))
    second = rsa.sign(rsa.claims("other-robot", ISSUER, jti="the same"))
    assert [send(instance, each).status_code for each in (first, second)] == [200, 200]


def test_a_refused_assertion_uses_nothing_up(
    instance: Instance, robot: RegisteredClient, signer: Signer
) -> None:
    claims = signer.claims("robot", ISSUER, jti="kept")
    forged = Signer.draw("ES256").sign(claims, kid=signer.kid)
    assert problem(send(instance, forged)) == (401, "invalid_client")
    assert send(instance, signer.sign(claims)).status_code == 200


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
    "exp far": lambda: {"exp": soon(3600)},
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
    answer = send(instance, signer.sign(claims), client_id="robot")
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
    answer = send(instance, signer.sign(signer.claims("robot", ISSUER), **header))
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
    answer = send(instance, signer.sign(content), client_id="robot")
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
    answer = send(instance, assertion, client_id="robot")
    assert problem(answer) == (401, "invalid_client")


def test_a_public_key_is_no_shared_secret(instance: Instance, rsa: Signer) -> None:
    register(instance, "rsa-robot", rsa.jwks(alg=None))
    pem = rsa.private.public_key().public_bytes(
        encoding=serialization.Encoding.PEM,
        format=serialization.PublicFormat.SubjectPublicKeyInfo,
    )
    head = encode(json.dumps({"alg": "HS256", "kid": rsa.kid}).encode())
    body = encode(json.dumps(rsa.claims("rsa-robot", ISSUER)).encode())
    mac = hmac.digest(pem, f"{head}.{body}".encode(), "sha256")
    assert problem(send(instance, f"{head}.{body}.{encode(mac)}")) == (401, "invalid_client")


@pytest.mark.parametrize(("size", "status"), [(13_000, 400), (100_000, 413)])
def test_an_assertion_of_more_than_16_kb_is_refused_unread(
    instance: Instance, robot: RegisteredClient, signer: Signer, size: int, status: int
) -> None:
    assertion = signer.sign(signer.claims("robot", ISSUER, padding="x" * size))
    assert problem(send(instance, assertion)) == (status, "invalid_request")


def test_every_client_that_proves_nothing_gets_the_same_answer(
    instance: Instance, robot: RegisteredClient, signer: Signer
) -> None:
    forger = Signer.draw("ES256")
    instance.apply_client(
        "sleeping",
        auth_method="private_key_jwt",
        secret_sha256=[],
        jwks=signer.jwks(),
        enabled=False,
    )
    answers = [
        send(instance, forger.sign(forger.claims("robot", ISSUER), kid=signer.kid)),
        send(instance, forger.sign(forger.claims("nobody", ISSUER))),
        send(instance, forger.sign(forger.claims("shop", ISSUER))),
        send(instance, signer.sign(signer.claims("sleeping", ISSUER))),
        send(instance, signer.sign(signer.claims("x" * 300, ISSUER))),
    ]
    assert {problem(answer) for answer in answers} == {(401, "invalid_client")}
    assert len({answer.content for answer in answers}) == 1


def test_a_client_of_assertions_proves_nothing_by_a_secret_or_by_its_name(
    instance: Instance, robot: RegisteredClient
) -> None:
    grant = {"grant_type": "client_credentials"}
    for form in ({"client_id": "robot"}, {"client_id": "robot", "client_secret": ""}):
        assert problem(instance.http.post("/token", data=grant | form)) == (401, "invalid_client")
    for secret in ("", "x"):
        answer = instance.http.post("/token", auth=("robot", secret), data=grant)
        assert problem(answer) == (401, "invalid_client")


@pytest.mark.parametrize(
    "kind",
    [
        "urn:ietf:params:oauth:client-assertion-type:saml2-bearer",
        "jwt-bearer",
        KIND.upper(),
    ],
)
def test_an_assertion_of_another_type_proves_nothing(
    instance: Instance, robot: RegisteredClient, signer: Signer, kind: str
) -> None:
    assertion = signer.sign(signer.claims("robot", ISSUER))
    answer = send(instance, assertion, client_assertion_type=kind)
    assert problem(answer) == (401, "invalid_client")


def test_an_assertion_beside_another_method_is_an_invalid_request(
    instance: Instance, robot: RegisteredClient, signer: Signer
) -> None:
    assertion = signer.sign(signer.claims("robot", ISSUER))
    assert problem(send(instance, assertion, client_secret="x")) == (400, "invalid_request")
    proof = {"client_assertion_type": KIND, "client_assertion": assertion}
    answer = instance.http.post(
        "/token", auth=("robot", "x"), data={"grant_type": "client_credentials"} | proof
    )
    assert problem(answer) == (400, "invalid_request")
    assert send(instance, assertion).status_code == 200


def test_client_id_must_be_whom_the_assertion_speaks_of(
    instance: Instance, robot: RegisteredClient, signer: Signer
) -> None:
    assertion = signer.sign(signer.claims("robot", ISSUER))
    assert problem(send(instance, assertion, client_id="shop")) == (401, "invalid_client")
    assert send(instance, assertion, client_id="robot").status_code == 200


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
    "not base64": lambda: Signer.draw("ES256").jwk(x="!!!"),
}


@pytest.mark.parametrize("name", WEAK)
def test_a_key_that_is_no_good_verifies_nothing_and_harms_no_other(
    instance: Instance, signer: Signer, name: str
) -> None:
    weak = WEAK[name]()
    client_id = name.replace(" ", "-").replace(",", "-")
    register(instance, client_id, {"keys": [weak | {"kid": "weak"}, signer.jwk()]})
    refused = signer.sign(signer.claims(client_id, ISSUER), kid="weak", alg=weak.get("alg"))
    assert problem(send(instance, refused)) == (401, "invalid_client")
    assert send(instance, signer.sign(signer.claims(client_id, ISSUER))).status_code == 200


def test_fifty_at_once_of_one_assertion_are_one(
    instance: Instance, robot: RegisteredClient, signer: Signer
) -> None:
    assertion = signer.sign(signer.claims("robot", ISSUER))
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: send(instance, assertion).status_code, range(50)))
    assert sorted(answers) == [200] + [401] * 49


def test_metadata_names_the_method_and_its_algorithms(instance: Instance) -> None:
    told = instance.http.get("/.well-known/oauth-authorization-server").json()
    for endpoint in ("token", "introspection", "revocation"):
        assert "private_key_jwt" in told[f"{endpoint}_endpoint_auth_methods_supported"]
        algorithms = told[f"{endpoint}_endpoint_auth_signing_alg_values_supported"]
        assert algorithms == ["ES256", "EdDSA", "PS256", "RS256"]
