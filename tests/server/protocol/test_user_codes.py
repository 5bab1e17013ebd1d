"""User codes: every number has one, and people may type it as they like."""

import pytest
from hypothesis import given, strategies as st

from authly_server.protocol import user_code


NUMBERS = st.integers(0, user_code.COUNT - 1)


@given(NUMBERS)
def test_a_code_that_was_written_is_read_back(number: int) -> None:
    code = user_code.write(number)
    assert len(code) == user_code.LENGTH
    assert user_code.parse(code) == code
    assert user_code.parse(user_code.display(code).lower()) == code


@given(NUMBERS, NUMBERS)
def test_two_numbers_have_two_codes(one: int, other: int) -> None:
    assert (user_code.write(one) == user_code.write(other)) == (one == other)


@given(NUMBERS, st.lists(st.sampled_from(" -.\u2010\u2014\u00a0"), min_size=9, max_size=9))
def test_whatever_divides_a_code_does_not_count(number: int, between: list[str]) -> None:
    code = user_code.write(number)
    typed = "".join(a + b for a, b in zip(between, [*code, ""], strict=True))
    assert user_code.parse(typed) == code


@given(st.text(st.characters(codec=None)) | st.text("BCDFbcdf- ", max_size=12))
def test_any_text_is_a_code_or_none(text: str) -> None:
    code = user_code.parse(text)
    assert code is None or (set(code) <= set(user_code.LETTERS) and len(code) == user_code.LENGTH)


@pytest.mark.parametrize(
    "text", [None, "", "BCDFGHJ", "BCDFGHJKL", "BCDFGHJA", "\u017fcdfghjk", "ß" * 4]
)
def test_what_is_no_code_is_none(text: str | None) -> None:
    assert user_code.parse(text) is None


@pytest.mark.parametrize("number", [-1, user_code.COUNT])
def test_other_numbers_have_no_code(number: int) -> None:
    with pytest.raises(ValueError, match="no user code"):
        user_code.write(number)
