"""L12: links for a new password, by the clock and by what they are sealed over."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given, strategies as st

from authly_server.model.user import User
from authly_server.users.reset_tokens import LIFETIME, ResetTokens


NOW = 1_800_000_000
USER = User(
    id=UUID(int=7),
    email="ada@example.org",
    username="ada",
    password_hash="$2b$12$hash",  # nobody's
    is_verified=True,
    is_admin=False,
    enabled=True,
    updated_at=datetime(2026, 1, 1, tzinfo=UTC),
)
TOKENS = ResetTokens("s" * 32)


def test_a_link_is_over_after_a_quarter_of_an_hour() -> None:
    token = TOKENS.issue(USER, NOW)
    assert LIFETIME == 15 * 60
    assert TOKENS.is_good(token, USER, NOW + LIFETIME - 1)
    assert not TOKENS.is_good(token, USER, NOW + LIFETIME)


@pytest.mark.parametrize(
    "changed",
    [
        replace(USER, password_hash="$2b$12$another"),
        replace(USER, email="eve@example.org"),
        replace(USER, id=UUID(int=8)),
    ],
)
def test_a_link_is_for_one_person_one_address_and_one_password(changed: User) -> None:
    assert not TOKENS.is_good(TOKENS.issue(USER, NOW), changed, NOW)


def test_a_link_of_another_secret_is_none() -> None:
    assert not ResetTokens("t" * 32).is_good(TOKENS.issue(USER, NOW), USER, NOW)


def test_a_link_says_whom_it_is_for() -> None:
    assert TOKENS.subject(TOKENS.issue(USER, NOW)) == USER.id


@given(st.text(max_size=80) | st.text("ABCDEFGHabcdefgh0123-_=", min_size=70, max_size=74))
def test_no_text_is_taken_for_a_link(text: str) -> None:
    TOKENS.subject(text)
    assert not TOKENS.is_good(text, USER, NOW)


@given(st.integers(0, 71), st.sampled_from("ABab01-_"))
def test_a_link_with_one_other_character_is_none(place: int, character: str) -> None:
    token = TOKENS.issue(USER, NOW)
    other = token[:place] + character + token[place + 1 :]
    assert TOKENS.is_good(other, USER, NOW) == (other == token)
