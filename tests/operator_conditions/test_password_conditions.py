"""PasswordsRotated while the roles of the database are swapped; it never stops Ready."""

import pytest
from tests.operator_conditions.verdicts import Judge

from authly_operator.observed import SecretData


RING = (
    '{"keys": [{"kid": "k1", "alg": "ES256", "state": "Active", "privateKey": "PEM"},'
    ' {"kid": "k2", "alg": "RS256", "state": "Active", "privateKey": "PEM"}]}'
)
LOCK = ("Job", "main-lock-12345678")
RETIRING = '{"current": "b", "phase": "Retiring", "since": "2026-03-01T12:00:00Z"}'


def secrets(document: str) -> dict[str, SecretData]:
    return {
        "main-signing-keys": SecretData({"keyring.json": RING}),
        "main-credentials": SecretData({"database-roles.json": document}),
    }


@pytest.mark.parametrize(
    ("document", "status", "reason", "says"),
    [
        (RETIRING.replace("Retiring", "Settled"), "True", "PasswordsCurrent", "2026-03-01T12:00"),
        ('{"phase": "Preparing"}', "False", "PasswordsChanging", "see Migrated"),
        (RETIRING, "False", "FormerRolesOpen", "locked once no pod uses them"),
        ('{"phase": "Gone"}', "False", "PasswordsUnreadable", "Secret main-credentials"),
        ("canary", "False", "PasswordsUnreadable", "correct or remove it"),
    ],
)
def test_how_far_a_swap_is_is_told_and_stops_nothing(
    judge_server: Judge, document: str, status: str, reason: str, says: str
) -> None:
    judged = judge_server(secrets=secrets(document))
    assert judged["PasswordsRotated"][:2] == (status, reason)
    assert says in judged["PasswordsRotated"][2]
    assert "canary" not in judged["PasswordsRotated"][2]
    assert judged["Ready"][0] == "True"


def test_an_owner_whose_password_no_migration_has_tried_is_not_through(judge_server: Judge) -> None:
    kept = {"former-postgres-password": "canary", "database-roles.json": '{"current": "b"}'}
    found = {**secrets(""), "main-credentials": SecretData(kept)}
    status, reason, message = judge_server(secrets=found)["PasswordsRotated"]
    assert (status, reason) == ("False", "PasswordsChanging")
    assert "owner's new password: see Migrated" in message
    assert "canary" not in message


def test_whoever_still_uses_a_former_role_is_named(judge_server: Judge) -> None:
    failed = {"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded", "message": ""}
    judged = judge_server(
        secrets=secrets(RETIRING),
        beside={LOCK: {"metadata": {"name": LOCK[1]}, "status": {"conditions": [failed]}}},
        waiting=[("migration", f"{LOCK[1]}-x", "Error", "still used: a_server from 10.0.0.9")],
    )
    status, reason, message = judged["PasswordsRotated"]
    assert (status, reason) == ("False", "FormerRolesNotLocked")
    assert "still used: a_server from 10.0.0.9" in message


def test_nothing_is_claimed_of_passwords_that_nobody_drew(judge_server: Judge) -> None:
    assert judge_server(secrets={})["PasswordsRotated"][:2] == ("Unknown", "NotProbed")
