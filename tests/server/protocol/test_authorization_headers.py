"""T8, R5 and R7: Basic credentials and bearer tokens."""

import base64

import pytest

from authly_server.protocol import basic, bearer, errors, parameters


def header(credentials: str | bytes) -> str:
    raw = credentials.encode() if isinstance(credentials, str) else credentials
    return f"Basic {base64.b64encode(raw).decode()}"


def test_credentials_are_read() -> None:
    # RFC 6749 section 2.3.1.
    read = basic.parse("Basic czZCaGRSa3F0Mzo3RmpmcDBaQnIxS3REUmJuZlZkbUl3")
    assert (read.client_id, read.secrets) == ("s6BhdRkqt3", ("7Fjfp0ZBr1KtDRbnfVdmIw",))


@pytest.mark.parametrize("scheme", ["basic", "BASIC", "bAsIc"])
def test_the_scheme_is_read_in_any_case(scheme: str) -> None:
    assert basic.parse(header("a:b").replace("Basic", scheme)).client_id == "a"


def test_a_secret_may_contain_colons() -> None:
    assert basic.parse(header("a:b:c")).secrets == ("b:c",)


@pytest.mark.parametrize(
    ("sent", "readings"),
    [
        ("p%2Bq", ("p+q", "p%2Bq")),
        ("p+q", ("p q", "p+q")),
        ("p%zz", ("p%zz",)),
        ("plain", ("plain",)),
        ("p%00", ("p%00",)),
        ("", ()),
    ],
)
def test_a_secret_that_can_be_read_in_two_ways_has_the_standards_first(
    sent: str, readings: tuple[str, ...]
) -> None:
    assert basic.parse(header(f"a:{sent}")).secrets == readings


def test_an_identifier_is_form_decoded() -> None:
    assert basic.parse(header("my%3Aapp+1:s")).client_id == "my:app 1"


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("", id="empty"),
        pytest.param("Basic", id="only the scheme"),
        pytest.param("Basic ", id="nothing after the scheme"),
        pytest.param("Bearer YTpi", id="other scheme"),
        pytest.param("Basic YTpi!", id="not base64"),
        pytest.param("Basic YTp", id="bad padding"),
        pytest.param("Basic YT pi", id="space inside"),
        pytest.param("Basic \u00e4", id="not ASCII"),
        pytest.param("Basic \ud800", id="lone surrogate"),
        pytest.param(header("nocolon"), id="no colon"),
        pytest.param(header(":secret"), id="no identifier"),
        pytest.param(header("a%zz:secret"), id="malformed escape in the identifier"),
        pytest.param(header("a%00:secret"), id="NUL in the identifier"),
        pytest.param(header(b"\xff:secret"), id="identifier that is not UTF-8"),
        pytest.param(header("ä:secret"), id="identifier beyond ASCII"),
        pytest.param("Basic " + "A" * 1_000_000, id="a megabyte"),
    ],
)
def test_malformed_basic_credentials_are_an_invalid_client(value: str) -> None:
    with pytest.raises(errors.OAuthError) as caught:
        basic.parse(value)
    assert (caught.value.error, caught.value.status) == (errors.ErrorCode.INVALID_CLIENT, 401)


def test_a_secret_that_cannot_be_one_has_no_reading() -> None:
    assert basic.parse(header(b"a:\xff")).secrets == ()


def test_a_secret_is_not_in_the_representation() -> None:
    assert "hunter2" not in repr(basic.parse(header("a:hunter2")))


def form(body: bytes) -> parameters.Parameters:
    return parameters.parse_form(body)


def test_a_bearer_token_is_found_in_header_or_form() -> None:
    assert bearer.find("Bearer abc.def-_~+/==") == "abc.def-_~+/=="
    assert bearer.find("bearer  abc") == "abc"
    assert bearer.find(None, form(b"access_token=abc")) == "abc"


@pytest.mark.parametrize("value", [None, "Basic YTpi", "", "DPoP abc"])
def test_no_bearer_token_is_no_error(value: str | None) -> None:
    assert bearer.find(value) is None


def test_a_token_sent_in_two_ways_is_an_invalid_request() -> None:
    with pytest.raises(errors.OAuthError) as caught:
        bearer.find("Bearer a", form(b"access_token=a"))
    assert caught.value.error == errors.ErrorCode.INVALID_REQUEST


@pytest.mark.parametrize("token", ["", " ", "a b", "a=b", "ä", "a,b", "a" * 16385, "\ud800"])
def test_a_malformed_bearer_token_is_an_invalid_token(token: str) -> None:
    with pytest.raises(errors.OAuthError) as caught:
        bearer.find(f"Bearer {token}")
    assert (caught.value.error, caught.value.status) == (errors.ErrorCode.INVALID_TOKEN, 401)
