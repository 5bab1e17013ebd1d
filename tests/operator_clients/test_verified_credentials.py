"""Ready is said only when the token endpoint has taken the very bytes that the Secret holds."""

from typing import Any

import pytest
from tests.operator_clients.landscape import Landscape, condition, is_ready


pytestmark = pytest.mark.control_plane
PEOPLE: dict[str, Any] = {
    "grantTypes": ["authorization_code", "refresh_token"],
    "redirectUris": ["https://shop.example/callback"],
}
TOKENS = "authly_tokens_issued_total"


def tokens(land: Landscape) -> float:
    return land.database.instance.metric(TOKENS, grant_type="client_credentials")


@pytest.mark.parametrize(
    "spec",
    [
        {},
        {"auth": {"method": "ClientSecretPost"}},
        PEOPLE,
        PEOPLE | {"auth": {"method": "ClientSecretPost"}},
        PEOPLE | {"type": "Public"},
    ],
    ids=str,
)
async def test_each_kind_of_client_is_ready_once_its_secret_was_accepted(
    land: Landscape, spec: dict[str, Any]
) -> None:
    made = await land.client("shop", **spec)
    assert is_ready(made), made["status"]
    reason = "NothingToVerify" if "type" in spec else "CredentialsAccepted"
    assert condition(made, "CredentialsVerified")[:2] == ("True", reason)


async def test_a_secret_is_verified_once_and_not_at_each_look(land: Landscape) -> None:
    before = tokens(land)
    made = await land.client("shop")
    assert tokens(land) == before + 1
    again = await land.tell("AuthlyClient", "shop")
    assert again["metadata"]["resourceVersion"] == made["metadata"]["resourceVersion"]
    assert tokens(land) == before + 1


async def test_another_secret_is_verified_anew(land: Landscape) -> None:
    made = await land.client("shop")
    patch = {"stringData": {"client_secret": "edited: by% hand"}}
    await land.api.merge("Secret", land.place, "shop-oauth", patch)
    edited = await land.tell("AuthlyClient", "shop")
    assert is_ready(edited), edited["status"]
    assert edited["status"]["verified"] != made["status"]["verified"]
    assert "edited" not in str(edited["status"])


async def test_what_the_token_endpoint_refuses_is_quoted_and_not_ready(land: Landscape) -> None:
    """As where the server answers from another database than the operator writes to."""
    land.database.execute(
        "CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " NEW.auth_method := 'client_secret_post'; RETURN NEW; END $$"
    )
    land.database.execute(
        "CREATE TRIGGER spoil BEFORE INSERT ON authly.clients FOR EACH ROW EXECUTE FUNCTION spoil()"
    )
    try:
        made = await land.client("shop")
    finally:
        land.database.execute("DROP FUNCTION spoil CASCADE")
    status, reason, message = condition(made, "CredentialsVerified")
    assert (status, reason) == ("False", "CredentialsRefused")
    assert "HTTP 401 invalid_client: client authentication failed" in message
    assert condition(made, "Ready") == (status, reason, message)
    assert is_ready(await land.tell("AuthlyClient", "shop")), "the row was put back"


async def test_a_token_endpoint_that_is_away_is_no_refusal(land: Landscape) -> None:
    made = await land.client("shop")
    assert is_ready(made)
    await land.api.merge("AuthlyServer", land.place, "main", {"spec": {"service": {"port": 1}}})
    kept = await land.tell("AuthlyClient", "shop")
    assert is_ready(kept), "these very bytes were accepted before"
    fresh = await land.client("late")
    assert condition(fresh, "CredentialsVerified")[:2] == ("False", "EndpointUnreachable")
    assert not is_ready(fresh)
