"""A13 and A14: the scope and resource parameters."""

import pytest

from authly_server.protocol import errors, resource_indicator, scope


def test_a_scope_is_a_set_of_names() -> None:
    assert scope.parse("write read write") == {"read", "write"}


def test_a_scope_is_written_sorted() -> None:
    assert scope.format_names({"write", "admin", "read"}) == "admin read write"


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "read ",
        " read",
        "read  write",
        "read\twrite",
        "read,\u00a0x",
        'a"b',
        "a\\b",
        "ä",
        "x" * 256,
        " ".join("a" * 101),
        "x" * 4097,
    ],
)
def test_a_malformed_scope_is_refused(text: str) -> None:
    with pytest.raises(errors.OAuthError) as caught:
        scope.parse(text)
    assert caught.value.error == errors.ErrorCode.INVALID_SCOPE


def test_a_scope_beyond_what_is_allowed_is_refused_by_name() -> None:
    scope.check_allowed({"read"}, {"read", "write"})
    with pytest.raises(errors.OAuthError) as caught:
        scope.check_allowed({"read", "admin"}, {"read", "write"})
    assert caught.value.error == errors.ErrorCode.INVALID_SCOPE
    assert caught.value.description.endswith("admin")


def test_resources_are_kept_in_their_order_and_once() -> None:
    values = ("https://b.example/", "urn:example:api", "https://b.example/")
    assert resource_indicator.parse(values) == ("https://b.example/", "urn:example:api")
    assert resource_indicator.parse(()) == ()


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("api", id="relative"),
        pytest.param("/api", id="absolute path"),
        pytest.param("//api.example", id="without a scheme"),
        pytest.param("https://api.example/#x", id="fragment"),
        pytest.param("https://api.example/#", id="empty fragment"),
        pytest.param("https:", id="scheme only"),
        pytest.param("1https://x", id="scheme that begins with a digit"),
        pytest.param("https://api example", id="space"),
        pytest.param("https://api.example/\n", id="line break"),
        pytest.param("https://[::1", id="broken brackets"),
        pytest.param("https://ä.example", id="not ASCII"),
        pytest.param("https://x/" + "a" * 2048, id="too long"),
    ],
)
def test_a_resource_that_is_not_an_absolute_uri_is_an_invalid_target(value: str) -> None:
    with pytest.raises(errors.OAuthError) as caught:
        resource_indicator.parse((value,))
    assert caught.value.error == errors.ErrorCode.INVALID_TARGET


def test_more_resources_than_ten_are_an_invalid_target() -> None:
    values = tuple(f"https://{n}.example/" for n in range(11))
    assert len(resource_indicator.parse(values[:10])) == 10
    with pytest.raises(errors.OAuthError) as caught:
        resource_indicator.parse(values)
    assert caught.value.error == errors.ErrorCode.INVALID_TARGET


def test_a_resource_that_the_client_may_not_use_is_an_invalid_target() -> None:
    resource_indicator.check_allowed(("urn:a:b",), {"urn:a:b"})
    with pytest.raises(errors.OAuthError) as caught:
        resource_indicator.check_allowed(("urn:a:b", "urn:a:c"), {"urn:a:b"})
    assert caught.value.error == errors.ErrorCode.INVALID_TARGET
