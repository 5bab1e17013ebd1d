"""T1 to T5: token requests that are no forms, say something twice, or ask for no grant of ours."""

import gzip

import pytest

from throwaway.instance import Instance, problem


FORM = "application/x-www-form-urlencoded"
GRANT = "grant_type=client_credentials"


@pytest.mark.parametrize("path", ["/token", "/auth/token", "/auth/refresh", "/revoke"])
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "HEAD"])
def test_only_post_is_allowed(instance: Instance, path: str, method: str) -> None:
    answer = instance.http.request(method, path)
    assert answer.status_code == 405
    assert "POST" in answer.headers["Allow"]


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        pytest.param("application/json", b'{"grant_type":"client_credentials"}', id="JSON"),
        pytest.param("multipart/form-data; boundary=x", b"--x--", id="multipart"),
        pytest.param("multipart/form-data", b"--x--", id="multipart without boundary"),
        pytest.param(f"{FORM}; charset=utf-7", GRANT.encode(), id="UTF-7"),
        pytest.param(f"{FORM}; charset=no-such", GRANT.encode(), id="unknown charset"),
        pytest.param(f"{FORM}; charset=", GRANT.encode(), id="empty charset is UTF-8"),
        pytest.param("", GRANT.encode(), id="no content type"),
        pytest.param("text/plain", GRANT.encode(), id="text"),
        pytest.param("//;;=", GRANT.encode(), id="malformed content type"),
        pytest.param(FORM, b"grant_type=%zz", id="malformed escape"),
        pytest.param(FORM, b"grant_type=%c3%28", id="escaped invalid UTF-8"),
        pytest.param(FORM, b"grant_type=\xff\xfe", id="invalid UTF-8"),
        pytest.param(FORM, b"grant_type=%ed%a0%80", id="lone surrogate"),
        pytest.param(FORM, b"grant_type=client_credentials%00", id="NUL"),
        pytest.param(FORM, b"grant_type=client_credentials&scope=\x00", id="raw NUL"),
        pytest.param(FORM, b"&".join([b"a=b"] * 200), id="200 parameters"),
        pytest.param(FORM, b"a" * 200 + b"=b", id="long name"),
        pytest.param(FORM, b"", id="no body"),
        pytest.param(FORM, b"=&=&&==", id="empty pairs"),
    ],
)
def test_a_body_that_is_no_form_is_an_invalid_request(
    instance: Instance, content_type: str, body: bytes
) -> None:
    headers = {"Content-Type": content_type} if content_type else {}
    answer = instance.http.post("/token", content=body, headers=headers, auth=instance.shop.basic)
    if content_type.endswith("charset="):
        assert answer.status_code == 200
    else:
        assert problem(answer) == (400, "invalid_request")


def test_a_compressed_body_is_refused_unread(instance: Instance) -> None:
    bomb = gzip.compress(b"a" * 10_000_000)
    headers = {"Content-Type": FORM, "Content-Encoding": "gzip"}
    answer = instance.http.post("/token", content=bomb, headers=headers)
    assert problem(answer) == (400, "invalid_request")


def test_a_body_of_more_than_64_kilobytes_is_refused(instance: Instance) -> None:
    headers = {"Content-Type": FORM}
    answer = instance.http.post("/token", content=b"a=" + b"x" * 70_000, headers=headers)
    assert problem(answer) == (413, "invalid_request")


@pytest.mark.parametrize(
    ("url", "body"),
    [
        pytest.param("/token", f"{GRANT}&{GRANT}", id="grant_type twice"),
        pytest.param("/token", f"{GRANT}&scope=read&scope=read", id="scope twice"),
        pytest.param("/token", f"{GRANT}&x=1&x=2", id="an unknown one twice"),
        pytest.param(f"/token?{GRANT}", GRANT, id="in the query and in the body"),
        pytest.param("/token?client_secret=x", GRANT, id="credentials in the query"),
    ],
)
def test_repeated_parameters_and_those_in_the_query_are_refused(
    instance: Instance, url: str, body: str
) -> None:
    answer = instance.http.post(
        url, content=body, headers={"Content-Type": FORM}, auth=instance.shop.basic
    )
    assert problem(answer) == (400, "invalid_request")


@pytest.mark.parametrize(
    ("form", "error"),
    [
        pytest.param({}, "invalid_request", id="no grant_type"),
        pytest.param({"grant_type": ""}, "invalid_request", id="empty"),
        pytest.param({"grant_type": "magic"}, "unsupported_grant_type", id="unknown"),
        pytest.param({"grant_type": "password"}, "unsupported_grant_type", id="password"),
        pytest.param({"grant_type": "implicit"}, "unsupported_grant_type", id="implicit"),
        pytest.param({"grant_type": "authorization_code"}, "invalid_request", id="no code"),
        pytest.param({"grant_type": "refresh_token"}, "invalid_request", id="no refresh_token"),
    ],
)
def test_a_grant_type_that_is_missing_or_not_supported_is_named(
    instance: Instance, form: dict[str, str], error: str
) -> None:
    assert problem(instance.post("/token", **form)) == (400, error)


def test_a_grant_type_that_the_client_may_not_use_is_unauthorized(instance: Instance) -> None:
    narrow = instance.apply_client("narrow", grant_types=["authorization_code"])
    answer = instance.post("/token", narrow, grant_type="client_credentials")
    assert problem(answer) == (400, "unauthorized_client")
