"""L3 to L5 for the names that people sign in with."""

import pytest
from hypothesis import given, strategies as st

from authly_server.users import names


@pytest.mark.parametrize(
    "name", ["ada", "ada@example.com", "Ada Lovelace", "Zoë", "北京", "a" * 255]
)
def test_names_that_can_be_seen_are_names(name: str) -> None:
    assert names.parse(name) == name


def test_spaces_around_a_name_are_a_slip_of_the_keyboard() -> None:
    assert names.parse("  ada ") == "ada"


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("", id="nothing"),
        pytest.param("   ", id="only spaces"),
        pytest.param("a" * 256, id="too long"),
        pytest.param("a\0b", id="NUL"),
        pytest.param("a\nb", id="line break"),
        pytest.param("ada\r\nBcc: x@example.com", id="header injection"),
        pytest.param("a\u200bda", id="zero-width space"),
        pytest.param("a\u200dda", id="zero-width joiner"),
        pytest.param("\u202eada", id="right-to-left override"),
        pytest.param("a\u2028b", id="line separator"),
        pytest.param(f"a{chr(0xD800)}", id="lone surrogate"),
        pytest.param("a\ue000", id="private use"),
        pytest.param("a\u0378", id="unassigned"),
    ],
)
def test_other_texts_are_refused(name: str) -> None:
    with pytest.raises(names.InvalidName):
        names.parse(name)


@given(st.text(st.characters(codec=None)))
def test_a_name_that_passes_can_be_stored(text: str) -> None:
    try:
        name = names.parse(text)
    except names.InvalidName:
        return
    assert b"\0" not in name.encode("utf-8")


@given(st.text(st.characters(codec=None)) | st.from_regex(r".?@.?(,|@)?.?", fullmatch=True))
def test_what_passes_has_two_sides(text: str) -> None:
    try:
        address = names.parse_address(text)
    except names.InvalidName:
        return
    local, _, domain = address.rpartition("@")
    assert local
    assert domain
    assert not {" ", ","} & set(address)
    assert names.parse(address) == address


@pytest.mark.parametrize("text", ["\ufdfa" * 30, "a" * 200 + "\ufdfa" * 4])
def test_a_name_that_folds_to_more_than_an_index_holds_is_refused(text: str) -> None:
    with pytest.raises(names.InvalidName, match="255"):
        names.parse(text)
