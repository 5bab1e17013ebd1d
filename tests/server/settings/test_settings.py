import pytest

from authly_server import settings


DATABASE = {"DATABASE_URL": "postgresql://authly@127.0.0.1/authly"}
SECRET = "s" * 32


def refused(**environ: str) -> tuple[str, ...]:
    with pytest.raises(settings.SettingsError) as caught:
        settings.load(DATABASE | environ)
    return caught.value.lines


def test_the_guides_defaults_hold_where_nothing_is_set() -> None:
    loaded = settings.load(DATABASE)
    lifetimes = (loaded.access_token_ttl, loaded.refresh_token_ttl, loaded.authorization_code_ttl)
    assert lifetimes == (1800, 604_800, 600)
    assert loaded.jwt_algorithm == "ES256"


def test_a_missing_database_is_named() -> None:
    with pytest.raises(settings.SettingsError) as caught:
        settings.load({})
    assert caught.value.lines == ("DATABASE_URL: Field required",)


def test_decimals_of_a_minute_and_of_a_day_are_whole_seconds() -> None:
    loaded = settings.load(
        DATABASE | {"ACCESS_TOKEN_EXPIRE_MINUTES": "0.5", "REFRESH_TOKEN_EXPIRE_DAYS": "0.5"}
    )
    assert (loaded.access_token_ttl, loaded.refresh_token_ttl) == (30, 43_200)


def test_an_empty_variable_is_an_absent_one() -> None:
    assert settings.load(DATABASE | {"REDIS_URL": ""}).redis_url is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ISSUER", "http://auth.example.com"),
        ("ISSUER", "https://auth.example.com/#x"),
        ("ISSUER", "auth.example.com"),
        ("DATABASE_URL", "mysql://x"),
        ("JWT_ALGORITHM", "none"),
        ("AUTHORIZATION_CODE_EXPIRE_MINUTES", "11"),
        ("ACCESS_TOKEN_EXPIRE_MINUTES", "NaN"),
        ("ACCESS_TOKEN_EXPIRE_MINUTES", "-1"),
        ("SECRET_KEY", "short"),
        ("PKCE_REQUIRED", "perhaps"),
        ("TRUSTED_PROXIES", "10.0.0.0/33"),
        ("PORT", "65536"),
        ("LOG_LEVEL", "loud"),
        ("BACKUP_NAME", "../etc"),
    ],
)
def test_a_wrong_value_is_one_line_that_names_the_variable(name: str, value: str) -> None:
    lines = refused(**{name: value})
    assert all(line.startswith(f"{name}: ") for line in lines)


def test_no_line_repeats_the_value_of_a_secret() -> None:
    assert "hunter2" not in " ".join(refused(SECRET_KEY="hunter2", JWT_SECRET_KEY="hunter2"))


def test_every_wrong_value_has_its_own_line() -> None:
    assert len(refused(PORT="x", LOG_LEVEL="loud", ISSUER="x")) == 3


def test_the_two_jwt_secrets_must_differ() -> None:
    assert refused(JWT_SECRET_KEY=SECRET, JWT_REFRESH_SECRET_KEY=SECRET) == (
        "JWT_REFRESH_SECRET_KEY must differ from JWT_SECRET_KEY",
    )


def test_serving_asks_for_issuer_and_keys() -> None:
    with pytest.raises(settings.SettingsError) as caught:
        settings.check_serving(settings.load(DATABASE | {"JWT_ALGORITHM": "HS256"}))
    assert [line.split(":")[0] for line in caught.value.lines] == [
        "ISSUER",
        "SECRET_KEY",
        "JWT_REFRESH_SECRET_KEY",
        "JWT_SECRET_KEY",
    ]


def test_log_levels_are_read_in_either_case() -> None:
    assert settings.load(DATABASE | {"LOG_LEVEL": "INFO"}).log_level == "info"
