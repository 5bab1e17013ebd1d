import pytest
from hypothesis import given, strategies as st

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
        ("ISSUER", "https://auth.example.com?"),
        ("ISSUER", "https://auth.example.com/#"),
        ("ISSUER", "https://auth.example.com\n"),
        ("ISSUER", "https://user@auth.example.com"),
        ("ISSUER", "https://"),
        ("ISSUER", "https://[::1"),
        ("ISSUER", "https://auth.example.com:99999"),
        ("ISSUER", "https://\u00e4.example.com"),
        ("ISSUER", "https://\udcff.example.com"),
        ("CORS_ORIGINS", "https://app.example.com,https://app.example.com/path"),
        ("CORS_ORIGINS", "app.example.com"),
        ("CORS_ORIGINS", "https://*.example.com"),
        ("CORS_ORIGINS", "https://App.example.com"),
        ("ADMIN_EMAIL", "admin"),
        ("ADMIN_EMAIL", "a@b\r\nBcc: c@d"),
        ("DATABASE_POOL_MAX", "1" + "0" * 5000),
        ("PORT", "9223372036854775808"),
        ("ACCESS_TOKEN_EXPIRE_MINUTES", "1e400"),
        ("REFRESH_TOKEN_EXPIRE_DAYS", "Infinity"),
        ("DATABASE_URL", "mysql://x"),
        ("JWT_ALGORITHM", "none"),
        ("AUTHORIZATION_CODE_EXPIRE_MINUTES", "11"),
        ("ACCESS_TOKEN_EXPIRE_MINUTES", "NaN"),
        ("ACCESS_TOKEN_EXPIRE_MINUTES", "-1"),
        ("SECRET_KEY", "short"),
        ("PKCE_REQUIRED", "perhaps"),
        ("TRUSTED_PROXIES", "10.0.0.0/33"),
        ("ADMIN_NETWORKS", "10.0.0.1/8"),
        ("ADMIN_NETWORKS", "localhost"),
        ("ADMIN_PORT", "0"),
        ("PORT", "65536"),
        ("LOG_LEVEL", "loud"),
        ("LOG_FORMAT", "xml"),
        ("DEFAULT_SCOPES", 'a"b'),
        ("DEFAULT_SCOPES", "a" * 129),
        ("DEFAULT_SCOPES", "café"),
        ("BACKUP_NAME", "../etc"),
    ],
)
def test_a_wrong_value_is_one_line_that_names_the_variable(name: str, value: str) -> None:
    lines = refused(**{name: value})
    assert len(lines) == 1
    assert all(line.startswith(f"{name}: ") for line in lines)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ISSUER", "https://auth.example.com"),
        ("ISSUER", "https://auth.example.com:8443/tenant"),
        ("CORS_ORIGINS", "https://app.example.com, http://localhost:3000"),
        ("CORS_ORIGINS", "*"),
        ("ADMIN_EMAIL", "admin@example.com"),
        ("TRUSTED_PROXIES", "10.0.0.0/8, ::1/128,127.0.0.1"),
        ("PKCE_REQUIRED", "0"),
        ("JWT_ALGORITHM", "EdDSA"),
    ],
)
def test_a_right_value_is_accepted(name: str, value: str) -> None:
    assert getattr(settings.load(DATABASE | {name: value}), name.lower()) is not None


def test_a_list_is_split_at_commas_and_empty_parts_are_dropped() -> None:
    loaded = settings.load(DATABASE | {"ALLOWED_HOSTS": " a.example , ,b.example,"})
    assert loaded.allowed_hosts == ("a.example", "b.example")


@given(
    st.dictionaries(
        st.sampled_from([name.upper() for name in settings.Settings.model_fields]),
        st.text(st.characters(codec=None)),
        max_size=5,
    )
)
def test_any_environment_is_read_or_told_line_by_line(environ: dict[str, str]) -> None:
    try:
        loaded = settings.load(DATABASE | environ)
    except settings.SettingsError as error:
        assert error.lines  # noqa: PT017
        assert all(line.isprintable() for line in error.lines)  # noqa: PT017
        return
    assert loaded.access_token_ttl > 0


def test_no_line_repeats_the_value_of_a_secret() -> None:
    assert "hunter2" not in " ".join(refused(SECRET_KEY="hunter2", JWT_SECRET_KEY="hunter2"))


def test_every_wrong_value_has_its_own_line() -> None:
    assert len(refused(PORT="x", LOG_LEVEL="loud", ISSUER="x")) == 3


def test_what_settings_say_together_is_told_beside_what_each_says_alone() -> None:
    lines = refused(
        PORT="x",
        DATABASE_URL="mysql://x",
        DATABASE_POOL_MIN="9",
        DATABASE_POOL_MAX="8",
        KUBERNETES_ISSUER="https://kubernetes",
        DYNAMIC_REGISTRATION="token",
    )
    assert sorted(line.split(":")[0] for line in lines) == [
        "DATABASE_POOL_MIN",
        "DATABASE_URL",
        "INITIAL_ACCESS_TOKEN",
        "KUBERNETES_ISSUER",
        "PORT",
    ]


def test_what_is_wrong_already_is_not_told_twice() -> None:
    lines = refused(DATABASE_POOL_MIN="9", DATABASE_POOL_MAX="0", INITIAL_ACCESS_TOKEN="x")
    assert sorted(line.split(":")[0] for line in lines) == [
        "DATABASE_POOL_MAX",
        "INITIAL_ACCESS_TOKEN",
    ]


def test_the_two_jwt_secrets_must_differ() -> None:
    assert refused(JWT_SECRET_KEY=SECRET, JWT_REFRESH_SECRET_KEY=SECRET) == (
        "JWT_REFRESH_SECRET_KEY: must differ from JWT_SECRET_KEY",
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


@pytest.mark.parametrize("text", ["openid,read", "openid read", " openid , read,", "openid\nread"])
def test_names_of_scopes_stand_between_commas_or_spaces(text: str) -> None:
    loaded = settings.load(DATABASE | {"DEFAULT_SCOPES": text})
    assert loaded.default_scopes == ("openid", "read")


def test_log_levels_are_read_in_either_case() -> None:
    assert settings.load(DATABASE | {"LOG_LEVEL": "INFO"}).log_level == "info"


@pytest.mark.parametrize(
    ("environ", "line"),
    [
        ({}, "AUTHORIZATION_CODE_EXPIRE_MINUTES: must be 1 at most with OAUTH_PROFILE=fapi2"),
        ({"PKCE_REQUIRED": "false"}, "PKCE_REQUIRED: must be true with OAUTH_PROFILE=fapi2"),
        ({"JWT_ALGORITHM": "RS256"}, "JWT_ALGORITHM: must be ES256 or EdDSA"),
    ],
)
def test_a_server_of_fapi_is_not_set_to_what_the_profile_forbids(
    environ: dict[str, str], line: str
) -> None:
    good = {
        "OAUTH_PROFILE": "fapi2",
        "ISSUER": "https://login.example.com",
        "SECRET_KEY": SECRET,
        "JWT_REFRESH_SECRET_KEY": SECRET,
    }
    minute = {"AUTHORIZATION_CODE_EXPIRE_MINUTES": "1"}
    settings.check_serving(settings.load(DATABASE | good | minute))
    with pytest.raises(settings.SettingsError) as caught:
        settings.check_serving(
            settings.load(DATABASE | good | (minute if environ else {}) | environ)
        )
    (told,) = caught.value.lines
    assert told.startswith(line)


@pytest.mark.parametrize("port", ["8000", "9000"])
def test_the_port_of_administrators_is_one_of_its_own_where_there_is_one(port: str) -> None:
    (line,) = refused(ADMIN_NETWORKS="10.0.0.0/8", ADMIN_PORT=port)
    assert line == "ADMIN_PORT: must be another port than PORT and MANAGEMENT_PORT"
    assert settings.load(DATABASE | {"ADMIN_PORT": port}).admin_networks == ()


def test_a_port_of_administrators_without_their_networks_is_told_to_have_no_effect() -> None:
    loaded = settings.load(DATABASE | {"ADMIN_PORT": "9002"})
    assert loaded.without_effect == ("ADMIN_PORT: has no effect without ADMIN_NETWORKS",)
    both = settings.load(DATABASE | {"ADMIN_PORT": "9002", "ADMIN_NETWORKS": "::1"})
    assert both.without_effect == ()
