"""T27 and T28: the client credentials grant, which is about no person."""

import pytest

from throwaway.instance import Instance, problem


def test_a_client_gets_a_token_for_itself_and_no_refresh_token(instance: Instance) -> None:
    answer = instance.post("/token", grant_type="client_credentials", scope="read")
    told = answer.json()
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Pragma"] == "no-cache"
    assert told["scope"] == "read"
    assert told["token_type"] == "Bearer"
    assert set(told) == {"access_token", "token_type", "expires_in", "scope"}


@pytest.mark.parametrize(
    ("form", "error"),
    [
        pytest.param({"scope": "openid"}, "invalid_scope", id="openid"),
        pytest.param({"scope": "offline_access"}, "invalid_scope", id="offline_access"),
        pytest.param({"scope": "admin"}, "invalid_scope", id="not the client's"),
        pytest.param({"scope": "no-such"}, "invalid_scope", id="unknown"),
        pytest.param({"scope": 'a"b'}, "invalid_scope", id="malformed"),
        pytest.param(
            {"resource": "https://other.example"}, "invalid_target", id="unknown resource"
        ),
        pytest.param({"resource": "https://api.example#x"}, "invalid_target", id="fragment"),
    ],
)
def test_scopes_about_people_and_foreign_resources_are_refused(
    instance: Instance, form: dict[str, str], error: str
) -> None:
    people = instance.apply_client("people", scopes=["read"])
    answer = instance.post("/token", people, grant_type="client_credentials", **form)
    assert problem(answer) == (400, error)


def test_scopes_about_people_are_left_out_where_none_is_asked_for(instance: Instance) -> None:
    instance.execute(
        "INSERT INTO authly.scopes (name) VALUES ('openid'), ('offline_access')"
        " ON CONFLICT DO NOTHING"
    )
    people = instance.apply_client("people", scopes=["read", "openid", "offline_access"])
    told = instance.post("/token", people, grant_type="client_credentials").json()
    assert told["scope"] == "read"
    assert "refresh_token" not in told
    assert "id_token" not in told


def test_a_client_with_lifetimes_of_its_own_gets_them(instance: Instance) -> None:
    quick = instance.apply_client("quick", access_token_ttl=60)
    told = instance.post("/token", quick, grant_type="client_credentials").json()
    assert told["expires_in"] == 60
