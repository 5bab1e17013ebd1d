"""What an AuthlyClient's conditions say of its scopes, its row and its Secret."""

from collections.abc import Callable
from typing import Any

import pytest
from tests.operator_conditions.verdicts import Judge

from authly_operator.observed import Identity, SecretData, ServerView, Written
from authly_operator.observed_clients import SecretSeen


View = Callable[..., ServerView]
OWNER = "uid-of-client"
EXISTING = {"auth": {"secret": {"source": "Existing", "ref": {"name": "given", "key": "pass"}}}}
PUBLIC = {
    "type": "Public",
    "grantTypes": ["authorization_code"],
    "redirectUris": ["https://a.example/cb"],
}


def secret(owner: str | None = OWNER, **data: str) -> SecretSeen:
    return SecretSeen(data=SecretData(data), owner_uid=owner)


def test_a_registered_client_with_its_secret_is_ready(judge_client: Judge) -> None:
    judged = judge_client()

    assert {kind: one[:2] for kind, one in judged.items()} == {
        "Ready": ("True", "Ready"),
        "ServerResolved": ("True", "ServerFound"),
        "Accepted": ("True", "NamespaceAdmitted"),
        "ScopesResolved": ("True", "ScopesFound"),
        "Synced": ("True", "Registered"),
        "CredentialsReady": ("True", "SecretWritten"),
        "CredentialsVerified": ("True", "CredentialsAccepted"),
        "SecretRotated": ("True", "OneSecret"),
    }
    assert judged["Ready"][2] == "client auth.shop can get tokens"


def test_ready_is_never_true_after_a_failed_write_of_the_secret(judge_client: Judge) -> None:
    judged = judge_client(failures=("Secret shop-oauth: exceeded quota",))

    assert judged["Ready"] == (
        "False",
        "ApplyFailed",
        "the API server refused: Secret shop-oauth: exceeded quota",
    )


def test_unknown_scopes_are_named(judge_client: Judge) -> None:
    judged = judge_client(
        row=None, written=Written(outcome="UnknownScopes", detail=["payments", "reports"])
    )

    assert judged["ScopesResolved"][:2] == ("False", "UnknownScopes")
    assert judged["Ready"][:2] == ("False", "UnknownScopes")
    assert "AuthlyServer auth/main: payments; reports: create" in judged["Ready"][2]
    assert judged["Synced"][:2] == ("False", "UnknownScopes")


@pytest.mark.parametrize(
    ("written", "reason", "says"),
    [
        (Written(outcome="Conflict", detail="a/b"), "Conflict", "client auth.shop belongs to a/b"),
        (Written(outcome="Invalid", detail="no name"), "InvalidRegistration", "refused: no name"),
    ],
)
def test_a_client_that_is_refused_says_why_and_claims_nothing_of_its_scopes(
    judge_client: Judge, written: Written, reason: str, says: str
) -> None:
    judged = judge_client(row=None, written=written)

    assert judged["Synced"][:2] == judged["Ready"][:2] == ("False", reason)
    assert says in judged["Ready"][2]
    assert judged["ScopesResolved"][:2] == ("Unknown", reason)


def test_a_client_of_a_server_without_a_database_waits(judge_client: Judge, view: View) -> None:
    judged = judge_client(
        server=view(ready=False, database_ready=False), row=None, written=None, secret=None
    )

    assert judged["Synced"][:2] == ("False", "WaitingForServer")
    assert judged["Ready"][0] == "False"


def test_a_client_is_not_ready_before_its_server_can_answer(
    judge_client: Judge, view: View
) -> None:
    judged = judge_client(server=view(ready=False))

    assert judged["Synced"][:2] == ("True", "Registered")
    assert judged["Ready"][:2] == ("False", "WaitingForServer")


@pytest.mark.parametrize(
    ("seen", "reason", "says"),
    [
        pytest.param(
            {"secret": None},
            "SecretNotWritten", "Secret auth/shop-oauth does not exist yet", id="deleted",
        ),
        pytest.param(
            {"secret": secret("uid-of-somebody", client_secret="theirs")},
            "SecretTaken", "spec.secretTemplate.name", id="somebody else's",
        ),
        pytest.param(
            {"secret": secret(None, client_secret="theirs")},
            "SecretTaken", "was not made for this AuthlyClient", id="nobody's",
        ),
        pytest.param(
            {"secret": secret(issuer="https://auth.example.com")},
            "SecretOutdated", "the current client_secret", id="emptied",
        ),
        pytest.param(
            {"expected": SecretData({"issuer": "https://new.example", "token_endpoint": "t"})},
            "SecretOutdated", "the current issuer, token_endpoint", id="old endpoints",
        ),
        pytest.param(
            {"secret": secret(client_secret="edited-by-hand")},
            "SecretNotRegistered", "does not know client_secret", id="edited by hand",
        ),
        pytest.param(
            {"spec": EXISTING, "source": None},
            "SecretNotFound", "Secret auth/given (spec.auth.secret.ref) does not exist",
            id="the reference leads nowhere",
        ),
        pytest.param(
            {"spec": EXISTING, "source": secret(other="x")},
            "SecretKeyNotFound", "key pass of Secret auth/given", id="the key is missing",
        ),
        pytest.param(
            {"spec": EXISTING, "source": secret(**{"pass": ""})},
            "SecretKeyNotFound", "does not exist or is empty", id="the key is empty",
        ),
        pytest.param(
            {"spec": EXISTING, "source": secret(**{"pass": "rotated"})},
            "SecretOutdated", "the current client_secret", id="the source was changed",
        ),
        pytest.param(
            {"spec": PUBLIC, "secret": None},
            "SecretNotWritten", "auth/shop-oauth", id="a public client's endpoints",
        ),
    ],
)  # fmt: skip
def test_credentials_are_ready_when_the_secret_was_seen_with_what_the_server_knows(
    judge_client: Judge, seen: dict[str, Any], reason: str, says: str
) -> None:
    judged = judge_client(**seen)

    assert judged["CredentialsReady"][:2] == ("False", reason)
    assert judged["Ready"][:2] == ("False", reason)
    assert says in judged["Ready"][2]


def test_a_missing_reference_is_the_cause_though_nothing_is_registered_for_it(
    judge_client: Judge,
) -> None:
    judged = judge_client(spec=EXISTING, source=None, secret=None, row=None, written=None)

    assert judged["Ready"][:2] == ("False", "SecretNotFound")
    assert "create it with the client secret in key pass" in judged["Ready"][2]


def test_a_public_client_is_ready_without_a_client_secret(judge_client: Judge) -> None:
    judged = judge_client(spec=PUBLIC, secret=secret(client_id="auth.shop"))

    assert judged["Ready"][:2] == ("True", "Ready")


def test_a_disabled_client_says_that_it_is_refused(judge_client: Judge) -> None:
    assert "spec.enabled is false" in judge_client(spec={"enabled": False})["Ready"][2]


def test_no_value_of_a_secret_is_ever_told(judge_client: Judge) -> None:
    told = [
        judge_client(),
        judge_client(secret=secret(client_secret="another-value")),
        judge_client(expected=SecretData({"client_secret": "wanted-value"})),
        judge_client(spec=EXISTING, source=secret(**{"pass": "source-value"})),
    ]

    assert "-value" not in str(told)


def test_a_client_that_goes_is_never_ready(judge_client: Judge) -> None:
    leaving = Identity(name="shop", namespace="auth", uid=OWNER, generation=1, deleting=True)

    judged = judge_client(identity=leaving, row=None, written=Written(outcome="Deleted"))

    assert judged["Ready"][:2] == ("False", "Deleting")
