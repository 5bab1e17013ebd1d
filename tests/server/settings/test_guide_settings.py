"""Every setting of the deployment guide's environment: honoured, or said to be without effect.

`PROOF` names the test over HTTP, or of the command, that shows what the setting does.
"""

import re
from pathlib import Path

import pytest

from authly_server import settings


TESTS = Path(__file__).parents[2]
DATABASE = {"DATABASE_URL": "postgresql://authly@127.0.0.1/authly"}
SECRET = "s" * 32
NOT_DONE = "test_settings_without_effect_are_told_and_do_not_hinder"

MAIL = "test_whoever_has_the_mail_chooses_a_new_password_and_signs_in_with_it"

# Name, what it is set to, a value that is refused (None: any text will do), and the proof.
GUIDE: dict[str, tuple[str, str | None, str]] = {
    "DATABASE_URL": (
        "postgresql://authly_user:x@postgres:5432/authly_prod",
        "mysql://x",
        "test_what_needs_the_database_is_unavailable_soon_and_heals_by_itself",
    ),
    "DB_PASSWORD": ("your_secure_db_password_here", None, NOT_DONE),
    "JWT_SECRET_KEY": (
        "your_jwt_secret_key_32_chars_min",
        "short",
        "test_the_guides_two_secrets_sign_access_tokens_and_refresh_tokens",
    ),
    "JWT_REFRESH_SECRET_KEY": (
        "your_refresh_secret_key_32_chars_min",
        "short",
        "test_another_refresh_secret_ends_all_refresh_tokens",
    ),
    "JWT_ALGORITHM": (
        "HS256",
        "none",
        "test_a_resource_server_verifies_tokens_by_the_published_key",
    ),
    "ACCESS_TOKEN_EXPIRE_MINUTES": ("29", "0", "test_lifetimes_are_those_of_the_settings"),
    "REFRESH_TOKEN_EXPIRE_DAYS": ("8", "-1", "test_lifetimes_are_those_of_the_settings"),
    "OAUTH_ENABLED": ("false", "perhaps", "test_what_is_switched_off_is_not_there"),
    "AUTHORIZATION_CODE_EXPIRE_MINUTES": ("9", "11", "test_lifetimes_are_those_of_the_settings"),
    "PKCE_REQUIRED": (
        "false",
        "perhaps",
        "test_an_excused_confidential_client_needs_no_challenge",
    ),
    "REQUIRE_USER_CONSENT": ("false", "perhaps", "test_nobody_is_asked_to_consent"),
    "CORS_ORIGINS": (
        "https://app.example.com,https://admin.example.com",
        "app.example.com",
        "test_a_named_origin_may_call_what_programs_call",
    ),
    "ALLOWED_HOSTS": (
        "auth.example.com,api.example.com",
        None,
        "test_another_host_is_refused",
    ),
    "RATE_LIMIT_ENABLED": ("false", "perhaps", "test_switched_off_nothing_is_counted"),
    "RATE_LIMIT_REQUESTS_PER_MINUTE": ("99", "0", "test_the_figures_are_those_of_the_settings"),
    "ENVIRONMENT": ("staging", None, NOT_DONE),
    "LOG_LEVEL": ("debug", "loud", "test_the_level_of_the_log_is_the_settings"),
    "DEBUG": ("true", "perhaps", "test_the_level_of_the_log_is_the_settings"),
    "SMTP_HOST": ("smtp.gmail.com", None, MAIL),
    "SMTP_PORT": ("465", "0", MAIL),
    "SMTP_USERNAME": ("noreply@example.com", None, MAIL),
    "SMTP_PASSWORD": ("your_smtp_password", None, MAIL),
    "SMTP_FROM_EMAIL": ("noreply@example.com", "a@x.example,b@x.example", MAIL),
    "METRICS_ENABLED": ("false", "perhaps", "test_what_is_switched_off_is_not_there"),
    "HEALTH_CHECK_ENABLED": ("false", "perhaps", "test_what_is_switched_off_is_not_there"),
    "REDIS_URL": ("redis://redis:6379/0", "http://redis", "test_two_processes_share_one_limit"),
    "CACHE_TTL": ("20", "-1", "test_a_client_is_remembered_for_as_long_as_the_setting_says"),
    "ADMIN_EMAIL": ("admin@example.com", "admin", "test_migrating_twice_makes_one_administrator"),
    "ADMIN_PASSWORD": ("a password", None, "test_migrating_twice_makes_one_administrator"),
}


@pytest.fixture(scope="module")
def tests() -> set[str]:
    found: set[str] = set()
    for path in TESTS.rglob("test_*.py"):
        found |= set(re.findall(r"^(?:async )?def (test_\w+)", path.read_text(), re.MULTILINE))
    return found


@pytest.mark.parametrize("name", GUIDE)
def test_a_setting_of_the_guide_is_read(name: str) -> None:
    value, _, _ = GUIDE[name]
    field = name.lower()
    # Alone they would not all be whole.
    together = {"SMTP_FROM_EMAIL": "noreply@example.com"} if name == "SMTP_HOST" else {}
    loaded = settings.load(DATABASE | together | {name: value})
    assert getattr(loaded, field) != settings.Settings.model_fields[field].default


@pytest.mark.parametrize("name", [name for name, (_, wrong, _) in GUIDE.items() if wrong])
def test_a_wrong_value_of_the_guides_settings_is_refused_with_a_reason(name: str) -> None:
    wrong = GUIDE[name][1] or ""
    with pytest.raises(settings.SettingsError) as caught:
        settings.load(DATABASE | {name: wrong})
    (line,) = caught.value.lines
    assert line.startswith(f"{name}: ")
    assert len(line) > len(name) + 10


@pytest.mark.parametrize("name", GUIDE)
def test_a_test_shows_what_a_setting_of_the_guide_does(name: str, tests: set[str]) -> None:
    assert GUIDE[name][2] in tests


def test_what_changes_nothing_is_told_and_nothing_else_is() -> None:
    environ = {name: value for name, (value, _, _) in GUIDE.items()}
    told = {line.split(": ")[0] for line in settings.load(environ).without_effect}
    proved_so = {name for name, (_, _, proof) in GUIDE.items() if proof == NOT_DONE}
    assert told == proved_so - {"ENVIRONMENT"}
