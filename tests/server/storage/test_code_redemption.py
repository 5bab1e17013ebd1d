"""Every way in which the redemption of an authorization code can end."""

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest

from authly_server.model.authorization_code import (
    CodeRedeemed,
    CodeRedemption,
    CodeRefusal,
    CodeRefused,
    CodeReplayed,
    NewAuthorizationCode,
)
from authly_server.model.client import Client
from authly_server.model.refresh_token import NewRefreshFamily
from authly_server.model.user import User
from authly_server.storage import authorization_codes, consents, errors, grants
from authly_server.storage.pool import Database


NewCode = Callable[..., NewAuthorizationCode]
FAMILY = NewRefreshFamily(digest=b"r" * 32, ttl=3600)


@pytest.fixture
async def code(database: Database, new_code: NewCode) -> NewAuthorizationCode:
    issued = new_code()
    await authorization_codes.issue(database, issued, remember_consent=False)
    return issued


@pytest.fixture
def redemption(client: Client) -> CodeRedemption:
    return CodeRedemption(b"c" * 32, client.id, "https://shop.example/callback", "the-challenge")


def other(redemption: CodeRedemption, **changes: Any) -> CodeRedemption:
    values = {name: getattr(redemption, name) for name in CodeRedemption.__slots__}
    return CodeRedemption(**(values | changes))


async def test_a_code_is_worth_its_grant_once(
    database: Database, code: NewAuthorizationCode, redemption: CodeRedemption, user: User
) -> None:
    outcome = await authorization_codes.redeem(database, redemption, FAMILY)
    assert isinstance(outcome, CodeRedeemed)
    assert outcome.grant.id == code.grant_id
    assert outcome.grant.user_id == user.id
    assert outcome.grant.scopes == {"read", "profile"}
    assert outcome.grant.resources == ("https://api.example",)


async def test_a_redemption_reads_no_other_grant_of_the_client(
    database: Database,
    new_code: NewCode,
    code: NewAuthorizationCode,
    redemption: CodeRedemption,
    owner: Any,
) -> None:
    # Planned while there is one grant, and kept when there are many that nobody has analysed.
    assert isinstance(await authorization_codes.redeem(database, redemption, None), CodeRedeemed)
    owner.execute(
        "INSERT INTO authly.grants (id, client_id, user_id, scopes)"
        " SELECT gen_random_uuid(), client_id, user_id, scopes"
        " FROM authly.grants, generate_series(1, 300) WHERE id = %s",
        code.grant_id,
    )
    another = new_code(grant_id=uuid4(), digest=b"d" * 32)
    await authorization_codes.issue(database, another, remember_consent=False)
    before = await grants_read(database)
    asked = other(redemption, digest=b"d" * 32)
    assert isinstance(await authorization_codes.redeem(database, asked, None), CodeRedeemed)
    assert await grants_read(database) - before < 10


async def grants_read(database: Database) -> int:
    """How many rows of grants have been read so far."""
    await database.fetch_one("SELECT pg_stat_force_next_flush()", {})
    row = await database.fetch_one(
        "SELECT coalesce(idx_tup_fetch, 0) + coalesce(seq_tup_read, 0) AS many"
        " FROM pg_stat_user_tables WHERE relname = 'grants'",
        {},
    )
    return int((row or {})["many"])


async def test_the_refresh_family_is_born_with_the_redemption(
    database: Database, code: NewAuthorizationCode, redemption: CodeRedemption, owner: Any
) -> None:
    await authorization_codes.redeem(database, redemption, FAMILY)
    digest = owner.fetch("SELECT digest FROM authly.tokens WHERE grant_id = %s", code.grant_id)
    assert digest == FAMILY.digest


async def test_without_a_family_no_refresh_token_exists(
    database: Database, code: NewAuthorizationCode, redemption: CodeRedemption, owner: Any
) -> None:
    outcome = await authorization_codes.redeem(database, redemption, None)
    assert isinstance(outcome, CodeRedeemed)
    assert owner.fetch("SELECT count(*) FROM authly.tokens") == 0
    assert code.grant_id == outcome.grant.id


async def test_a_replay_that_is_valid_in_all_else_revokes_the_grant(
    database: Database, code: NewAuthorizationCode, redemption: CodeRedemption, owner: Any
) -> None:
    await authorization_codes.redeem(database, redemption, FAMILY)
    outcome = await authorization_codes.redeem(database, redemption, FAMILY)
    assert outcome == CodeReplayed(code.grant_id)
    assert await grants.find(database, code.grant_id) is None
    assert owner.fetch("SELECT event FROM authly.audit_log WHERE grant_id = %s", code.grant_id) == (
        "authorization_code_replayed"
    )


async def test_a_second_replay_is_recorded_no_second_time(
    database: Database, code: NewAuthorizationCode, redemption: CodeRedemption, owner: Any
) -> None:
    for _ in range(3):
        await authorization_codes.redeem(database, redemption, FAMILY)
    records = "SELECT count(*) FROM authly.audit_log WHERE grant_id = %s"
    assert owner.fetch(records, code.grant_id) == 1


WRONG: dict[CodeRefusal, dict[str, object]] = {
    CodeRefusal.UNKNOWN: {"digest": b"x" * 32},
    CodeRefusal.OTHER_CLIENT: {"client_id": uuid4()},
    CodeRefusal.OTHER_REDIRECT_URI: {"redirect_uri": "https://evil.example/"},
    CodeRefusal.OTHER_VERIFIER: {"code_challenge": "another"},
}


@pytest.mark.parametrize("reason", WRONG)
async def test_a_wrong_request_is_refused_and_changes_nothing(
    database: Database, code: NewAuthorizationCode, redemption: CodeRedemption, reason: CodeRefusal
) -> None:
    wrong = other(redemption, **WRONG[reason])
    assert await authorization_codes.redeem(database, wrong, FAMILY) == CodeRefused(reason)
    right = await authorization_codes.redeem(database, redemption, FAMILY)
    assert isinstance(right, CodeRedeemed)
    assert right.grant.id == code.grant_id


@pytest.mark.parametrize("reason", WRONG)
async def test_a_wrong_replay_revokes_nothing(
    database: Database, code: NewAuthorizationCode, redemption: CodeRedemption, reason: CodeRefusal
) -> None:
    await authorization_codes.redeem(database, redemption, FAMILY)
    wrong = other(redemption, **WRONG[reason])
    assert await authorization_codes.redeem(database, wrong, FAMILY) == CodeRefused(reason)
    assert await grants.find(database, code.grant_id) is not None


@pytest.mark.parametrize(("asked", "sent"), [(None, "a-verifier"), ("the-challenge", None)])
async def test_a_verifier_is_needed_exactly_where_there_is_a_challenge(
    database: Database,
    new_code: NewCode,
    redemption: CodeRedemption,
    asked: str | None,
    sent: str | None,
) -> None:
    await authorization_codes.issue(
        database, new_code(code_challenge=asked), remember_consent=False
    )
    outcome = await authorization_codes.redeem(
        database, other(redemption, code_challenge=sent), None
    )
    assert outcome == CodeRefused(CodeRefusal.OTHER_VERIFIER)


@pytest.mark.parametrize(
    ("asked", "sent"),
    [
        ("https://shop.example/callback", None),
        (None, None),
        (None, "https://shop.example/callback"),
    ],
)
async def test_the_redirect_uri_may_be_left_out_on_either_side(
    database: Database,
    new_code: NewCode,
    redemption: CodeRedemption,
    asked: str | None,
    sent: str | None,
) -> None:
    await authorization_codes.issue(database, new_code(redirect_uri=asked), remember_consent=False)
    outcome = await authorization_codes.redeem(database, other(redemption, redirect_uri=sent), None)
    assert isinstance(outcome, CodeRedeemed)


async def test_an_expired_code_is_refused(
    database: Database, new_code: NewCode, redemption: CodeRedemption
) -> None:
    await authorization_codes.issue(database, new_code(ttl=0), remember_consent=False)
    outcome = await authorization_codes.redeem(database, redemption, FAMILY)
    assert outcome == CodeRefused(CodeRefusal.EXPIRED)


async def test_a_code_of_a_revoked_grant_is_refused(
    database: Database, code: NewAuthorizationCode, redemption: CodeRedemption, client: Client
) -> None:
    assert await grants.revoke(database, grant_id=code.grant_id, client_id=client.id)
    outcome = await authorization_codes.redeem(database, redemption, FAMILY)
    assert outcome == CodeRefused(CodeRefusal.REVOKED)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE authly.users SET enabled = false",
        "UPDATE authly.clients SET enabled = false",
    ],
)
@pytest.mark.usefixtures("code")
async def test_a_code_of_a_disabled_party_is_refused(
    database: Database, redemption: CodeRedemption, owner: Any, change: str
) -> None:
    owner.execute(change)
    outcome = await authorization_codes.redeem(database, redemption, FAMILY)
    assert outcome == CodeRefused(CodeRefusal.REVOKED)


async def test_of_twenty_connections_with_one_code_exactly_one_redeems_it(
    database: Database, code: NewAuthorizationCode, redemption: CodeRedemption, owner: Any
) -> None:
    attempts = [authorization_codes.redeem(database, redemption, FAMILY) for _ in range(20)]
    outcomes = await asyncio.gather(*attempts)
    assert sum(isinstance(outcome, CodeRedeemed) for outcome in outcomes) == 1
    assert outcomes.count(CodeReplayed(code.grant_id)) == 19
    assert owner.fetch("SELECT count(*) FROM authly.tokens") == 1


async def test_consent_is_remembered_only_when_asked_and_only_grows(
    database: Database, new_code: NewCode, client: Client, user: User
) -> None:
    async def remembered() -> frozenset[str]:
        return await consents.find(database, user_id=user.id, client_id=client.id)

    first = new_code(digest=b"1" * 32, scopes=frozenset({"read"}))
    await authorization_codes.issue(database, first, remember_consent=False)
    assert await remembered() == set()
    second = new_code(digest=b"2" * 32, scopes=frozenset({"read"}))
    await authorization_codes.issue(database, second, remember_consent=True)
    assert await remembered() == {"read"}
    third = new_code(digest=b"3" * 32, scopes=frozenset({"profile"}))
    await authorization_codes.issue(database, third, remember_consent=True)
    assert await remembered() == {"read", "profile"}


@pytest.mark.parametrize("party", ["client_id", "user_id"])
async def test_a_party_deleted_meanwhile_leaves_nothing_behind(
    database: Database, new_code: NewCode, owner: Any, party: str
) -> None:
    code = new_code(**{party: UUID(int=0)})
    with pytest.raises(errors.Vanished):
        await authorization_codes.issue(database, code, remember_consent=True)
    assert owner.fetch("SELECT count(*) FROM authly.grants") == 0
