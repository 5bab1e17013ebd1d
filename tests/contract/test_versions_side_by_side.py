"""The version before beside the present one, while each step of the migration between them is done.

That version is the newest release. While there is none it is the last state of this repository that
has an older schema. Either comes out of the history. Where a clone has none (it is shallow), the
present version stands in for it: then two of one version are tried, and no step between.
"""

import contextlib
import io
import logging
import re
import subprocess
import tarfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from authly_server.storage import migrate, revisions
from throwaway import registration, server as throwaway_server
from throwaway.instance import Instance, problem


ROOT = Path(__file__).parents[2]
MIGRATIONS = "server/authly_server/storage/migrations"
WORKERS = 3
log = logging.getLogger(__name__)


def git(*arguments: str) -> bytes:
    argv = ("/usr/bin/git", "-c", "safe.directory=*", "-C", str(ROOT), *arguments)
    return subprocess.run(argv, capture_output=True, check=True).stdout  # noqa: S603


def revisions_of(commit: str) -> list[int]:
    names = git("ls-tree", "--name-only", f"{commit}:{MIGRATIONS}").decode().split()
    return sorted(
        int(found[0]) for name in names if (found := re.match(r"\d{4}(?=_.*\.sql)", name))
    )


def version_before() -> str:
    """The newest release, or the last commit whose schema is older and numbered without gaps."""
    releases = git("tag", "--list", "v*", "--sort=-version:refname").decode().split()
    commits = git("log", "--format=%H", "--", MIGRATIONS).decode().split()
    for commit in releases or commits:
        numbers = revisions_of(commit)
        is_older = bool(releases) or numbers[-1] < revisions.latest()
        if is_older and numbers == list(range(1, len(numbers) + 1)):
            return commit
    is_shallow = git("rev-parse", "--is-shallow-repository").strip() == b"true"
    assert is_shallow, "no commit of a whole history has an older schema"
    log.warning("a shallow clone: the present version stands in for the one before")
    return "HEAD"


@pytest.fixture(scope="module")
def former(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tree of the version before."""
    directory = tmp_path_factory.mktemp("former")
    content = git("archive", version_before(), "server")
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        archive.extractall(directory, filter="data")
    return directory / "server"


@dataclass
class Load:
    """Clients that rotate refresh tokens at both versions, and ask about what they got."""

    instances: tuple[Instance, Instance]
    stopping: threading.Event = field(default_factory=threading.Event)
    rounds: int = 0
    wrong: list[str] = field(default_factory=list)

    def work(self, refresh_token: str) -> None:
        """A 503 is asked again, as Retry-After says; it may cost nothing."""
        turn = 0
        while not self.stopping.is_set():
            turn += 1
            instance = self.instances[turn % 2]
            answer = self._ask(instance, refresh_token)
            if answer.status_code == 503:
                continue
            if answer.status_code != 200:
                self.wrong.append(f"refresh {answer.status_code} {answer.text}")
                return
            issued = answer.json()
            refresh_token = issued["refresh_token"]
            other = self.instances[(turn + 1) % 2]
            told = other.post("/introspect", token=issued["access_token"])
            if told.status_code != 503 and not told.json()["active"]:
                self.wrong.append(f"introspect {told.status_code} {told.text}")
            self.rounds += 1

    def _ask(self, instance: Instance, refresh_token: str) -> httpx.Response:
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        return httpx.post(
            f"{instance.server.base_url}/token", data=form, auth=instance.shop.basic, timeout=10
        )


@contextlib.contextmanager
def under_load(load: Load, refresh_tokens: list[str]) -> Iterator[None]:
    workers = [threading.Thread(target=load.work, args=(token,)) for token in refresh_tokens]
    for worker in workers:
        worker.start()
    try:
        yield
    finally:
        load.stopping.set()
        for worker in workers:
            worker.join(timeout=30)


def wait_for_rounds(load: Load, more: int) -> None:
    """Until that many more were done, whatever the state of the schema is."""
    wanted = load.rounds + more
    waiting = threading.Event()
    for _ in range(600):
        if load.rounds >= wanted or load.wrong:
            return
        waiting.wait(0.05)
    pytest.fail(f"no {more} rounds in 30 seconds; wrong: {load.wrong}")


@contextlib.contextmanager
def versions(url: str, former: Path) -> Iterator[tuple[Instance, Instance]]:
    """The version before, ready, and the present one, which waits for its schema."""
    with contextlib.ExitStack() as stack:
        old = throwaway_server.create(url, start=False)
        stack.callback(old.kill)
        old.program = former
        email, password = registration.EMAIL, registration.PASSWORD
        old.environ |= {"ADMIN_EMAIL": email, "ADMIN_PASSWORD": password, "CACHE_TTL": "0"}
        done = old.run("migrate")
        assert done.returncode == 0, done.stderr
        shop = registration.apply_client(url)
        old.start()
        new = throwaway_server.create(url, start=False)
        stack.callback(new.kill)
        ports = {"PORT", "MANAGEMENT_PORT"}
        new.environ |= {name: value for name, value in old.environ.items() if name not in ports}
        new.start(until="/health/live")
        pair = Instance(url, old, shop), Instance(url, new, shop)
        for instance in pair:
            stack.enter_context(contextlib.closing(instance))
            instance.http.get("/health/live")  # its client is there before threads share it
        yield pair


def test_both_versions_serve_while_each_step_is_done_and_lose_nothing(
    empty_database_url: str, former: Path
) -> None:
    with versions(empty_database_url, former) as (old, new):
        with migrate.connected(empty_database_url) as connection:
            present = migrate.find_revision(connection)
        assert present <= revisions.latest()
        issued_before, code_before = old.tokens(scope="profile"), old.code()
        families = [old.tokens()["refresh_token"] for _ in range(WORKERS)]
        if present < revisions.latest():
            waiting = new.http.get("/health/ready")
            assert waiting.status_code == 503
            assert "revision" in waiting.json()["reason"]

        with under_load(load := Load((old, old)), families):
            for count in range(present + 1, revisions.latest() + 1):
                wait_for_rounds(load, 2 * WORKERS)
                with migrate.locked(empty_database_url) as connection:
                    migrate.upgrade(connection, revisions.every()[:count])
                assert old.http.get("/health/ready").status_code == 200
                old.tokens()  # a whole flow of a person, by the old program on the newer schema
            wait_for_rounds(load, 2 * WORKERS)
        assert load.wrong == []

        new.server.wait("/health/ready")
        families = [old.tokens()["refresh_token"], new.tokens()["refresh_token"]]
        with under_load(both := Load((old, new)), families):
            wait_for_rounds(both, 20)
            assert new.exchange(code_before).status_code == 200
            assert old.exchange(new.code()).status_code == 200
            assert new.is_active(issued_before["access_token"])
            assert new.userinfo(issued_before["access_token"]).status_code == 200
            assert new.refresh(issued_before["refresh_token"]).status_code == 200
        assert both.wrong == []

        revoked = new.tokens()
        new.post("/revoke", token=revoked["refresh_token"]).raise_for_status()
        assert not old.is_active(revoked["access_token"])
        assert problem(old.refresh(revoked["refresh_token"])) == (400, "invalid_grant")
        assert old.http.get("/health/ready").status_code == 200
