"""One-time passwords: the vectors of RFC 6238, and what cannot be one."""

import string
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given, strategies as st

from authly_server.users import one_time_codes


KEY = b"12345678901234567890"


@pytest.mark.parametrize(
    ("now", "code"),
    [
        (59, "287082"),
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (2000000000, "279037"),
        (20000000000, "353130"),
    ],
)
def test_codes_are_those_of_the_standard(now: int, code: str) -> None:
    """RFC 6238 appendix B, the last six of its eight digits."""
    assert one_time_codes.write(KEY, one_time_codes.step(now)) == code


@given(now=st.integers(0, 2**40), key=st.binary(min_size=20, max_size=20))
def test_a_code_is_found_one_step_around_and_no_further(now: int, key: bytes) -> None:
    around = {one_time_codes.step(now) + away for away in (-1, 0, 1)}
    for at in {at + away for at in around for away in (-1, 0, 1) if at + away >= 0}:
        code = one_time_codes.write(key, at)
        found = one_time_codes.find_step(key, code, now)
        codes = {one_time_codes.write(key, near) for near in around if near >= 0}
        assert (found in around) if code in codes else (found is None)


@given(st.text())
def test_what_is_read_is_six_ascii_digits(text: str) -> None:
    code = one_time_codes.parse(text)
    bare = text.replace(" ", "")
    is_one = len(bare) == 6 and all(character in string.digits for character in bare)
    assert code == (bare if is_one else None)


@given(st.text(alphabet=st.characters(categories=["Nd", "Nl", "No"]), min_size=6, max_size=6))
def test_digits_of_other_scripts_are_none(text: str) -> None:
    assert (one_time_codes.parse(text) is not None) == text.isascii()


@given(st.integers(0, 999_999), st.lists(st.integers(0, 6), max_size=4))
def test_spaces_do_not_count(number: int, places: list[int]) -> None:
    text = code = f"{number:06}"
    for at in places:
        text = text[:at] + " " + text[at:]
    assert one_time_codes.parse(text) == code


def test_a_key_is_shown_in_groups_of_four() -> None:
    assert one_time_codes.display(KEY) == "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ"


@given(st.text(min_size=1, max_size=255).filter(lambda name: name.isprintable()))
def test_an_application_reads_key_name_and_issuer(username: str) -> None:
    uri = urlsplit(one_time_codes.uri(KEY, username, "https://id.example:8443/tenant"))
    assert (uri.scheme, uri.netloc) == ("otpauth", "totp")
    assert unquote(uri.path) == f"/id.example:{username}"
    assert parse_qs(uri.query) == {
        "secret": ["GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"],
        "issuer": ["id.example"],
    }
