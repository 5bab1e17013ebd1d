"""Recovery codes: how they are written, read and kept."""

from uuid import UUID

import pytest
from hypothesis import given, strategies as st

from authly_server.users import recovery_codes


ADA, BOB = UUID(int=1), UUID(int=2)
DRAWN = st.binary(min_size=100, max_size=100)


@given(DRAWN)
def test_what_is_written_is_read_however_it_is_typed(drawn: bytes) -> None:
    codes = recovery_codes.write(drawn)
    assert len(codes) == recovery_codes.COUNT
    for code in codes:
        bare = code.replace("-", "")
        for typed in (code, bare, code.upper(), f" {code.replace('-', ' ')} "):
            assert recovery_codes.parse(typed) == bare


def test_codes_are_of_eighty_bits_in_groups_of_four() -> None:
    codes = recovery_codes.write(bytes(range(100)))
    assert codes[:2] == ("aaaq-eaye-auda-ocaj", "bifq-ydio-b4ib-ceqt")
    assert len(set(codes)) == recovery_codes.COUNT


@given(st.text())
def test_whatever_is_read_is_sixteen_letters_and_digits(text: str) -> None:
    code = recovery_codes.parse(text)
    assert code is None or (len(code) == 16 and code.isascii() and code.islower() | code.isdigit())


@pytest.mark.parametrize(
    "text",
    ["", "a" * 15, "a" * 17, "0" * 16, "aaaa-aaaa-aaaa-aaa1", "\uff41" * 16, "a" * 15 + "\u212a"],
)
def test_other_texts_are_none(text: str) -> None:
    assert recovery_codes.parse(text) is None


@given(DRAWN)
def test_a_digest_is_of_one_person_and_one_code(drawn: bytes) -> None:
    codes = recovery_codes.write(drawn)
    kept = recovery_codes.digests(ADA, codes)
    typed = [recovery_codes.parse(code.upper()) or "" for code in codes]
    assert [recovery_codes.digest(ADA, code) for code in typed] == kept
    assert not set(kept) & {recovery_codes.digest(BOB, code) for code in typed}
