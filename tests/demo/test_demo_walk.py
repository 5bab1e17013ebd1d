"""The demo's sign-in and tokens, against a real server as CONTEXT=… reaches it: plain HTTP."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from demo import narration, sign_in, walk
from demo.browser import Browser
from demo.failure import Failure
from demo.place import Address
from throwaway import registration, server as throwaway_server


@dataclass(frozen=True)
class Secrets:
    """What the operator would have written."""

    of: dict[tuple[str, str], dict[str, str]]

    def secret(self, namespace: str, name: str) -> dict[str, str]:
        return self.of[namespace, name]


@pytest.fixture
def server(database_url: str) -> Iterator[throwaway_server.Server]:
    running = throwaway_server.create(database_url, ISSUER=walk.ISSUER)
    with contextlib.closing(running):
        yield running


@pytest.fixture
def place(database_url: str) -> Secrets:
    registration.migrate(database_url)
    registration.apply_scope(database_url, "orders:read")
    web = registration.apply_client(
        database_url,
        client_id="shop.web",
        redirect_uris=[walk.REDIRECT_URI],
        scopes=list(walk.SCOPES),
    )
    report = registration.apply_client(
        database_url,
        client_id="shop.report",
        grant_types=["client_credentials"],
        redirect_uris=[],
        scopes=["orders:read"],
    )
    admin = {"ADMIN_EMAIL": registration.EMAIL, "ADMIN_PASSWORD": registration.PASSWORD}
    return Secrets(
        {
            ("authly", "main-credentials"): admin,
            ("shop", "web-oauth"): {"client_id": "shop.web", "client_secret": web.secret},
            ("shop", "report-oauth"): {"client_id": "shop.report", "client_secret": report.secret},
        }
    )


def run(place: Secrets, server: throwaway_server.Server) -> None:
    walk.run(place, narration.Story(), Address(server.port, None))  # type: ignore[arg-type]


def test_the_walk_goes_all_the_way_and_again(
    place: Secrets, server: throwaway_server.Server, capsys: pytest.CaptureFixture[str]
) -> None:
    run(place, server)
    first = capsys.readouterr().out
    assert "POST /consent, decision=allow" in first
    assert "GET  /userinfo: {'sub':" in first
    assert first.count("POST /introspect: {'active': True") == 2
    run(place, server)
    assert "POST /consent" not in capsys.readouterr().out  # consent is remembered


def test_no_credential_is_printed(
    place: Secrets, server: throwaway_server.Server, capsys: pytest.CaptureFixture[str]
) -> None:
    run(place, server)
    out = capsys.readouterr().out
    assert registration.PASSWORD not in out
    for name in ("web-oauth", "report-oauth"):
        assert place.secret("shop", name)["client_secret"] not in out
    assert max(map(len, out.replace("&", " ").split())) < 200  # no whole token


def test_a_wrong_password_is_told_in_one_line(
    place: Secrets, server: throwaway_server.Server
) -> None:
    place.of["authly", "main-credentials"]["ADMIN_PASSWORD"] = "another one entirely"
    with pytest.raises(Failure, match="did not accept the administrator's password"):
        run(place, server)


def test_a_server_of_another_issuer_is_refused(
    place: Secrets, server: throwaway_server.Server
) -> None:
    elsewhere = walk.Walk(
        place,  # type: ignore[arg-type]
        narration.Story(),
        Browser(Address(server.port, None), "https://other.example.com"),
    )
    with pytest.raises(Failure, match="is about the issuer https://localhost:8443"):
        elsewhere.discover()


@pytest.mark.parametrize(
    ("answer", "refusal"),
    [
        ("code=c&state=mine&iss=https://evil.example.com", "iss is"),
        ("code=c&state=mine", "iss is None"),
        ("code=c&state=theirs&iss=https://login.example.com", "state is 'theirs'"),
        ("error=access_denied&error_description=no", "refused: access_denied: no"),
    ],
)
def test_an_answer_to_somebody_else_is_refused(answer: str, refusal: str) -> None:
    request = sign_in.Request("shop.web", walk.REDIRECT_URI, (), state="mine")
    with pytest.raises(Failure, match=refusal):
        sign_in.code(f"{walk.REDIRECT_URI}?{answer}", request, "https://login.example.com")
