"""T4, T6 to T9 and T22: who a client is."""

import base64
import dataclasses
import hashlib
from urllib.parse import urlencode
from uuid import UUID

import pytest
from hypothesis import given, strategies as st

from authly_server.clients import authentication
from authly_server.clients.authentication import Presented
from authly_server.model.client import AuthMethod, Client, ClientType
from authly_server.protocol import errors, parameters
from authly_server.protocol.parameters import Parameters


SECRET = "s3cret/+%"
CONFIDENTIAL = Client(
    id=UUID(int=1),
    client_id="web",
    display_name="Web",
    type=ClientType.CONFIDENTIAL,
    auth_method=AuthMethod.CLIENT_SECRET_BASIC,
    secret_digests=(hashlib.sha256(b"older").digest(), hashlib.sha256(SECRET.encode()).digest()),
    grant_types=frozenset({"authorization_code"}),
    redirect_uris=("https://app.example/cb",),
    scopes=frozenset({"read"}),
    audiences=(),
    require_pkce=True,
    access_token_ttl=None,
    refresh_token_ttl=None,
    enabled=True,
)
PUBLIC = dataclasses.replace(
    CONFIDENTIAL, type=ClientType.PUBLIC, auth_method=AuthMethod.NONE, secret_digests=()
)
BY_POST = dataclasses.replace(CONFIDENTIAL, auth_method=AuthMethod.CLIENT_SECRET_POST)
BASIC = Presented("web", AuthMethod.CLIENT_SECRET_BASIC, (SECRET,))
POST = Presented("web", AuthMethod.CLIENT_SECRET_POST, (SECRET,))
NONE = Presented("web", AuthMethod.NONE)


def basic(client_id: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()


def form(**values: str) -> Parameters:
    return parameters.parse_form(urlencode(values).encode())


def refused(authorization: str | None, read: Parameters) -> tuple[str, int]:
    with pytest.raises(errors.OAuthError) as caught:
        authentication.parse_credentials(authorization, read)
    return caught.value.error, caught.value.status


def test_each_method_is_recognised() -> None:
    parse = authentication.parse_credentials
    assert parse(basic("web", "s"), form()) == dataclasses.replace(BASIC, secrets=("s",))
    assert parse(None, form(client_id="web", client_secret=SECRET)) == POST
    assert parse(None, form(client_id="web")) == NONE


def test_the_same_client_id_may_stand_beside_the_header() -> None:
    read = authentication.parse_credentials(basic("web", "s"), form(client_id="web"))
    assert read.method is AuthMethod.CLIENT_SECRET_BASIC


@pytest.mark.parametrize(
    "values",
    [
        {"client_secret": "s"},
        {"client_id": "web", "client_secret": "s"},
        {"client_id": "other"},
    ],
)
def test_two_ways_to_authenticate_at_once_are_an_invalid_request(values: dict[str, str]) -> None:
    assert refused(basic("web", "s"), form(**values)) == ("invalid_request", 400)


@pytest.mark.parametrize(
    ("values", "answer"),
    [
        ({"client_assertion": "x"}, ("invalid_request", 400)),
        ({"client_assertion_type": "x"}, ("invalid_request", 400)),
        (
            {"client_assertion": "x", "client_assertion_type": "x", "client_secret": "s"},
            ("invalid_request", 400),
        ),
        ({"client_assertion": "x", "client_assertion_type": "x"}, ("invalid_client", 401)),
    ],
)
def test_assertions_authenticate_nobody(values: dict[str, str], answer: tuple[str, int]) -> None:
    assert refused(None, form(client_id="web", **values)) == answer


@pytest.mark.parametrize(
    ("authorization", "values"),
    [
        (None, {}),
        (None, {"client_secret": "s"}),
        (None, {"client_id": "ä"}),
        (None, {"client_id": "x" * 256}),
        (basic("x" * 256, "s"), {}),
        ("Basic !", {}),
        ("Bearer abc", {"client_id": "web"}),
        ("", {"client_id": "web"}),
    ],
)
def test_no_or_malformed_credentials_are_an_invalid_client(
    authorization: str | None, values: dict[str, str]
) -> None:
    assert refused(authorization, form(**values)) == ("invalid_client", 401)


@pytest.mark.parametrize(
    ("client", "presented"),
    [
        (CONFIDENTIAL, BASIC),
        (CONFIDENTIAL, dataclasses.replace(BASIC, secrets=("older",))),
        (CONFIDENTIAL, dataclasses.replace(BASIC, secrets=("decoded", SECRET))),
        (BY_POST, POST),
        (PUBLIC, NONE),
    ],
)
def test_a_client_that_proves_itself_is_answered(client: Client, presented: Presented) -> None:
    assert authentication.authenticate(client, presented) is client


REFUSALS = [
    pytest.param(None, BASIC, id="unknown client"),
    pytest.param(None, NONE, id="unknown public client"),
    pytest.param(CONFIDENTIAL, dataclasses.replace(BASIC, secrets=("wrong",)), id="wrong secret"),
    pytest.param(CONFIDENTIAL, dataclasses.replace(BASIC, secrets=()), id="no secret"),
    pytest.param(CONFIDENTIAL, dataclasses.replace(BASIC, secrets=("\xe4",)), id="not ASCII"),
    pytest.param(CONFIDENTIAL, POST, id="post where basic is registered"),
    pytest.param(BY_POST, BASIC, id="basic where post is registered"),
    pytest.param(CONFIDENTIAL, NONE, id="confidential client without a secret"),
    pytest.param(PUBLIC, BASIC, id="public client with a secret"),
    pytest.param(PUBLIC, POST, id="public client with a secret in the form"),
    pytest.param(dataclasses.replace(CONFIDENTIAL, enabled=False), BASIC, id="disabled client"),
    pytest.param(dataclasses.replace(PUBLIC, enabled=False), NONE, id="disabled public client"),
    pytest.param(dataclasses.replace(CONFIDENTIAL, secret_digests=()), BASIC, id="no secret known"),
]


@pytest.mark.parametrize(("client", "presented"), REFUSALS)
def test_all_others_get_one_and_the_same_answer(
    client: Client | None, presented: Presented
) -> None:
    with pytest.raises(errors.OAuthError) as caught:
        authentication.authenticate(client, presented)
    answer = (caught.value.error, caught.value.description, caught.value.status)
    assert answer == (errors.ErrorCode.INVALID_CLIENT, "client authentication failed", 401)


def test_a_secret_survives_both_ways_of_sending_it() -> None:
    escaped = SECRET.replace("%", "%25").replace("+", "%2B").replace("/", "%2F")
    for sent in (escaped, SECRET):
        presented = authentication.parse_credentials(basic("web", sent), form())
        assert authentication.authenticate(CONFIDENTIAL, presented) is CONFIDENTIAL


@given(st.none() | st.text(st.characters(codec=None)), st.text(), st.text())
def test_whatever_is_presented_is_read_or_refused(
    authorization: str | None, client_id: str, secret: str
) -> None:
    read = Parameters({"client_id": (client_id,), "client_secret": (secret,)})
    for given_form in (Parameters(), read):
        try:
            presented = authentication.parse_credentials(authorization, given_form)
            authentication.authenticate(CONFIDENTIAL, presented)
        except errors.OAuthError:
            continue


def test_a_client_may_use_only_the_grants_that_it_has_registered() -> None:
    authentication.check_may_use_grant(CONFIDENTIAL, "authorization_code")
    with pytest.raises(errors.OAuthError) as caught:
        authentication.check_may_use_grant(CONFIDENTIAL, "client_credentials")
    assert caught.value.error == errors.ErrorCode.UNAUTHORIZED_CLIENT
    assert caught.value.status == 400


def test_a_presented_secret_is_not_in_the_representation() -> None:
    assert SECRET not in repr(BASIC)
