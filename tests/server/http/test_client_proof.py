"""T6 to T9 and T22: who cannot prove which client they are, is told the same in each case."""

import base64
import hashlib
import time

import pytest

from throwaway.instance import Instance, problem
from throwaway.registration import RegisteredClient


FORM = "application/x-www-form-urlencoded"
GRANT = "grant_type=client_credentials"


@pytest.fixture(scope="module")
def poster(instance: Instance) -> RegisteredClient:
    return instance.apply_client("poster", auth_method="client_secret_post")


@pytest.fixture(scope="module")
def public(instance: Instance) -> RegisteredClient:
    return instance.apply_client("public", auth_method="none")


def basic(text: str | bytes) -> str:
    raw = text if isinstance(text, bytes) else text.encode()
    return "Basic " + base64.b64encode(raw).decode()


@pytest.mark.parametrize(
    "form",
    [
        pytest.param({"client_secret": "x"}, id="secret in the body too"),
        pytest.param({"client_id": "other"}, id="another client_id in the body"),
        pytest.param({"client_assertion": "x"}, id="assertion without its type"),
        pytest.param({"client_assertion_type": "x"}, id="type without its assertion"),
        pytest.param(
            {"client_secret": "x", "client_assertion": "x", "client_assertion_type": "x"},
            id="three methods",
        ),
    ],
)
def test_two_ways_of_authentication_are_an_invalid_request(
    instance: Instance, form: dict[str, str]
) -> None:
    answer = instance.post("/token", grant_type="client_credentials", **form)
    assert problem(answer) == (400, "invalid_request")


def test_an_assertion_is_not_a_method_that_any_client_has(instance: Instance) -> None:
    kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    form = {"client_assertion": "a.b.c", "client_assertion_type": kind}
    answer = instance.http.post("/token", data={"grant_type": "client_credentials"} | form)
    assert problem(answer) == (401, "invalid_client")


@pytest.mark.parametrize(
    "authorization",
    [
        pytest.param(basic("shop:wrong"), id="wrong secret"),
        pytest.param(basic("nobody:wrong"), id="unknown client"),
        pytest.param(basic("poster:" + "poster-secret".ljust(32, "x")), id="method not registered"),
        pytest.param(basic("public:"), id="public client"),
        pytest.param("Basic !!!", id="no base64"),
        pytest.param("Basic", id="nothing"),
        pytest.param(basic("shop"), id="no colon"),
        pytest.param(basic(":secret"), id="no client_id"),
        pytest.param(basic("shop:%zz"), id="malformed escape"),
        pytest.param(basic(b"shop:\xff\xfe"), id="not UTF-8"),
        pytest.param(basic("shop:\x00"), id="NUL"),
        pytest.param(basic("sh\u00f6p:x"), id="not ASCII"),
        pytest.param(basic("x" * 256 + ":x"), id="long client_id"),
        pytest.param("Bearer x", id="another scheme"),
        pytest.param("Basic " + "A" * 10_000, id="10 KB"),
    ],
)
def test_credentials_that_prove_nothing_are_challenged_all_alike(
    instance: Instance, authorization: str, poster: RegisteredClient, public: RegisteredClient
) -> None:
    assert poster.secret
    assert not public.secret
    headers = {"Authorization": authorization}
    answer = instance.http.post(
        "/token", data={"grant_type": "client_credentials"}, headers=headers
    )
    assert problem(answer) == (401, "invalid_client")
    assert answer.headers["WWW-Authenticate"].startswith("Basic ")


@pytest.mark.parametrize(
    "form",
    [
        pytest.param({"client_id": "poster", "client_secret": "wrong"}, id="wrong secret"),
        pytest.param({"client_id": "nobody", "client_secret": "wrong"}, id="unknown client"),
        pytest.param({"client_id": "shop"}, id="confidential client without a secret"),
        pytest.param({"client_id": "public", "client_secret": "x"}, id="public client with one"),
        pytest.param({"client_id": "public", "client_secret": "é"}, id="not ASCII"),
        pytest.param({"client_id": "\u202e"}, id="client_id of a format character"),
        pytest.param({}, id="nothing at all"),
    ],
)
def test_wrong_credentials_in_the_body_are_refused_without_a_challenge(
    instance: Instance, form: dict[str, str], poster: RegisteredClient, public: RegisteredClient
) -> None:
    assert poster.client_id != public.client_id
    answer = instance.http.post("/token", data={"grant_type": "refresh_token"} | form)
    assert problem(answer)[1] in {"invalid_client", "invalid_request"}
    complete = instance.http.post("/token", data={"grant_type": "client_credentials"} | form)
    assert problem(complete) == (401, "invalid_client")
    assert "WWW-Authenticate" not in complete.headers


def test_an_unknown_client_and_a_wrong_secret_cannot_be_told_apart(instance: Instance) -> None:
    wrong = instance.http.post("/token", data={"grant_type": "x"}, auth=("shop", "wrong"))
    unknown = instance.http.post("/token", data={"grant_type": "x"}, auth=("nobody", "wrong"))
    assert wrong.content == unknown.content
    one, other = (
        instance.http.post("/token", content=GRANT, headers={"Content-Type": FORM}, auth=auth)
        for auth in (("shop", "wrong"), ("nobody", "wrong"))
    )
    assert one.content == other.content
    assert one.status_code == other.status_code == 401


def test_an_unknown_client_costs_what_a_wrong_secret_costs(instance: Instance) -> None:
    """By the time of the processor, which is the one thing that other load leaves alone."""
    cost = []
    for client_id in ("shop", "nobody"):
        before = instance.server.cpu_seconds
        for _ in range(300):
            form = {"grant_type": "client_credentials"}
            instance.http.post("/token", data=form, auth=(client_id, "wrong"))
        cost.append(instance.server.cpu_seconds - before)
    wrong, unknown = cost
    assert 0.6 < wrong / unknown < 1.7


def test_two_authorization_headers_are_an_invalid_request(instance: Instance) -> None:
    headers = [("Authorization", basic("shop:a")), ("Authorization", basic("shop:b"))]
    answer = instance.http.post(
        "/token", data={"grant_type": "client_credentials"}, headers=headers
    )
    assert problem(answer) == (400, "invalid_request")


def test_a_header_of_a_megabyte_is_refused_quickly(instance: Instance) -> None:
    started = time.monotonic()
    headers = {"Authorization": "Basic " + "A" * 2**20}
    assert instance.http.post("/token", headers=headers).status_code in {400, 401}
    assert time.monotonic() - started < 2


@pytest.mark.parametrize(
    "secret",
    [
        pytest.param("plus+percent%and space:colon", id="as it is"),
        pytest.param("plus%2Bpercent%25and+space%3Acolon", id="form-encoded, as RFC 6749 asks"),
    ],
)
def test_a_secret_with_special_characters_is_read_in_both_ways(
    instance: Instance, secret: str
) -> None:
    digest = hashlib.sha256(b"plus+percent%and space:colon").hexdigest()
    instance.apply_client("special", secret_sha256=[digest])
    answer = instance.http.post(
        "/token", data={"grant_type": "client_credentials"}, auth=("special", secret)
    )
    assert answer.status_code == 200


def test_a_client_with_two_secrets_may_use_either(instance: Instance) -> None:
    digests = [hashlib.sha256(secret).hexdigest() for secret in (b"old-secret", b"new-secret")]
    instance.apply_client("rotating", secret_sha256=digests)
    for secret in ("old-secret", "new-secret"):
        form = {"grant_type": "client_credentials"}
        assert instance.http.post("/token", data=form, auth=("rotating", secret)).status_code == 200


MACHINE = {"grant_type": "client_credentials"}


@pytest.mark.parametrize(
    ("form", "status"),
    [
        pytest.param({"client_id": "remembered"}, 200, id="the same client_id"),
        pytest.param({"client_id": "shop"}, 400, id="another client_id"),
        pytest.param({"client_secret": "right"}, 400, id="a secret in the form"),
        pytest.param({"client_assertion": "a.b.c"}, 400, id="an assertion without its type"),
    ],
)
def test_a_header_that_was_right_before_is_looked_at_with_the_form_beside_it(
    instance: Instance, form: dict[str, str], status: int
) -> None:
    instance.apply_client("remembered", secret_sha256=[hashlib.sha256(b"right").hexdigest()])
    auth = ("remembered", "right")
    for _ in range(2):
        assert instance.http.post("/token", data=MACHINE, auth=auth).status_code == 200
    assert instance.http.post("/token", data=MACHINE | form, auth=auth).status_code == status


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"enabled": False}, id="disabled"),
        pytest.param({"secret_sha256": [hashlib.sha256(b"other").hexdigest()]}, id="rotated"),
    ],
)
def test_a_header_that_was_right_before_is_refused_once_its_client_has_changed(
    instance: Instance, change: dict[str, object]
) -> None:
    digests = [hashlib.sha256(b"right").hexdigest()]
    instance.apply_client("changing", secret_sha256=digests)
    auth = ("changing", "right")
    for _ in range(2):
        assert instance.http.post("/token", data=MACHINE, auth=auth).status_code == 200
    instance.apply_client("changing", **{"secret_sha256": digests, **change})
    deadline = time.monotonic() + 20
    while (answer := instance.http.post("/token", data=MACHINE, auth=auth)).status_code == 200:
        assert time.monotonic() < deadline, "the change is announced, and seen at once"
    assert answer.json()["error"] == "invalid_client"
