"""The table of all settings: nothing is left out, nothing that somebody set is told."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from authly_server import __main__ as command, setting_table, settings


ROOT = Path(__file__).parents[3]
GUIDE = [
    "DATABASE_URL",
    "JWT_SECRET_KEY",
    "JWT_REFRESH_SECRET_KEY",
    "JWT_ALGORITHM",
    "ACCESS_TOKEN_EXPIRE_MINUTES",
    "REFRESH_TOKEN_EXPIRE_DAYS",
    "OAUTH_ENABLED",
    "AUTHORIZATION_CODE_EXPIRE_MINUTES",
    "PKCE_REQUIRED",
    "REQUIRE_USER_CONSENT",
    "CORS_ORIGINS",
    "ALLOWED_HOSTS",
    "RATE_LIMIT_ENABLED",
    "RATE_LIMIT_REQUESTS_PER_MINUTE",
    "ENVIRONMENT",
    "LOG_LEVEL",
    "DEBUG",
    "SMTP_HOST",
    "SMTP_PORT",
    "SMTP_USERNAME",
    "SMTP_PASSWORD",
    "SMTP_FROM_EMAIL",
    "METRICS_ENABLED",
    "HEALTH_CHECK_ENABLED",
    "REDIS_URL",
    "CACHE_TTL",
    "ADMIN_EMAIL",
    "ADMIN_PASSWORD",
]


def rows() -> dict[str, setting_table.Row]:
    return {
        row.name: row for _, model in setting_table.SECTIONS for row in setting_table.rows(model)
    }


def run(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603  # the program under test
        [sys.executable, "-m", "authly_server", *arguments],
        env={"PYTHONPATH": str(ROOT / "server"), "PATH": os.defpath} | environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_every_setting_is_in_the_table_once_and_explained() -> None:
    every = [r for _, model in setting_table.SECTIONS for r in setting_table.rows(model)]
    assert sorted(row.name for row in every) == sorted(
        name.upper() for name in settings.Settings.model_fields
    )
    assert [row.name for row in every if not row.meaning] == []


@pytest.mark.parametrize("name", GUIDE)
def test_every_setting_of_the_guide_is_known(name: str) -> None:
    assert name in rows()


def test_defaults_are_written_as_one_would_set_them() -> None:
    environ = {row.name: row.default for row in rows().values() if row.default}
    needed = {"DATABASE_URL": "postgresql://nobody@127.0.0.1/authly"}
    assert settings.load(environ | needed) == settings.load(needed)


def test_the_command_prints_all_of_them_and_needs_none() -> None:
    printed = run("settings")
    assert printed.returncode == 0
    assert printed.stderr == ""
    assert {name for name in rows() if f"\n  {name}" in printed.stdout} == set(rows())
    assert max(map(len, printed.stdout.splitlines())) <= 100


def test_what_somebody_has_set_is_not_printed() -> None:
    secret = dict.fromkeys(rows(), "canary")
    printed = run("settings", **secret)
    assert printed.returncode == 0
    assert "canary" not in printed.stdout + printed.stderr


def test_whoever_stops_reading_ends_it_in_silence() -> None:
    pipeline = f"{sys.executable} -m authly_server settings | head -1"
    ended = subprocess.run(  # noqa: S602  # of this test
        pipeline,
        shell=True,
        env={"PYTHONPATH": str(ROOT / "server"), "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ended.stdout, ended.stderr) == ("Server\n", "")


def test_help_has_one_line_for_each_command() -> None:
    helped = run("--help")
    assert helped.returncode == 0
    lines = [" ".join(line.split()) for line in helped.stdout.splitlines()]
    for name, meaning in command.COMMANDS.items():
        assert f"{name} {meaning}" in lines


def test_a_command_that_does_not_exist_is_refused() -> None:
    assert run("destroy").returncode == 2
    assert run().returncode == 2
