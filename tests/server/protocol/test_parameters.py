"""T3, T8, A6, A7, A8, L4, L5, L6 and L15 where pairs are read."""

import time
from urllib.parse import urlencode

import pytest
from hypothesis import given, strategies as st

from authly_server.protocol import errors, parameters


def refusal(body: bytes) -> errors.OAuthError:
    with pytest.raises(errors.OAuthError) as caught:
        parameters.parse_form(body)
    return caught.value


def test_a_form_is_read_as_rfc_6749_appendix_b_writes_it() -> None:
    # The example of the appendix: space, %, &, +, pound and euro signs.
    read = parameters.parse_form(b"value=+%25%26%2B%C2%A3%E2%82%AC")
    assert read.get("value") == " %&+£€"


_PLAIN = st.text(st.characters(min_codepoint=0x01, max_codepoint=0x7F, exclude_characters="&=%+"))


@given(st.lists(st.tuples(_PLAIN, _PLAIN), max_size=5))
def test_what_is_written_without_escapes_is_what_it_is_with_each_character_escaped(
    pairs: list[tuple[str, str]],
) -> None:
    plain = "&".join(f"{name}={value}" for name, value in pairs)
    escaped = "&".join(f"{_escaped(name)}={_escaped(value)}" for name, value in pairs)
    read = parameters.parse_form(plain.encode(), repeats=True)
    assert read == parameters.parse_form(escaped.encode(), repeats=True)


def _escaped(text: str) -> str:
    return "".join(f"%{ord(character):02x}" for character in text)


def test_a_plus_is_a_space_and_an_escaped_plus_is_a_plus() -> None:
    assert parameters.parse_form(b"a=1+2%2B3").get("a") == "1 2+3"


def test_an_empty_parameter_is_an_absent_one() -> None:
    read = parameters.parse_form(b"scope=&state&=x&&client_id=c")
    assert read.get("scope") is None
    assert read.get("state") is None
    assert read.get("client_id") == "c"


def test_an_empty_body_has_no_parameters() -> None:
    assert parameters.parse_form(b"").values == {}


def test_an_empty_value_beside_a_full_one_is_no_repetition() -> None:
    assert parameters.parse_form(b"scope=&scope=read").get("scope") == "read"


@pytest.mark.parametrize("name", ["client_id", "redirect_uri", "state", "scope", "unknown"])
def test_a_repeated_parameter_is_refused_by_name(name: str) -> None:
    refused = refusal(f"{name}=1&{name}=2".encode())
    assert refused.error == errors.ErrorCode.INVALID_REQUEST
    assert name in refused.description


def test_even_equal_repetitions_are_refused() -> None:
    assert refusal(b"code=x&code=x").error == errors.ErrorCode.INVALID_REQUEST


def test_a_parameter_repeated_in_another_spelling_is_refused() -> None:
    assert refusal(b"code=x&c%6Fde=x").error == errors.ErrorCode.INVALID_REQUEST


def test_resource_may_repeat_and_keeps_its_order() -> None:
    read = parameters.parse_form(b"resource=https://b&resource=https://a")
    assert read.get_all("resource") == ("https://b", "https://a")
    assert read.get("resource") == "https://b"


def test_repetitions_can_be_left_to_the_caller_to_judge() -> None:
    read = parameters.parse_query("state=1&state=2&scope=a&resource=b&resource=c", repeats=True)
    assert read.repeated == {"state"}


def test_a_parameter_that_is_not_there_has_no_values() -> None:
    assert parameters.Parameters().get("a") is None
    assert parameters.Parameters().get_all("a") == ()


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"a=x%00", id="NUL in a value"),
        pytest.param(b"b=\x00", id="raw NUL"),
        pytest.param(b"a%00=1", id="NUL in a name"),
        pytest.param(b"a=%ff", id="invalid UTF-8"),
        pytest.param(b"a=\xff", id="raw invalid UTF-8"),
        pytest.param(b"a=%c0%80", id="overlong NUL"),
        pytest.param(b"a=%ed%a0%80", id="a lone surrogate"),
        pytest.param(b"a=%f4%90%80%80", id="above U+10FFFF"),
        pytest.param(b"%ff=1", id="invalid UTF-8 in a name"),
        pytest.param(b"a=%", id="a percent sign at the end"),
        pytest.param(b"a=%2", id="half an escape"),
        pytest.param(b"a=%zz", id="an escape that is not hexadecimal"),
        pytest.param(b"a=%+1", id="an escape with a sign"),
        pytest.param(b"a=%25%u0041", id="the escapes of old browsers"),
        pytest.param(b"a=" + b"x" * 65536, id="too large"),
        pytest.param(b"a=" + b"x" * 16385, id="too long a value"),
        pytest.param(b"x" * 129 + b"=1", id="too long a name"),
        pytest.param(b"&" * 100, id="too many pairs"),
    ],
)
def test_hostile_bodies_are_invalid_requests(body: bytes) -> None:
    refused = refusal(body)
    assert (refused.error, refused.status) == (errors.ErrorCode.INVALID_REQUEST, 400)


def test_the_limits_themselves_are_allowed() -> None:
    assert len(parameters.parse_form(b"a=" + b"x" * 16384).get("a") or "") == 16384
    assert len(parameters.parse_form(b"&".join(b"%d=1" % i for i in range(100))).values) == 100


def test_a_query_may_carry_raw_utf_8_as_servers_hand_it_on() -> None:
    raw = "state=é".encode().decode("ascii", "surrogateescape")
    assert parameters.parse_query(raw).get("state") == "é"
    assert parameters.parse_query("state=é").get("state") == "é"


@pytest.mark.parametrize("raw", ["state=\ud800", "x=\udcff", "state=%ED%A0%80"])
def test_a_query_with_lone_surrogates_is_refused(raw: str) -> None:
    with pytest.raises(errors.OAuthError):
        parameters.parse_query(f"state={raw}")


def test_control_characters_but_nul_pass_for_their_parameter_to_judge() -> None:
    assert parameters.parse_query("state=%0D%0Ax").get("state") == "\r\nx"


def test_the_worst_body_of_the_allowed_size_is_read_quickly() -> None:
    bodies = [b"%" * 65536, b"+" * 65536, b"%41" * 21845, b"=" * 65536, b"&" * 65536]
    begin = time.process_time()
    for body in bodies:
        with pytest.raises(errors.OAuthError):
            parameters.parse_form(b"a=" + body)
    assert time.process_time() - begin < 0.5


def test_nothing_that_was_sent_is_in_the_representation() -> None:
    assert "hunter2" not in repr(parameters.parse_form(urlencode({"p": "hunter2"}).encode()))
