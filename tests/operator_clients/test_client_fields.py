"""Fields of an AuthlyClient, set and removed again, by what the server then does."""

import json
import time
import uuid
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from tests.operator_clients.landscape import ASSERTION, Landscape, answer, condition, is_ready


pytestmark = pytest.mark.control_plane
HOME = "https://shop.example/callback"
PEOPLE: dict[str, Any] = {
    "grantTypes": ["authorization_code", "refresh_token"],
    "redirectUris": [HOME],
}


def assertion(land: Landscape, client_id: str, key: ec.EllipticCurvePrivateKey) -> dict[str, str]:
    """What a client proves itself with instead of a secret."""
    now = int(time.time())
    claims = {
        "iss": client_id,
        "sub": client_id,
        "aud": land.database.instance.server.issuer,
        "iat": now,
        "exp": now + 60,
        "jti": uuid.uuid4().hex,
    }
    signed = jwt.encode(claims, key, algorithm="ES256")
    return {"client_assertion_type": ASSERTION, "client_assertion": signed}


def public(key: ec.EllipticCurvePrivateKey) -> str:
    """The JWK set of one key."""
    return json.dumps({"keys": [json.loads(jwt.algorithms.ECAlgorithm.to_jwk(key.public_key()))]})


async def test_a_client_with_keys_of_its_own_gets_tokens_without_any_secret(
    land: Landscape,
) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    auth = {"method": "PrivateKeyJwt", "privateKeyJwt": {"jwks": public(key)}}
    made = await land.client("shop", auth=auth)
    assert is_ready(made), made["status"]
    data = await land.data("shop-oauth")
    assert "client_secret" not in data
    http, form = land.database.instance.http, {"grant_type": "client_credentials"}
    client_id = data["client_id"]
    proved = http.post("/token", data=form | assertion(land, client_id, key))
    assert answer(proved)[0] == 200
    other = ec.generate_private_key(ec.SECP256R1())
    refused = http.post("/token", data=form | assertion(land, client_id, other))
    assert answer(refused)[1]["error"] == "invalid_client"
    back = await land.edit("shop", auth=None)
    assert is_ready(back), back["status"]
    assert await land.works("shop")
    again = http.post("/token", data=form | assertion(land, client_id, key))
    assert answer(again)[1]["error"] == "invalid_client"


async def test_a_client_bound_to_keys_gets_no_token_without_a_proof(land: Landscape) -> None:
    made = await land.client("shop", dpopBound=True)
    assert is_ready(made), made["status"]
    data = await land.data("shop-oauth")
    identity = data["client_id"], data["client_secret"]
    assert land.token(*identity)[1]["error"] == "invalid_dpop_proof"
    await land.edit("shop", dpopBound=None)
    assert land.token(*identity)[0] == 200


async def test_a_client_that_has_to_push_is_refused_what_it_did_not_push(land: Landscape) -> None:
    await land.client("shop", **PEOPLE, requirePushedAuthorization=True)

    def error() -> bool:
        query = {
            "response_type": "code",
            "client_id": f"{land.place}.shop",
            "redirect_uri": HOME,
            "scope": "read",
            "code_challenge": "0" * 43,
            "code_challenge_method": "S256",
        }
        asked = land.database.instance.http.get("/authorize", params=query)
        return "error=invalid_request" in asked.headers.get("Location", "")

    assert error()
    await land.edit("shop", requirePushedAuthorization=None)
    assert not error()


async def test_scripts_of_the_clients_origins_may_read_its_answers(land: Landscape) -> None:
    origin, other = "https://app.example.com", "https://other.example.com"
    await land.client("shop", allowedCorsOrigins=[origin])
    data = await land.data("shop-oauth")

    def allowed(origin: str = origin) -> str | None:
        told: str | None = land.database.instance.http.post(
            "/token",
            auth=(data["client_id"], data["client_secret"]),
            data={"grant_type": "client_credentials"},
            headers={"Origin": origin},
        ).headers.get("Access-Control-Allow-Origin")
        return told

    assert [allowed(), allowed(other)] == [origin, None]
    await land.edit("shop", allowedCorsOrigins=[other])
    assert [allowed(), allowed(other)] == [None, other]
    await land.edit("shop", allowedCorsOrigins=None)
    assert allowed(other) is None
    assert allowed() is None


async def test_a_logo_which_no_page_shows_is_registered_as_the_resource_says(
    land: Landscape,
) -> None:
    logo, other = "https://shop.example/logo.png", "https://shop.example/other.png"
    made = await land.client("shop", **PEOPLE, metadata={"logoUri": logo})
    assert is_ready(made), made["status"]
    row = "SELECT logo_uri FROM authly.clients WHERE client_id = %s"
    name = f"{land.place}.shop"
    assert land.database.fetch(row, name) == logo
    await land.edit("shop", metadata={"logoUri": other})
    assert land.database.fetch(row, name) == other
    await land.edit("shop", metadata=None)
    assert land.database.fetch(row, name) is None


async def test_a_missing_reference_is_an_error_and_never_a_random_secret(land: Landscape) -> None:
    auth = {"secret": {"source": "Existing", "ref": {"name": "absent", "key": "password"}}}
    made = await land.client("shop", auth=auth)
    assert condition(made, "Ready")[:2] == ("False", "SecretNotFound")
    assert await land.data("shop-oauth") == {}
    await land.secret("absent", land.place, {"password": "of one's own"})
    assert is_ready(await land.tell("AuthlyClient", "shop"))
    assert await land.works("shop", "of one's own")
