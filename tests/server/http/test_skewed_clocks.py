"""Replicas whose clocks differ by ten seconds: what one has issued is good at the other at once."""

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

import jwt
import pytest

from throwaway import server as throwaway_server
from throwaway.browser import VERIFIER, Browser, has_form, told
from throwaway.instance import Instance, problem
from throwaway.server import PROGRAM, Server


OWN = frozenset({"DATABASE_URL", "PORT", "MANAGEMENT_PORT"})
# Python runs a module of this name before anything else.
SHIFT = """
import datetime

from authly_server import clock

now = clock.SystemClock.now
clock.SystemClock.now = lambda self: now(self) + datetime.timedelta(seconds={seconds})
"""


def replica(instance: Instance, directory: Path, seconds: int) -> Server:
    """One more process, whose clock is wrong by so many seconds."""
    directory.mkdir()
    (directory / "sitecustomize.py").write_text(SHIFT.format(seconds=seconds))
    shared = {name: value for name, value in instance.server.environ.items() if name not in OWN}
    path = os.pathsep.join((str(directory), str(PROGRAM)))
    return throwaway_server.create(
        instance.database_url, tls=False, start=True, PYTHONPATH=path, **shared
    )


@pytest.fixture(scope="module")
def ahead(instance: Instance, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    """Five seconds ahead."""
    server = replica(instance, tmp_path_factory.mktemp("clocks") / "ahead", 5)
    with contextlib.closing(Instance(instance.database_url, server, instance.shop)) as started:
        yield started


@pytest.fixture(scope="module")
def behind(instance: Instance, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    """Five seconds behind."""
    server = replica(instance, tmp_path_factory.mktemp("clocks") / "behind", -5)
    with contextlib.closing(Instance(instance.database_url, server, instance.shop)) as started:
        yield started


@pytest.fixture(params=["from ahead to behind", "from behind to ahead"])
def ways(
    request: pytest.FixtureRequest, ahead: Instance, behind: Instance
) -> tuple[Instance, Instance]:
    """Who issues, and who is asked next."""
    return (ahead, behind) if request.param == "from ahead to behind" else (behind, ahead)


def test_their_clocks_do_differ(ahead: Instance, behind: Instance) -> None:
    for instance, seconds in ((ahead, 5), (behind, -5)):
        issued = instance.post("/token", grant_type="client_credentials").json()["access_token"]
        claims = jwt.decode(issued, options={"verify_signature": False})
        assert abs(claims["iat"] - time.time() - seconds) < 4


def test_tokens_of_one_are_live_at_the_other(ways: tuple[Instance, Instance]) -> None:
    one, other = ways
    issued = one.tokens(scope="profile")
    assert other.is_active(issued["access_token"])
    assert other.is_active(issued["refresh_token"])
    assert other.userinfo(issued["access_token"]).status_code == 200
    successor = other.refresh(issued["refresh_token"])
    assert successor.status_code == 200
    assert one.is_active(successor.json()["access_token"])


def test_a_code_of_one_is_good_at_the_other_once(ways: tuple[Instance, Instance]) -> None:
    one, other = ways
    code = one.code()
    assert other.exchange(code, code_verifier=VERIFIER).status_code == 200
    assert problem(one.exchange(code)) == (400, "invalid_grant")


def test_the_grace_of_a_rotation_is_told_by_the_database(ways: tuple[Instance, Instance]) -> None:
    one, other = ways
    token = one.tokens()["refresh_token"]
    first = one.refresh(token).json()["refresh_token"]
    assert other.refresh(token).json()["refresh_token"] == first
    one.execute("UPDATE authly.tokens SET rotated_at = rotated_at - interval '31 seconds'")
    assert problem(other.refresh(token)) == (400, "invalid_grant")


def test_who_signs_in_at_one_goes_on_at_the_other(ways: tuple[Instance, Instance]) -> None:
    one, other = ways
    with contextlib.closing(Browser(one.server.base_url)) as browser:
        page = browser.authorize(one.shop)
        assert has_form(page, "login-form")
        browser.client.base_url = other.server.base_url  # as a balancer sends one there
        consent = browser.sign_in(page)
        browser.client.base_url = one.server.base_url
        answer = (
            browser.submit(consent, decision="allow")
            if has_form(consent, "consent-form")
            else consent
        )
        assert "code" in told(answer)
        assert "code" in told(browser.authorize(one.shop, max_age="60", prompt="none"))
