import asyncio
import time
from collections.abc import Iterator

import pytest
from hypothesis import given, settings, strategies as st

from authly_server.users import passwords


COST = 4


@pytest.fixture
def verifier() -> Iterator[passwords.Passwords]:
    made = passwords.Passwords(threads=1, waiting=1, cost=COST)
    yield made
    made.close()


async def test_the_right_password_is_recognised(verifier: passwords.Passwords) -> None:
    hashed = passwords.hash_now("correct horse", COST)
    assert await verifier.verify("correct horse", hashed)
    assert not await verifier.verify("correct horsf", hashed)


async def test_characters_after_the_72nd_byte_count(verifier: passwords.Passwords) -> None:
    hashed = passwords.hash_now("a" * 72 + "b", COST)
    assert not await verifier.verify("a" * 72 + "c", hashed)


async def test_composed_and_decomposed_letters_are_one_password(
    verifier: passwords.Passwords,
) -> None:
    hashed = passwords.hash_now("caf\u00e9", COST)
    assert await verifier.verify("cafe\u0301", hashed)


async def test_every_kind_of_space_is_one_space(verifier: passwords.Passwords) -> None:
    hashed = passwords.hash_now("two words", COST)
    assert await verifier.verify("two\u00a0words", hashed)
    assert await verifier.verify("two\u3000words", hashed)


@pytest.mark.parametrize("password", ["a" * 1024, "ä" * 512, " ", "\u200d", "\U0001f600" * 256])
async def test_a_long_or_strange_password_is_hashed_and_recognised(
    verifier: passwords.Passwords, password: str
) -> None:
    hashed = await verifier.hash(password)
    assert await verifier.verify(password, hashed)
    assert not verifier.outdated(hashed)


@pytest.mark.parametrize("password", ["", "a" * 1025, "a\0b", "\ud800", "line\nbreak", "ä" * 513])
def test_what_cannot_be_a_password_is_refused_before_hashing(password: str) -> None:
    with pytest.raises(passwords.InvalidPassword):
        passwords.hash_now(password, COST)


def test_ten_megabytes_are_refused_at_once() -> None:
    begin = time.process_time()
    with pytest.raises(passwords.InvalidPassword):
        passwords.hash_now("\u1e9b\u0323" * 5_000_000, COST)
    assert time.process_time() - begin < 0.5


@given(st.text(st.characters(codec=None)))
@settings(max_examples=50, deadline=None)
def test_any_text_is_hashed_or_refused(password: str) -> None:
    try:
        assert passwords.hash_now(password, COST).startswith("$2b$04$")
    except passwords.InvalidPassword as error:
        assert password == "" or password not in str(error)  # noqa: PT017


@pytest.mark.parametrize("stored", ["", "!", "$2b$", "$2b$04$short", "plain", "ä"])
async def test_a_stored_text_that_is_no_hash_matches_no_password(
    verifier: passwords.Passwords, stored: str
) -> None:
    assert not await verifier.verify("plain", stored)


async def test_an_unknown_user_never_signs_in(verifier: passwords.Passwords) -> None:
    assert not await verifier.verify_nobody("nobody")


async def test_a_flood_of_sign_ins_is_refused_and_not_queued(
    verifier: passwords.Passwords,
) -> None:
    slow = passwords.hash_now("x", 12)  # none is through before all have asked
    attempts = [verifier.verify("x", slow) for _ in range(10)]
    results = await asyncio.gather(*attempts, return_exceptions=True)
    assert results.count(True) == 2
    assert sum(isinstance(result, passwords.Overloaded) for result in results) == 8


async def test_callers_who_went_away_keep_their_places(verifier: passwords.Passwords) -> None:
    slow = passwords.hash_now("x", 12)
    attempts = [asyncio.create_task(verifier.verify("x", slow)) for _ in range(2)]
    await asyncio.sleep(0.02)
    for attempt in attempts:
        attempt.cancel()
    await asyncio.sleep(0)
    # One is in its thread to the end; the other was waiting and has left the queue.
    waiting = asyncio.create_task(verifier.verify("x", slow))
    await asyncio.sleep(0)
    with pytest.raises(passwords.Overloaded):
        await verifier.verify("x", slow)
    assert await waiting


async def test_places_are_free_again_after_a_flood(verifier: passwords.Passwords) -> None:
    hashed = passwords.hash_now("x", COST)
    flood = (verifier.verify("x", hashed) for _ in range(10))
    await asyncio.gather(*flood, return_exceptions=True)
    assert await verifier.verify("x", hashed)


def test_a_hash_of_another_cost_is_outdated(verifier: passwords.Passwords) -> None:
    assert verifier.outdated(passwords.hash_now("x", COST + 1))
    assert not verifier.outdated(passwords.hash_now("x", COST))
