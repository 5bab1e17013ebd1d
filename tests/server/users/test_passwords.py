import asyncio
from collections.abc import Iterator

import pytest

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


@pytest.mark.parametrize("password", ["", "a" * 1025, "a\0b", "\ud800", "line\nbreak"])
def test_what_cannot_be_a_password_is_refused_before_hashing(password: str) -> None:
    with pytest.raises(passwords.InvalidPassword):
        passwords.hash_now(password, COST)


async def test_an_unknown_user_never_signs_in(verifier: passwords.Passwords) -> None:
    assert not await verifier.verify_nobody("nobody")


async def test_a_flood_of_sign_ins_is_refused_and_not_queued(
    verifier: passwords.Passwords,
) -> None:
    hashed = passwords.hash_now("x", COST)
    attempts = [verifier.verify("x", hashed) for _ in range(10)]
    results = await asyncio.gather(*attempts, return_exceptions=True)
    assert results.count(True) == 2
    assert sum(isinstance(result, passwords.Overloaded) for result in results) == 8


def test_a_hash_of_another_cost_is_outdated(verifier: passwords.Passwords) -> None:
    assert verifier.outdated(passwords.hash_now("x", COST + 1))
    assert not verifier.outdated(passwords.hash_now("x", COST))
