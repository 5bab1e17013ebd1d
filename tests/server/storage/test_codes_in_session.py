"""A code that nobody has to be asked for is written for a live session and a given consent only."""

from collections.abc import Callable
from dataclasses import replace
from uuid import uuid4

import pytest

from authly_server.model.authorization_code import NewAuthorizationCode
from authly_server.model.session import Session
from authly_server.model.user import User
from authly_server.storage import authorization_codes, grants, sessions
from authly_server.storage.pool import Database


DIGEST = b"s" * 32


@pytest.fixture(name="session")
async def _session(database: Database, user: User) -> Session:
    return await sessions.start(database, digest=DIGEST, user_id=user.id, ttl=3600)


@pytest.fixture(name="code")
async def _code(
    database: Database, new_code: Callable[..., NewAuthorizationCode], session: Session
) -> NewAuthorizationCode:
    """For the person of the session, who has consented to its scopes and to no others."""
    agreed = new_code(digest=b"a" * 32)
    await authorization_codes.issue(database, agreed, remember_consent=True)
    assert session.user_id == agreed.user_id
    return replace(agreed, grant_id=uuid4(), digest=b"c" * 32, user_id=None)


async def issue(
    database: Database,
    code: NewAuthorizationCode,
    *,
    digest: bytes = DIGEST,
    consent_required: bool = True,
) -> bool:
    return await authorization_codes.issue_in_session(
        database, code, session_digest=digest, consent_required=consent_required
    )


async def test_the_grant_is_of_the_session_and_its_person(
    database: Database, code: NewAuthorizationCode, session: Session
) -> None:
    assert await issue(database, code)
    grant = await grants.find(database, code.grant_id)
    assert grant is not None
    assert grant.user_id == session.user_id
    assert grant.scopes == code.scopes
    assert grant.authentication is not None
    assert grant.authentication.session_id == session.id
    assert grant.authentication.at == session.authenticated_at


async def test_nothing_is_written_for_a_session_that_is_not_there(
    database: Database, code: NewAuthorizationCode
) -> None:
    assert not await issue(database, code, digest=b"x" * 32)
    assert await grants.find(database, code.grant_id) is None


@pytest.mark.parametrize(
    "change",
    [
        pytest.param("UPDATE authly.sessions SET expires_at = now()", id="an expired session"),
        pytest.param("UPDATE authly.users SET enabled = false", id="a disabled person"),
        pytest.param("UPDATE authly.consents SET scopes = '{read}'", id="less agreed to"),
        pytest.param("DELETE FROM authly.consents", id="nothing agreed to"),
    ],
)
async def test_nothing_is_written_for(
    database: Database, code: NewAuthorizationCode, change: str
) -> None:
    await database.execute(change, {})
    assert not await issue(database, code)
    assert (await database.fetch_one("SELECT count(*) FROM authly.grants", {}) or {})["count"] == 1


async def test_the_consent_covers_the_claims_asked_for_one_by_one(
    database: Database, code: NewAuthorizationCode
) -> None:
    assert not await issue(database, replace(code, claim_scopes=frozenset({"email"})))
    assert await issue(database, replace(code, claim_scopes=frozenset({"profile"})))


async def test_where_no_consent_is_required_none_is_looked_for(
    database: Database, code: NewAuthorizationCode
) -> None:
    await database.execute("DELETE FROM authly.consents", {})
    assert await issue(database, code, consent_required=False)
