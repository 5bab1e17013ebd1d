"""C5: who has registered a client can read, change and delete it, and nobody else (RFC 7592)."""

import concurrent.futures
import json
from typing import Any

import pytest
from tests.server.http import newcomers

from throwaway.instance import Instance, problem
from throwaway.server import ISSUER


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    return {
        "CACHE_TTL": "0",
        "DYNAMIC_REGISTRATION": "open",
        "DYNAMIC_CLIENT_SCOPES": "profile,read",
        "DYNAMIC_REGISTRATIONS_PER_HOUR": "10000",
        "TRUSTED_PROXIES": "127.0.0.1/32",
    }


def test_what_is_registered_can_be_read_again_but_no_secret(instance: Instance) -> None:
    registered = newcomers.register(instance)
    answer = newcomers.manage(instance, "GET", registered)
    assert answer.status_code == 200
    kept = {k: v for k, v in registered.items() if not k.startswith("client_secret")}
    assert answer.json() == kept


def test_a_change_replaces_everything_and_the_token(instance: Instance) -> None:
    registered = newcomers.register(instance, contacts=["ada@printer.example"], scope="read")
    wanted = newcomers.metadata(client_name="Photo book", client_id=registered["client_id"])
    answer = newcomers.manage(instance, "PUT", registered, json=wanted)
    assert answer.status_code == 200, answer.text
    changed = answer.json()
    assert changed["client_name"] == "Photo book"
    assert "contacts" not in changed
    assert changed["scope"] == "profile read"
    assert changed["registration_access_token"] != registered["registration_access_token"]
    assert "client_secret" not in changed
    assert problem(newcomers.manage(instance, "GET", registered)) == (401, "invalid_token")
    assert newcomers.manage(instance, "GET", changed).status_code == 200
    assert newcomers.is_known(instance, changed | {"client_secret": registered["client_secret"]})


def test_a_client_that_needs_a_secret_now_gets_one_and_one_that_does_not_loses_it(
    instance: Instance,
) -> None:
    registered = newcomers.register(instance, token_endpoint_auth_method="none")
    own = {"client_id": registered["client_id"]}
    with_secret = newcomers.manage(
        instance, "PUT", registered, json=newcomers.metadata(**own)
    ).json()
    assert newcomers.is_known(instance, with_secret)
    wanted = newcomers.metadata(
        **own,
        client_secret=with_secret["client_secret"],
        token_endpoint_auth_method="none",
    )
    without = newcomers.manage(instance, "PUT", with_secret, json=wanted).json()
    assert newcomers.is_known(instance, without)
    assert problem(instance.refresh("x", newcomers.client_of(with_secret))) == (
        401,
        "invalid_client",
    )
    left = (
        "SELECT count(*) FROM authly.client_secrets AS secret JOIN authly.clients AS client"
        " ON client.id = secret.client_id WHERE client.client_id = %s"
    )
    assert instance.fetch(left, own["client_id"]) == 0


@pytest.mark.parametrize(
    "members",
    [
        {"client_id": None},
        {"client_id": "shop"},
        {"client_secret": "another one"},
        {"client_secret": 7},
        {"registration_access_token": "x"},
        {"registration_client_uri": "https://a.example"},
        {"client_secret_expires_at": 0},
        {"client_id_issued_at": 0},
        {"redirect_uris": []},
        {"grant_types": ["client_credentials"]},
    ],
    ids=str,
)
def test_a_change_that_breaks_a_rule_changes_nothing(
    instance: Instance, members: dict[str, Any]
) -> None:
    registered = newcomers.register(instance)
    wanted = newcomers.metadata(**{"client_id": registered["client_id"]} | members)
    status, error = problem(newcomers.manage(instance, "PUT", registered, json=wanted))
    assert status == 400
    assert error in {"invalid_client_metadata", "invalid_redirect_uri"}
    assert newcomers.manage(instance, "GET", registered).status_code == 200


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
@pytest.mark.parametrize(
    "token", ["x", "reg_" + "A" * 43, "another client's", "the secret", "of the wrong scheme", ""]
)
def test_a_wrong_token_changes_and_tells_nothing(
    instance: Instance, method: str, token: str
) -> None:
    registered, other = newcomers.register(instance), newcomers.register(instance)
    presented = {
        "another client's": other["registration_access_token"],
        "the secret": registered["client_secret"],
    }.get(token, token)
    uri = registered["registration_client_uri"].removeprefix(ISSUER)
    headers = {"Authorization": f"Bearer {presented}"} if token else {}
    if token == "of the wrong scheme":
        headers = {"Authorization": f"Basic {registered['registration_access_token']}"}
    body = (
        json.dumps(newcomers.metadata(client_id=registered["client_id"]))
        if method == "PUT"
        else None
    )
    answer = instance.http.request(
        method, uri, headers=headers | {"Content-Type": "application/json"}, content=body
    )
    assert problem(answer) == (401, "invalid_token")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer ")
    assert newcomers.is_known(instance, registered)


@pytest.mark.parametrize("client_id", ["shop", "nobody", "%00", "a%2Fb", "%C3%A4", "x" * 500])
def test_no_other_client_is_managed_here(instance: Instance, client_id: str) -> None:
    token = newcomers.register(instance)["registration_access_token"]
    answer = instance.http.get(
        f"/register/{client_id}", headers={"Authorization": f"Bearer {token}"}
    )
    assert problem(answer)[0] in {401, 404}


def test_of_changes_at_once_one_counts(instance: Instance) -> None:
    registered = newcomers.register(instance)
    wanted = newcomers.metadata(client_id=registered["client_id"])
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(
                lambda _: newcomers.manage(instance, "PUT", registered, json=wanted), range(16)
            )
        )
    assert sorted(answer.status_code for answer in answers) == [200] + [401] * 15


def test_a_deleted_client_takes_its_grants_along_and_is_unknown(instance: Instance) -> None:
    registered = newcomers.register(instance)
    client = newcomers.client_of(registered)
    tokens = instance.exchange(instance.browser().allow(client)["code"], client).json()
    answer = newcomers.manage(instance, "DELETE", registered)
    assert (answer.status_code, answer.content) == (204, b"")
    refused = instance.refresh(tokens["refresh_token"], client)
    assert problem(refused) == (401, "invalid_client")
    assert not instance.is_active(tokens["access_token"])
    for method in ("GET", "DELETE"):
        assert problem(newcomers.manage(instance, method, registered)) == (401, "invalid_token")
