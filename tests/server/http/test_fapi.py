"""OAUTH_PROFILE=fapi2: what the FAPI 2.0 Security Profile demands of clients, by its clauses."""

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt
import pytest
from tests.server.http import possessing, proving
from tests.server.http.test_pushed_requests import visit

from throwaway.browser import VERIFIER, asking, told
from throwaway.instance import Instance, problem
from throwaway.registration import RegisteredClient
from throwaway.server import ISSUER
from throwaway.signer import Signer


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    return {
        "CACHE_TTL": "0",
        "OAUTH_PROFILE": "fapi2",
        "AUTHORIZATION_CODE_EXPIRE_MINUTES": "1",
        "DYNAMIC_REGISTRATION": "open",
    }


@pytest.fixture(scope="module")
def signer() -> Signer:
    return Signer.draw("ES256")


@pytest.fixture(scope="module")
def bank(instance: Instance, signer: Signer) -> RegisteredClient:
    """A client that does all that is demanded; `read` and `openid` are among its scopes."""
    return instance.apply_client(
        "bank",
        auth_method="private_key_jwt",
        secret_sha256=[],
        jwks=signer.jwks(),
        scopes=["openid", "read"],
    )


def assertion(signer: Signer, audience: object = ISSUER, **changes: object) -> dict[str, str]:
    signed = signer.sign(signer.claims("bank", audience, **changes))
    return {"client_assertion_type": proving.KIND, "client_assertion": signed}


def post(
    instance: Instance, path: str, signer: Signer, /, *, proof: Signer | None, **form: str
) -> httpx.Response:
    """A request of the bank's, with a DPoP proof by `proof`."""
    headers = {} if proof is None else {"DPoP": possessing.proof(proof, path)}
    return instance.http.post(path, data=assertion(signer) | form, headers=headers)


def push(instance: Instance, signer: Signer, client: RegisteredClient, **changes: Any) -> str:
    """The request_uri of a request that was pushed, bound to the signer's key."""
    form = asking(client, **{"scope": "read", "prompt": "consent"} | changes)
    answer = post(instance, "/par", signer, proof=signer, **form)
    return str(answer.raise_for_status().json()["request_uri"])


def allow(instance: Instance, signer: Signer, bank: RegisteredClient, **changes: Any) -> Any:
    """What the bank is told when a person has allowed it."""
    browser = instance.browser()
    handle = {"client_id": "bank", "request_uri": push(instance, signer, bank, **changes)}
    page = browser.sign_in(visit(browser, handle))
    answer = browser.submit(page, decision="allow")
    assert answer.status_code == 303
    return told(answer)


def tokens(instance: Instance, signer: Signer, bank: RegisteredClient, **changes: Any) -> Any:
    code = allow(instance, signer, bank, **changes)["code"]
    form = {"grant_type": "authorization_code", "code": code, "code_verifier": VERIFIER}
    form |= {"redirect_uri": bank.redirect_uri}
    answer = post(instance, "/token", signer, proof=signer, **form)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_the_whole_way_ends_in_tokens_that_are_bound(
    instance: Instance, signer: Signer, bank: RegisteredClient
) -> None:
    answer = allow(instance, signer, bank)
    assert answer["iss"] == instance.server.issuer  # 5.3.2.2, 7
    issued = tokens(instance, signer, bank)
    assert issued["token_type"] == "DPoP"  # a kind of token, not one
    claims = jwt.decode(issued["access_token"], options={"verify_signature": False})
    assert set(claims["cnf"]) == {"jkt"}


def test_a_code_lives_for_a_minute_at_most(
    instance: Instance, signer: Signer, bank: RegisteredClient
) -> None:
    allow(instance, signer, bank)
    longest = "SELECT max(expires_at - created_at) FROM authly.authorization_codes"
    assert instance.fetch(longest) <= timedelta(seconds=60)


@pytest.mark.parametrize("path", ["/token", "/par", "/introspect", "/revoke"])
def test_a_secret_proves_nobody(instance: Instance, path: str) -> None:
    """5.3.2.1, 6: said before anything is looked up, so that nothing is learnt of the client."""
    form = {"grant_type": "client_credentials", "token": "x"} | asking(instance.shop)
    expected = (401, "invalid_client")
    known = instance.http.post(path, auth=instance.shop.basic, data=form)
    unknown = instance.http.post(path, auth=("nobody", "x"), data=form | {"client_id": "nobody"})
    assert problem(known) == problem(unknown) == expected
    assert known.json() == unknown.json()
    assert "private_key_jwt" in known.json()["error_description"]
    in_form = {"client_secret": instance.shop.secret, "client_id": "shop"}
    assert problem(instance.http.post(path, data=form | in_form)) == expected


def test_a_public_client_gets_nothing(instance: Instance) -> None:
    """5.3.2.1, 3."""
    public = instance.apply_client("public", auth_method="none")
    assert problem(instance.post("/par", public, **asking(public))) == (401, "invalid_client")
    answer = instance.exchange("ac_" + "A" * 64, public)
    assert problem(answer) == (401, "invalid_client")


def test_a_request_that_was_not_pushed_is_refused(instance: Instance, bank: Any) -> None:
    """5.3.2.2, 3."""
    answer = instance.http.get("/authorize", params=asking(bank, scope="read"))
    assert told(answer)["error"] == "invalid_request"


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"redirect_uri": None}, id="without redirect_uri"),
        pytest.param({"code_challenge": None, "code_challenge_method": None}, id="without PKCE"),
        pytest.param({"code_challenge_method": "plain"}, id="plain"),
        pytest.param({"response_type": None}, id="without response_type"),
    ],
)
def test_a_pushed_request_that_lacks_something_is_refused(
    instance: Instance, signer: Signer, bank: RegisteredClient, changes: dict[str, str | None]
) -> None:
    """5.3.2.2, 1, 5 and 6."""
    form = asking(bank, **{"scope": "read", **changes})
    answer = post(instance, "/par", signer, proof=signer, **form)
    assert problem(answer) == (400, "invalid_request")


def test_no_token_is_issued_without_a_proof_of_a_key_and_the_code_stays(
    instance: Instance, signer: Signer, bank: RegisteredClient
) -> None:
    """5.3.2.1, 4."""
    code = allow(instance, signer, bank)["code"]
    form = {"grant_type": "authorization_code", "code": code, "code_verifier": VERIFIER}
    form |= {"redirect_uri": bank.redirect_uri}
    without = post(instance, "/token", signer, proof=None, **form)
    assert problem(without) == (400, "invalid_dpop_proof")
    machine = post(instance, "/token", signer, proof=None, grant_type="client_credentials")
    assert problem(machine) == (400, "invalid_dpop_proof")
    other = post(instance, "/token", signer, proof=Signer.draw("EdDSA"), **form)
    assert problem(other) == (400, "invalid_grant")  # 5.3.2.1, 12: pushed with another key
    assert post(instance, "/token", signer, proof=signer, **form).status_code == 200


@pytest.mark.parametrize(
    "audience",
    [f"{ISSUER}/token", f"{ISSUER}/par", [ISSUER], [ISSUER, f"{ISSUER}/token"]],
    ids=["token endpoint", "pushing endpoint", "list", "both"],
)
def test_an_assertion_names_the_issuer_and_nothing_else(
    instance: Instance, signer: Signer, bank: RegisteredClient, audience: object
) -> None:
    """5.3.2.1, 8."""
    form = assertion(signer, audience) | {"grant_type": "client_credentials"}
    headers = {"DPoP": possessing.proof(signer)}
    answer = instance.http.post("/token", data=form, headers=headers)
    assert problem(answer) == (401, "invalid_client")


@pytest.mark.parametrize("ahead", [0, 8])
def test_an_assertion_of_a_clock_that_is_ahead_a_little_is_accepted(
    instance: Instance, signer: Signer, bank: RegisteredClient, ahead: int
) -> None:
    """5.3.2.1, 13: up to 10 seconds have to be accepted, and more than 60 refused."""

    def answer(seconds: int) -> httpx.Response:
        now = int(signer.claims("bank", ISSUER)["iat"])  # type: ignore[call-overload]
        form = assertion(signer, iat=now + seconds, nbf=now + seconds, exp=now + seconds + 60)
        headers = {"DPoP": possessing.proof(signer, iat=now + seconds)}
        form |= {"grant_type": "client_credentials", "scope": "read"}
        return instance.http.post("/token", data=form, headers=headers)

    assert answer(ahead).status_code == 200
    assert answer(62 + ahead).status_code == 401


def test_rsa_with_pkcs1_padding_signs_neither_assertions_nor_proofs(
    instance: Instance, signer: Signer, bank: RegisteredClient
) -> None:
    """5.4.1."""
    weak, strong = Signer.draw("RS256"), Signer.draw("PS256")
    for key, status in ((weak, 401), (strong, 200)):
        name = f"rsa-{key.alg.lower()}"
        proving.register(instance, name, key.jwks(alg=None))
        form = {
            "client_assertion_type": proving.KIND,
            "client_assertion": key.sign(key.claims(name, ISSUER)),
            "grant_type": "client_credentials",
        }
        headers = {"DPoP": possessing.proof(signer)}
        assert instance.http.post("/token", data=form, headers=headers).status_code == status
    answer = post(instance, "/token", signer, proof=weak, grant_type="client_credentials")
    assert problem(answer) == (400, "invalid_dpop_proof")


def test_a_refresh_token_stays_and_is_its_clients_alone(
    instance: Instance, signer: Signer, bank: RegisteredClient
) -> None:
    """5.3.2.1, 9: no rotation."""
    issued = tokens(instance, signer, bank)
    form = {"grant_type": "refresh_token", "refresh_token": issued["refresh_token"]}
    answers = [post(instance, "/token", signer, proof=signer, **form).json() for _ in range(3)]
    assert {answer["refresh_token"] for answer in answers} == {issued["refresh_token"]}
    assert len({answer["access_token"] for answer in answers}) == 3
    assert problem(post(instance, "/token", signer, proof=None, **form)) == (
        400,
        "invalid_dpop_proof",
    )
    expired = "UPDATE authly.tokens SET expires_at = now() WHERE token_type = 'refresh'"
    instance.execute(expired)
    refused = post(instance, "/token", signer, proof=signer, **form)
    assert problem(refused) == (400, "invalid_grant")


def test_a_revoked_grant_is_not_refreshed(
    instance: Instance, signer: Signer, bank: RegisteredClient
) -> None:
    issued = tokens(instance, signer, bank)
    post(instance, "/revoke", signer, proof=None, token=issued["refresh_token"]).raise_for_status()
    form = {"grant_type": "refresh_token", "refresh_token": issued["refresh_token"]}
    refused = post(instance, "/token", signer, proof=signer, **form)
    assert problem(refused) == (400, "invalid_grant")


def test_id_tokens_are_not_signed_by_rs256_although_there_is_such_a_key(
    instance: Instance, signer: Signer, bank: RegisteredClient
) -> None:
    """5.4.1, where OpenID Connect would have RS256 as the default."""
    algorithms = {key["alg"] for key in instance.http.get("/jwks").json()["keys"]}
    assert "RS256" in algorithms
    issued = tokens(instance, signer, bank, scope="openid read")
    assert jwt.get_unverified_header(issued["id_token"])["alg"] == "ES256"


def test_the_metadata_promises_nothing_else(instance: Instance) -> None:
    """5.3.2.1, 1."""
    told = instance.http.get("/.well-known/openid-configuration").json()
    assert told["require_pushed_authorization_requests"] is True
    assert told["code_challenge_methods_supported"] == ["S256"]
    assert told["authorization_response_iss_parameter_supported"] is True
    for endpoint in ("token", "introspection", "revocation"):
        assert told[f"{endpoint}_endpoint_auth_methods_supported"] == ["private_key_jwt"]
        name = f"{endpoint}_endpoint_auth_signing_alg_values_supported"
        assert told[name] == ["ES256", "EdDSA", "PS256"]
    assert told["dpop_signing_alg_values_supported"] == ["ES256", "EdDSA", "PS256"]
    assert told["id_token_signing_alg_values_supported"] == ["ES256"]


def test_whoever_registers_proves_itself_by_a_key_or_not_at_all(
    instance: Instance, signer: Signer
) -> None:
    asked = {"redirect_uris": ["https://new.example/callback"], "jwks": signer.jwks()}
    for method in ("client_secret_basic", "client_secret_post", "none"):
        answer = instance.http.post(
            "/register", json=asked | {"token_endpoint_auth_method": method}
        )
        assert problem(answer) == (400, "invalid_client_metadata")
    answer = instance.http.post("/register", json=asked).raise_for_status().json()
    assert answer["token_endpoint_auth_method"] == "private_key_jwt"
    assert "client_secret" not in answer


def test_redirects_are_by_303(instance: Instance, signer: Signer, bank: RegisteredClient) -> None:
    """5.3.2.2, 10 and 11."""
    request_uri = push(instance, signer, bank)
    sent = {"client_id": "bank", "request_uri": request_uri}
    answer = instance.browser().client.get("/authorize", params=sent)
    assert answer.status_code == 303
    assert "code" not in parse_qs(urlsplit(answer.headers["Location"]).query)
