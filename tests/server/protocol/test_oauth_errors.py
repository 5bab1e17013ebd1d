import contextlib
from collections.abc import Iterator

import pytest

from authly_server.protocol import errors


@pytest.mark.parametrize(
    ("code", "status"),
    [
        (errors.ErrorCode.INVALID_REQUEST, 400),
        (errors.ErrorCode.INVALID_GRANT, 400),
        (errors.ErrorCode.UNAUTHORIZED_CLIENT, 400),
        (errors.ErrorCode.INVALID_CLIENT, 401),
        (errors.ErrorCode.INVALID_TOKEN, 401),
        (errors.ErrorCode.INSUFFICIENT_SCOPE, 403),
        (errors.ErrorCode.SERVER_ERROR, 500),
        (errors.ErrorCode.TEMPORARILY_UNAVAILABLE, 503),
    ],
)
def test_an_error_has_the_status_of_its_standard(code: errors.ErrorCode, status: int) -> None:
    assert errors.OAuthError(code, "").status == status


def test_a_status_can_be_asked_for() -> None:
    assert errors.OAuthError(errors.ErrorCode.INVALID_REQUEST, "", 415).status == 415


def test_a_description_holds_only_what_rfc_6749_allows() -> None:
    sent = 'a "quoted" back\\slash <tag>\r\nä\0'
    described = errors.OAuthError(errors.ErrorCode.INVALID_SCOPE, sent).description
    assert described == "a ?quoted? back?slash <tag>????"


def test_a_description_is_cut_short() -> None:
    assert len(errors.invalid_request("x" * 100_000).description) == 400


def test_a_page_error_is_an_oauth_error_that_no_redirect_may_carry() -> None:
    error = errors.PageError("no such client")
    assert isinstance(error, errors.OAuthError)
    assert (error.error, error.status) == (errors.ErrorCode.INVALID_REQUEST, 400)


def test_an_error_passes_through_context_managers() -> None:
    @contextlib.contextmanager
    def transaction() -> Iterator[None]:
        yield

    with pytest.raises(errors.OAuthError, match="invalid_request: no"), transaction():
        raise errors.invalid_request("no")
