"""Parts of lists, and versions that a change names: any text is read, or refused by name."""

import base64

import pytest
from hypothesis import given, strategies as st

from authly_server.protocol import page, precondition
from authly_server.protocol.errors import ErrorCode, OAuthError
from authly_server.protocol.page import Page
from authly_server.protocol.parameters import Parameters


ANY = st.text(st.characters(codec=None), max_size=60)
KEYS = st.text(st.characters(exclude_characters="\0", codec="utf-8"), min_size=1, max_size=255)


def asked(**values: str) -> Page:
    return page.parse(Parameters({name: (value,) for name, value in values.items()}))


@given(KEYS)
def test_a_key_comes_back_out_of_its_cursor(key: str) -> None:
    cursor = page.write_cursor(key)
    assert asked(limit="1", after=cursor) == Page(1, key)
    assert cursor.isascii()
    assert cursor.replace("-", "").replace("_", "").isalnum()


@given(ANY | st.text("abcdABCD0189-_=", max_size=60), ANY | st.integers().map(str))
def test_any_query_is_a_page_or_is_refused(after: str, limit: str) -> None:
    try:
        found = asked(after=after, limit=limit)
    except OAuthError as error:
        assert error.error is ErrorCode.INVALID_REQUEST  # noqa: PT017
        assert error.status == 400  # noqa: PT017
        return
    assert 1 <= found.limit <= page.MOST
    # One key has one cursor: nothing is read that would not have been written.
    assert found.after is not None
    assert page.write_cursor(found.after) == after


@pytest.mark.parametrize(
    "limit", ["0", "-1", "201", "1000000000", "1e2", "0x10", "٣", " 5", "+5", "5.0", "NaN", "1" * 9]
)
def test_a_limit_beyond_its_bounds_or_not_in_digits_is_refused(limit: str) -> None:
    with pytest.raises(OAuthError, match="limit must be a number from 1 to 200"):
        asked(limit=limit)


@pytest.mark.parametrize(
    "after",
    [
        *("x", "YQ==", "YR", "Y Q", "YQ\n", "Y+/Q", "ä", "A" * 3000),
        base64.urlsafe_b64encode(b"a\0b").decode(),
        base64.urlsafe_b64encode(b"\xff\xff\xff").decode(),
    ],
)
def test_what_is_no_cursor_of_ours_is_refused(after: str) -> None:
    with pytest.raises(OAuthError, match="after is not what the answer before it called next"):
        asked(after=after)


def test_without_a_word_it_is_the_first_fifty() -> None:
    assert asked() == Page(50, None)


@given(st.lists(ANY | st.text('"0189W/, *', max_size=40), max_size=2))
def test_any_header_names_versions_or_is_refused(values: list[str]) -> None:
    try:
        versions = precondition.parse(values)
    except OAuthError as error:
        assert error.status in {400, 428}  # noqa: PT017
        return
    assert all(each == "" or (each.isascii() and each.isdecimal()) for each in versions)


@given(st.lists(st.integers(0, 2**32).map(str), min_size=1, max_size=9))
def test_each_strong_tag_of_a_list_is_a_version(versions: list[str]) -> None:
    assert precondition.parse([" , ".join(map(precondition.write, versions))]) == tuple(versions)


@pytest.mark.parametrize(
    "tag", ['W/"1"', "1", '"1', '1"', '"', '""', '"a"', '"1"2"', '"\u0661"', ""]
)
def test_a_weak_or_malformed_tag_matches_nothing(tag: str) -> None:
    assert precondition.parse([tag]) == ("",)


@pytest.mark.parametrize(
    ("values", "status"), [([], 428), (["*"], 428), (['"1"', '"2"'], 400), (["1" * 2000], 400)]
)
def test_none_any_several_and_too_long_ones_are_refused(values: list[str], status: int) -> None:
    with pytest.raises(OAuthError) as caught:
        precondition.parse(values)
    assert caught.value.status == status
