"""What the token endpoint does after each edit of a client or a scope, until their end."""

import dataclasses
from typing import Any

import pytest
from tests.e2e import external, kube as kubes
from tests.e2e.instance import REDIRECT_URI, SCOPES, Application, Instance
from tests.e2e.kube import Object
from tests.e2e.registrations import MACHINE, SOON, answers, asked, client, scope


RESYNC = 75.0
"""Seconds until an edit of a Secret of somebody else's is noticed."""
OWN = "a-client-secret-of-ones-own"
OTHER = "another-client-secret-of-ones-own"
PEOPLE = {
    "grantTypes": ["authorization_code", "refresh_token"],
    "redirectUris": [REDIRECT_URI],
    "scopes": ["profile", *SCOPES],
}


@pytest.fixture(scope="module")
def made(instance: Instance) -> Instance:
    """The clients of the tests below, one for each kind of edit."""
    place = instance.namespace
    instance.kube.apply(
        external.secret(place, "own", password=OWN),
        external.secret(place, "watched", password=OWN),
        client("given", {**MACHINE, **existing("watched")}, place),
        *(
            client(name, MACHINE, place)
            for name in ("edited", "switched", "renamed", "exchanged", "disabled", "orphaned")
        ),
        *(client(name, PEOPLE, place) for name in ("shop", "leaving")),
        client("app", {**PEOPLE, "type": "Public"}, place),
    )
    instance.kube.wait_ready(place)
    # Nobody watches it: the last of the edits is looked at last.
    instance.kube.apply(external.secret(place, "watched", password=OTHER))
    return instance


def existing(name: str) -> dict[str, Any]:
    """A client secret of one's own."""
    return {"auth": {"secret": {"source": "Existing", "ref": {"name": name, "key": "password"}}}}


def edit(instance: Instance, name: str, **spec: Any) -> None:
    """Merge a change into a client's spec and wait until it was judged."""
    kube, place = instance.kube, instance.namespace
    kube.patch("authlyclient", name, place, {"spec": spec})
    kube.wait_for("authlyclient", name, place, kubes.is_ready, SOON)


def test_edited_scopes_are_what_tokens_carry(made: Instance) -> None:
    edited = made.application("edited")
    answers(made, edited, (400, "invalid_scope"), scope="orders:write")
    edit(made, "edited", scopes=["orders:write"])
    answers(made, edited, (200, "orders:write"), scope="orders:write")
    answers(made, edited, (400, "invalid_scope"), scope="orders:read")
    edit(made, "edited", scopes=["orders:read"])


def test_an_edited_lifetime_is_that_of_the_next_token(made: Instance) -> None:
    edited = made.application("edited")
    assert asked(made, edited)[1]["expires_in"] == 1800
    edit(made, "edited", tokens={"accessTokenTTL": "90s"})
    made.kube.wait_until("90 s", lambda: asked(made, edited)[1]["expires_in"] == 90, SOON)
    edit(made, "edited", tokens={"accessTokenTTL": None})
    made.kube.wait_until("30 min", lambda: asked(made, edited)[1]["expires_in"] == 1800, SOON)


def test_edited_grant_types_open_and_close_grants(made: Instance) -> None:
    edited = made.application("edited")
    edit(made, "edited", **PEOPLE)
    answers(made, edited, (400, "unauthorized_client"))
    code = made.authorize(edited)
    assert asked(made, edited, **code)[0] == 200
    edit(made, "edited", **MACHINE, redirectUris=None)
    answers(made, edited, (200, "orders:read"), scope="orders:read")
    assert asked(made, edited, **code)[1]["error"] == "unauthorized_client"


def test_a_client_that_is_switched_off_gets_nothing_until_it_is_switched_on(made: Instance) -> None:
    switched = made.application("switched")
    edit(made, "switched", enabled=False)
    answers(made, switched, (401, "invalid_client"))
    edit(made, "switched", enabled=True)
    answers(made, switched, (200, "orders:read"), scope="orders:read")


def test_an_edited_redirect_uri_is_the_only_one_from_then_on(made: Instance) -> None:
    moved = dataclasses.replace(made.application("shop"), redirect_uri=f"{REDIRECT_URI}/moved")
    edit(made, "shop", redirectUris=[moved.redirect_uri])
    made.kube.wait_until("the new URI", lambda: _is_taken(made, moved), SOON)
    assert asked(made, moved, **made.authorize(moved))[0] == 200
    assert not _is_taken(made, dataclasses.replace(moved, redirect_uri=REDIRECT_URI))


def _is_taken(instance: Instance, client: Application) -> bool:
    """Whether an authorization request is not refused on the spot."""
    query = {
        "response_type": "code",
        "client_id": client.client_id,
        "redirect_uri": client.redirect_uri,
        "scope": client.scope,
        "code_challenge": "0" * 43,
        "code_challenge_method": "S256",
    }
    with instance.http() as http:
        return http.get("/authorize", params=query).status_code < 400


def test_a_public_client_signs_people_in_without_a_secret(made: Instance) -> None:
    app = made.application("app")
    assert app.client_secret == ""
    status, tokens = asked(made, app, **made.authorize(app))
    assert status == 200
    again = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    assert asked(made, app, **again)[0] == 200
    wrong = dataclasses.replace(app, client_secret="made-up")
    assert asked(made, wrong, **again)[0] == 401


def test_a_renamed_secret_keeps_its_values_and_leaves_none_behind(made: Instance) -> None:
    kube, place = made.kube, made.namespace
    renamed = made.application("renamed")
    edit(made, "renamed", secretTemplate={"name": "credentials-of-renamed"})
    data = kube.secret("credentials-of-renamed", place)
    assert (data["client_id"], data["client_secret"]) == renamed.basic
    answers(made, renamed, (200, "orders:read"), scope="orders:read")
    told = kube.get("authlyclient", "renamed", place)["status"]
    assert told["secretRef"] == {"name": "credentials-of-renamed"}
    kube.wait_until(
        "the former Secret to go", lambda: kube.find("secret", "renamed-oauth", place) is None, SOON
    )


def test_edited_labels_of_the_template_come_and_go(made: Instance) -> None:
    kube, place = made.kube, made.namespace

    def labels() -> Object:
        found: Object = kube.get("secret", "edited-oauth", place)["metadata"]["labels"]
        return found

    edit(made, "edited", secretTemplate={"labels": {"team": "orders"}})
    assert labels()["team"] == "orders"
    edit(made, "edited", secretTemplate={"labels": {"team": None}})
    assert "team" not in labels()


def test_a_secret_of_one_s_own_takes_the_place_of_a_generated_one(made: Instance) -> None:
    generated = made.application("exchanged")
    edit(made, "exchanged", **existing("own"))
    own = made.application("exchanged")
    assert own.client_secret == OWN
    answers(made, own, (200, "orders:read"), scope="orders:read")
    answers(made, generated, (200, "orders:read"), scope="orders:read")  # for the overlap
    edit(made, "exchanged", rotation={"overlap": "0s"})
    answers(made, generated, (401, "invalid_client"))


def test_a_deleted_client_is_refused_with_all_that_it_was_given(made: Instance) -> None:
    kube, place = made.kube, made.namespace
    leaving = made.application("leaving")
    code = made.authorize(leaving)
    status, tokens = asked(made, leaving, **made.authorize(leaving))
    assert status == 200
    assert userinfo(made, tokens["access_token"]) == 200
    kube.delete("authlyclient", "leaving", place)
    assert kube.find("secret", "leaving-oauth", place) is None
    answers(made, leaving, (401, "invalid_client"))
    assert asked(made, leaving, **code)[1]["error"] == "invalid_client"
    again = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    assert asked(made, leaving, **again)[1]["error"] == "invalid_client"
    assert userinfo(made, tokens["access_token"]) == 401
    kube.apply(client("leaving", PEOPLE, place))
    kube.wait_for("authlyclient", "leaving", place, kubes.is_ready, SOON)
    anew = made.application("leaving")
    assert anew.client_secret != leaving.client_secret
    answers(made, anew, (400, "invalid_grant"), **again)
    assert asked(made, anew, **code)[1]["error"] == "invalid_grant"


def userinfo(instance: Instance, token: str) -> int:
    """The status of the answer to an access token."""
    with instance.http() as http:
        return http.get("/userinfo", headers={"Authorization": f"Bearer {token}"}).status_code


def test_a_client_that_is_kept_disabled_is_refused_until_it_is_created_again(
    made: Instance,
) -> None:
    kube, place = made.kube, made.namespace
    disabled = made.application("disabled")
    kube.patch("authlyclient", "disabled", place, {"spec": {"deletionPolicy": "Disable"}})
    kube.delete("authlyclient", "disabled", place)
    answers(made, disabled, (401, "invalid_client"))
    kube.apply(client("disabled", MACHINE, place))
    kube.wait_for("authlyclient", "disabled", place, kubes.is_ready, SOON)
    answers(made, made.application("disabled"), (200, "orders:read"), scope="orders:read")


def test_an_orphaned_client_goes_on_and_is_taken_up_again_with_its_secret(made: Instance) -> None:
    kube, place = made.kube, made.namespace
    orphaned = made.application("orphaned")
    kube.patch("authlyclient", "orphaned", place, {"spec": {"deletionPolicy": "Orphan"}})
    kube.delete("authlyclient", "orphaned", place)
    answers(made, orphaned, (200, "orders:read"), scope="orders:read")
    assert made.application("orphaned") == orphaned
    kube.apply(client("orphaned", MACHINE, place))
    kube.wait_for("authlyclient", "orphaned", place, kubes.is_ready, SOON)
    assert made.application("orphaned") == orphaned
    answers(made, orphaned, (200, "orders:read"), scope="orders:read")
    kube.delete("authlyclient", "orphaned", place)
    answers(made, orphaned, (401, "invalid_client"))
    assert kube.find("secret", "orphaned-oauth", place) is None


def test_a_client_that_is_left_alone_can_be_deleted_all_the_same(made: Instance) -> None:
    kube, place = made.kube, made.namespace
    kube.run("annotate", "authlyclient", "switched", "-n", place, "authly.dev/reconcile=disabled")
    switched = made.application("switched")
    kube.delete("authlyclient", "switched", place)
    answers(made, switched, (401, "invalid_client"))


def test_a_scope_in_use_goes_when_the_last_client_lets_it_go(made: Instance) -> None:
    kube, place = made.kube, made.namespace
    kube.apply(
        scope("invoices", place), client("clerk", {**MACHINE, "scopes": ["invoices"]}, place)
    )
    kube.wait_for("authlyclient", "clerk", place, kubes.is_ready, SOON)
    kube.delete("authlyscope", "invoices", place, "--wait=false")
    told = kube.wait_for(
        "authlyscope",
        "invoices",
        place,
        lambda found: kubes.condition(found, "Ready")["reason"] == "InUse",
        SOON,
    )
    assert kubes.condition(told, "Ready")["message"] == (
        "deletion waits: scope invoices is not deleted: 1 client(s) of the server may ask for it:"
        " remove it from their spec.scopes, or set spec.deletionPolicy to Orphan"
    )
    answers(made, made.application("clerk"), (200, "invoices"), scope="invoices")
    kube.delete("authlyclient", "clerk", place)
    kube.wait_until(
        "the scope to go", lambda: kube.find("authlyscope", "invoices", place) is None, SOON
    )


def test_a_scope_that_the_server_brings_is_managed_and_released_again(made: Instance) -> None:
    kube, place = made.kube, made.namespace
    edit(made, "app", scopes=["profile", "write"])
    app = dataclasses.replace(made.application("app"), scope="")

    def default() -> set[str]:
        status, tokens = asked(made, app, **made.authorize(app))
        assert status == 200
        return {*str(tokens["scope"]).split()}

    assert default() == {"profile"}
    kube.apply(scope("write", place, isDefault=True, description="Change everything"))
    kube.wait_for("authlyscope", "write", place, kubes.is_ready, SOON)
    kube.wait_until("the new default", lambda: default() == {"profile", "write"}, SOON)
    kube.delete("authlyscope", "write", place)  # in use, and released nevertheless
    assert default() >= {"profile"}
    kube.apply(scope("write", place))
    kube.wait_for("authlyscope", "write", place, kubes.is_ready, SOON)
    kube.wait_until("the old default", lambda: default() == {"profile"}, SOON)


def test_an_edit_of_a_secret_of_one_s_own_is_noticed(made: Instance) -> None:
    client_id = f"{made.namespace}.given"
    answers(made, Application(client_id, OTHER), (200, "orders:read"), RESYNC, scope="orders:read")
    edit(made, "given", rotation={"overlap": "0s"})
    answers(made, Application(client_id, OWN), (401, "invalid_client"))
    assert made.application("given").client_secret == OTHER
