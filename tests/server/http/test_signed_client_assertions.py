"""T21 and T22: a client proves itself by a JWT that it signed, once, and by nothing else."""

from concurrent.futures import ThreadPoolExecutor

import jwt
import pytest
from tests.server.http import proving

from throwaway.browser import asking
from throwaway.instance import Instance, problem
from throwaway.registration import RegisteredClient
from throwaway.server import ISSUER
from throwaway.signer import Signer


@pytest.fixture(scope="module")
def signer() -> Signer:
    return Signer.draw("ES256")


@pytest.fixture(scope="module")
def rsa() -> Signer:
    return Signer.draw("RS256")


@pytest.fixture(scope="module")
def robot(instance: Instance, signer: Signer) -> RegisteredClient:
    return proving.register(instance, "robot", signer.jwks())


@pytest.mark.parametrize("alg", ["ES256", "EdDSA", "PS256", "RS256"])
def test_each_algorithm_of_a_registered_key_proves_its_client(instance: Instance, alg: str) -> None:
    signer = Signer.draw(alg)
    client = proving.register(instance, f"robot-{alg.lower()}", signer.jwks())
    answer = proving.send(instance, signer.sign(signer.claims(client.client_id, ISSUER)))
    assert answer.status_code == 200
    claims = jwt.decode(answer.json()["access_token"], options={"verify_signature": False})
    assert claims["client_id"] == client.client_id


@pytest.mark.parametrize(
    "audience",
    [ISSUER, f"{ISSUER}/token", f"{ISSUER}/par", [ISSUER], [ISSUER, f"{ISSUER}/token"]],
    ids=["issuer", "token endpoint", "pushing endpoint", "list", "both"],
)
def test_the_audience_is_the_issuer_or_an_endpoint_of_clients(
    instance: Instance, robot: RegisteredClient, signer: Signer, audience: object
) -> None:
    assert proving.send(instance, signer.sign(signer.claims("robot", audience))).status_code == 200


@pytest.mark.parametrize("path", ["/token", "/introspect", "/revoke"])
def test_an_assertion_counts_at_every_endpoint_for_clients(
    instance: Instance, robot: RegisteredClient, signer: Signer, path: str
) -> None:
    answer = proving.send(
        instance, signer.sign(signer.claims("robot", ISSUER)), path, client_id="robot"
    )
    assert answer.status_code == 200


def test_a_jti_that_was_used_to_push_is_used_up(
    instance: Instance, robot: RegisteredClient, signer: Signer
) -> None:
    assertion = signer.sign(signer.claims("robot", ISSUER))
    form = asking(robot) | {
        "client_assertion_type": proving.KIND,
        "client_assertion": assertion,
    }
    assert instance.http.post("/par", data=form).status_code == 201
    assert problem(proving.send(instance, assertion)) == (401, "invalid_client")


def test_a_key_need_not_be_named(instance: Instance, signer: Signer) -> None:
    proving.register(instance, "nameless", signer.jwks(kid=None, alg=None, use=None))
    assertion = signer.sign(signer.claims("nameless", ISSUER), kid=None, typ=None)
    assert proving.send(instance, assertion).status_code == 200


def test_the_whole_way_to_a_refresh_goes_by_assertions(
    instance: Instance, robot: RegisteredClient, signer: Signer
) -> None:
    def prove() -> dict[str, str]:
        assertion = signer.sign(signer.claims("robot", ISSUER))
        return {"client_assertion_type": proving.KIND, "client_assertion": assertion}

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
    assert proving.send(instance, assertion).status_code == 200
    for path in ("/token", "/introspect", "/revoke"):
        assert problem(proving.send(instance, assertion, path)) == (401, "invalid_client")


def test_a_jti_is_used_up_by_its_client_and_no_other(
    instance: Instance, robot: RegisteredClient, signer: Signer, rsa: Signer
) -> None:
    proving.register(instance, "other-robot", rsa.jwks())
    first = signer.sign(signer.claims("robot", ISSUER, jti="the same"))
    second = rsa.sign(rsa.claims("other-robot", ISSUER, jti="the same"))
    assert [proving.send(instance, each).status_code for each in (first, second)] == [200, 200]


def test_a_refused_assertion_uses_nothing_up(
    instance: Instance, robot: RegisteredClient, signer: Signer
) -> None:
    claims = signer.claims("robot", ISSUER, jti="kept")
    forged = Signer.draw("ES256").sign(claims, kid=signer.kid)
    assert problem(proving.send(instance, forged)) == (401, "invalid_client")
    assert proving.send(instance, signer.sign(claims)).status_code == 200


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
        proving.send(instance, forger.sign(forger.claims("robot", ISSUER), kid=signer.kid)),
        proving.send(instance, forger.sign(forger.claims("nobody", ISSUER))),
        proving.send(instance, forger.sign(forger.claims("shop", ISSUER))),
        proving.send(instance, signer.sign(signer.claims("sleeping", ISSUER))),
        proving.send(instance, signer.sign(signer.claims("x" * 300, ISSUER))),
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
        proving.KIND.upper(),
    ],
)
def test_an_assertion_of_another_type_proves_nothing(
    instance: Instance, robot: RegisteredClient, signer: Signer, kind: str
) -> None:
    assertion = signer.sign(signer.claims("robot", ISSUER))
    answer = proving.send(instance, assertion, client_assertion_type=kind)
    assert problem(answer) == (401, "invalid_client")


def test_an_assertion_beside_another_method_is_an_invalid_request(
    instance: Instance, robot: RegisteredClient, signer: Signer
) -> None:
    assertion = signer.sign(signer.claims("robot", ISSUER))
    assert problem(proving.send(instance, assertion, client_secret="x")) == (400, "invalid_request")
    proof = {"client_assertion_type": proving.KIND, "client_assertion": assertion}
    answer = instance.http.post(
        "/token", auth=("robot", "x"), data={"grant_type": "client_credentials"} | proof
    )
    assert problem(answer) == (400, "invalid_request")
    assert proving.send(instance, assertion).status_code == 200


def test_client_id_must_be_whom_the_assertion_speaks_of(
    instance: Instance, robot: RegisteredClient, signer: Signer
) -> None:
    assertion = signer.sign(signer.claims("robot", ISSUER))
    assert problem(proving.send(instance, assertion, client_id="shop")) == (401, "invalid_client")
    assert proving.send(instance, assertion, client_id="robot").status_code == 200


def test_fifty_at_once_of_one_assertion_are_one(
    instance: Instance, robot: RegisteredClient, signer: Signer
) -> None:
    assertion = signer.sign(signer.claims("robot", ISSUER))
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: proving.send(instance, assertion).status_code, range(50)))
    assert sorted(answers) == [200] + [401] * 49


def test_metadata_names_the_method_and_its_algorithms(instance: Instance) -> None:
    told = instance.http.get("/.well-known/oauth-authorization-server").json()
    for endpoint in ("token", "introspection", "revocation"):
        assert "private_key_jwt" in told[f"{endpoint}_endpoint_auth_methods_supported"]
        algorithms = told[f"{endpoint}_endpoint_auth_signing_alg_values_supported"]
        assert algorithms == ["ES256", "EdDSA", "PS256", "RS256"]
