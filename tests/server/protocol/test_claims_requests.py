"""The claims parameter: whatever arrives is a request or an invalid_request, never an accident."""

import json

import pytest
from hypothesis import given, strategies as st

from authly_server.protocol import claims_request
from authly_server.protocol.claims_request import ClaimsRequest, Wanted
from authly_server.protocol.errors import ErrorCode, OAuthError


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
requests = st.none() | st.fixed_dictionaries(
    {},
    optional={"essential": st.booleans(), "values": st.lists(values, max_size=3), "other": values},
)
members = st.none() | st.dictionaries(st.text(max_size=9), requests, max_size=5)


def outcome_of(text: str) -> ErrorCode | None:
    try:
        claims_request.parse(text)
    except OAuthError as error:
        return error.error
    return None


def test_nothing_asks_for_nothing() -> None:
    assert claims_request.parse(None) == ClaimsRequest()
    assert claims_request.parse("{}") == ClaimsRequest()
    assert claims_request.parse('{"id_token": null, "userinfo": {}}') == ClaimsRequest()


def test_the_example_of_the_standard_is_read() -> None:
    """OpenID Connect Core section 5.5."""
    asked = claims_request.parse(
        """{"userinfo": {"given_name": {"essential": true}, "nickname": null,
            "http://example.info/claims/groups": null},
        "id_token": {"auth_time": {"essential": true},
            "acr": {"values": ["urn:mace:incommon:iap:silver"]}}}"""
    )
    assert asked.userinfo["given_name"] == Wanted(is_essential=True)
    assert asked.userinfo["nickname"] == Wanted()
    assert asked.id_token["acr"] == Wanted(values=("urn:mace:incommon:iap:silver",))
    assert set(asked.id_token) == {"auth_time", "acr"}


def test_one_value_is_as_good_as_a_list_of_one() -> None:
    one = claims_request.parse('{"id_token": {"sub": {"value": "248289761001"}}}')
    several = claims_request.parse('{"id_token": {"sub": {"values": ["248289761001"]}}}')
    assert one == several


@given(st.text())
def test_any_text_is_a_request_or_an_invalid_one(text: str) -> None:
    assert outcome_of(text) in {None, ErrorCode.INVALID_REQUEST}


@given(st.dictionaries(st.sampled_from(["id_token", "userinfo", "more"]), values).map(json.dumps))
def test_any_json_is_a_request_or_an_invalid_one(text: str) -> None:
    assert outcome_of(text) in {None, ErrorCode.INVALID_REQUEST}


@given(id_token=members, userinfo=members)
def test_every_well_formed_request_is_read(
    id_token: dict[str, object] | None, userinfo: dict[str, object] | None
) -> None:
    text = json.dumps({"id_token": id_token, "userinfo": userinfo})
    if "NaN" in text or "Infinity" in text or len(text) > claims_request.MOST_CHARACTERS:
        return
    asked = claims_request.parse(text)
    assert set(asked.id_token) == set(id_token or {})
    assert set(asked.userinfo) == set(userinfo or {})


@pytest.mark.parametrize("name", ["id_token", "userinfo"])
def test_too_much_is_refused(name: str) -> None:
    at_most = {str(number): None for number in range(claims_request.MOST_CLAIMS)}
    claims_request.parse(json.dumps({name: at_most}))
    with pytest.raises(OAuthError):
        claims_request.parse(json.dumps({name: at_most | {"x": None}}))
