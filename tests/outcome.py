"""How a run ended, kept where `dev/again` reads it: one that was cut off leaves nothing."""

from typing import Final

import pytest


_KEY: Final = "authly/outcome"


class Keeper:
    """A plugin that keeps the exit status and the files with a test that failed."""

    def __init__(self) -> None:
        self._failed: set[str] = set()

    def pytest_sessionstart(self, session: pytest.Session) -> None:
        _keep(session, None)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self._failed.add(report.nodeid.partition("::")[0])

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        _keep(session, {"status": int(exitstatus), "failed": sorted(self._failed)})


def _keep(session: pytest.Session, told: object) -> None:
    if (cache := getattr(session.config, "cache", None)) is not None:
        cache.set(_KEY, told)
