"""Accounts in the words of tests: who changes them, and what there is of them."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from tests.server.storage.conftest import Owner

from authly_server.model.account import Account, Changed, Profile, Refusal
from authly_server.model.actor import Actor
from authly_server.storage import accounts
from authly_server.storage.accounts import Change
from authly_server.storage.pool import Database


BY = Actor("console", UUID(int=7))
EVE = Profile("eve@example.org", "eve")


async def make(database: Database, profile: Profile = EVE) -> Account:
    made = await accounts.create(database, profile, password_hash="a hash", by=BY)
    assert isinstance(made, Account)
    return made


async def alter(database: Database, was: Account, **changes: Any) -> Changed | Refusal:
    profile = Profile(was.email, was.username, was.is_verified, was.is_admin, was.enabled)
    return await accounts.change(database, Change(was, replace(profile, **changes)), by=BY)


def counts(owner: Owner) -> tuple[int, int, int]:
    """Sessions, grants that are live, and clients that wait to be told."""
    return (
        owner.fetch("SELECT count(*) FROM authly.sessions"),
        owner.fetch("SELECT count(*) FROM authly.grants WHERE revoked_at IS NULL"),
        owner.fetch("SELECT count(*) FROM authly.logout_notices"),
    )
