"""What is computed at the end of the loop's turn comes out as if it had been computed at once."""

import asyncio
from functools import partial

import pytest

from authly_server.tokens.turn import Turn


async def test_each_gets_its_own_result_in_the_order_of_asking() -> None:
    turn, made = Turn(), list[int]()

    def compute(number: int) -> int:
        made.append(number)
        return number * number

    answers = await asyncio.gather(*(turn.run(partial(compute, number)) for number in range(5)))
    assert (answers, made) == ([0, 1, 4, 9, 16], list(range(5)))


async def test_all_that_was_asked_for_in_a_turn_is_computed_before_anybody_goes_on() -> None:
    turn, seen = Turn(), list[str]()

    async def ask() -> None:
        await turn.run(partial(seen.append, "computed"))
        seen.append("answered")

    await asyncio.gather(*(ask() for _ in range(3)))
    assert seen == ["computed"] * 3 + ["answered"] * 3


async def test_who_fails_fails_alone() -> None:
    turn = Turn()
    good, bad, last = await asyncio.gather(
        turn.run(lambda: 1),
        turn.run(partial(int, "x")),
        turn.run(lambda: 3),
        return_exceptions=True,
    )
    assert (good, last) == (1, 3)
    assert isinstance(bad, ValueError)


async def test_for_who_has_gone_nothing_is_computed_and_the_others_get_theirs() -> None:
    turn, seen = Turn(), list[int]()
    gone, staying = (
        asyncio.ensure_future(turn.run(partial(seen.append, number))) for number in (1, 2)
    )
    await asyncio.sleep(0)
    gone.cancel()
    await staying
    assert seen == [2]
    with pytest.raises(asyncio.CancelledError):
        await gone


async def test_the_next_turn_begins_anew() -> None:
    turn = Turn()
    assert [await turn.run(partial(int, text)) for text in ("1", "2")] == [1, 2]
