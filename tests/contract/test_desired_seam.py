"""What the operator writes is what the server reads: environment, ports, paths, rows."""

from decimal import Decimal
from typing import Any

import psycopg
import pytest
from hypothesis import given, strategies as st
from psycopg.types.json import Jsonb
from tests.operator_desired import plans

from authly_operator.api import authly_scope, authly_server
from authly_operator.desired import client_row, config, ingress, scope_row
from authly_operator.material import owner_passwords
from authly_operator.observed import Manifest
from authly_server import settings
from authly_server.backup import dump_script
from authly_server.web import routes
from authly_server.web.admin import frame


def containers(manifest: Manifest, kind: str = "containers") -> list[Any]:
    spec = manifest["spec"]
    job = spec["jobTemplate"]["spec"] if "jobTemplate" in spec else spec
    return list(job["template"]["spec"][kind])


def environment(spec: dict[str, Any], kind: str, name: str) -> dict[str, str]:
    """What the operator itself gives to our program, as the kubelet resolves it."""
    plan = plans.plan(spec)
    found = {(m["kind"], m["metadata"]["name"]): m for m in plans.everything(plan)}
    ours = [one for one in containers(found[(kind, name)]) if one["image"] == plan.image]
    (container,) = ours
    given_all = found[("ConfigMap", "main-config")]["data"] if "envFrom" in container else {}
    secret = {
        **dict.fromkeys(owner_passwords.KEYS, "postgresql://during:a@rotation/d"),
        **plan.material.credentials,
        "AWS_ACCESS_KEY_ID": "id",
        "AWS_SECRET_ACCESS_KEY": "s",
        "key": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
    }
    theirs = {one["name"] for one in spec.get("extraEnv", ())}
    single = {
        one["name"]: one.get("value") or secret[one["valueFrom"]["secretKeyRef"]["key"]]
        for one in container["env"]
        if one["name"] not in theirs
    }
    return {**given_all, **single}


@pytest.mark.parametrize("name", plans.SPECS)
def test_the_server_starts_with_what_its_deployment_gives(name: str) -> None:
    environ = environment(plans.SPECS[name], "Deployment", "main")
    loaded = settings.load(environ)
    settings.check_serving(loaded)

    known = {field.upper() for field in settings.Settings.model_fields}
    assert set(environ) <= known
    assert loaded.issuer == authly_server.Spec.model_validate(plans.SPECS[name]).effective_issuer()
    assert (loaded.port, loaded.management_port) == (config.PORT, config.MANAGEMENT_PORT)
    assert loaded.signing_keys_file == f"{config.KEYS_DIRECTORY}/keyring.json"


def test_the_large_server_has_every_setting_of_its_spec() -> None:
    loaded = settings.load(environment(plans.FULL, "Deployment", "main"))

    assert (loaded.access_token_ttl, loaded.authorization_code_ttl) == (90, 60)
    assert loaded.refresh_token_ttl == 360_000
    assert loaded.access_token_format == "opaque"
    assert (loaded.pkce_required, loaded.require_user_consent) == (False, False)
    assert (loaded.database_pool_min, loaded.database_pool_max) == (2, 20)
    assert loaded.cors_origins == ("https://app.example.com", "https://admin.example.com")
    assert "main.auth.svc" in loaded.allowed_hosts
    assert (loaded.log_level, loaded.log_format) == ("debug", "console")
    assert (loaded.rate_limit_enabled, loaded.rate_limit_requests_per_minute) == (True, 200)
    assert loaded.auth_rate_limit_requests_per_minute == 20
    assert loaded.auth_rate_limit_burst == 0
    assert loaded.default_scopes == ("openid", "orders")
    assert (loaded.pushed_authorization_required, loaded.device_flow_enabled) == (True, False)
    assert (loaded.login_throttle_enabled, loaded.password_hash_cost) == (False, 13)
    assert loaded.password_minimum_length == 15
    assert loaded.client_id_metadata_documents
    assert loaded.dynamic_registration == "token"
    assert len(loaded.initial_access_token or "") >= 32
    assert loaded.dynamic_client_scopes == ("openid", "orders")
    assert loaded.dynamic_client_audiences == ("https://api.example.com",)
    assert loaded.dynamic_client_limit == 10
    assert (loaded.redis_url or "").endswith("@main-redis.auth.svc:6379/0")


def test_a_server_that_writes_to_people_hands_its_mail_over_as_the_spec_says() -> None:
    loaded = settings.load(environment(plans.BY_FIELDS, "Deployment", "main"))
    assert (loaded.smtp_host, loaded.smtp_port) == ("smtp.example.com", 2465)
    assert loaded.mail_security == "tls"
    assert (loaded.smtp_username, loaded.smtp_password) == ("authly", "hunter2")
    assert loaded.smtp_from_email == "accounts@example.com"
    assert loaded.without_effect == ()


def test_scopes_that_are_given_by_default_come_over_whatever_they_are_made_of() -> None:
    names = ["openid", "orders:read", "https://api.example.com/all", "!#$%&'()*+-./[]^_`{|}~"]
    spec = {**plans.MINIMAL, "oauth": {"defaultScopes": names}}
    assert settings.load(environment(spec, "Deployment", "main")).default_scopes == tuple(names)


def test_a_server_of_fapi_is_set_to_it_and_can_serve() -> None:
    spec = {
        **plans.MINIMAL,
        "oauth": {"profile": "FAPI2"},
        "tokens": {"authorizationCodeTTL": "60s"},
    }
    loaded = settings.load(environment(spec, "Deployment", "main"))
    settings.check_serving(loaded)
    assert loaded.is_fapi


@pytest.mark.parametrize(
    ("spec", "is_limited"),
    [
        pytest.param({}, True, id="by default"),
        pytest.param({"ingress": {"enabled": True, "host": "a.example"}}, False, id="one address"),
        pytest.param(
            {
                "ingress": {"enabled": True, "host": "a.example"},
                "security": {"trustedProxies": ["10.0.0.0/8"]},
            },
            True,
            id="proxies that are believed",
        ),
        pytest.param(
            {
                "ingress": {"enabled": True, "host": "a.example"},
                "security": {"rateLimit": {"enabled": True}},
            },
            True,
            id="on",
        ),
        pytest.param({"security": {"rateLimit": {"enabled": False}}}, False, id="off"),
    ],
)
def test_addresses_are_limited_where_they_can_be_told_apart(
    spec: dict[str, Any], is_limited: bool
) -> None:
    whole = {**plans.MINIMAL, **spec}
    loaded = settings.load(environment(whole, "Deployment", "main"))
    assert loaded.rate_limit_enabled is is_limited


@pytest.mark.parametrize(
    ("spec", "kind", "name"),
    [
        (plans.FULL, "CronJob", "main-backup"),
        (plans.EXTERNAL, "CronJob", "main-backup"),
        (plans.MINIMAL, "CronJob", "main-maintenance"),
        (plans.MINIMAL, "Job", plans.plan(plans.MINIMAL).migration_job),
    ],
)
def test_jobs_read_what_they_are_given(spec: dict[str, Any], kind: str, name: str) -> None:
    environ = environment(spec, kind, name)
    loaded = settings.load(environ)

    assert set(environ) <= {field.upper() for field in settings.Settings.model_fields}
    assert loaded.database_url == plans.plan(spec).material.credentials["MIGRATION_DATABASE_URL"]


def test_a_dump_is_ordered_made_and_found_where_all_three_containers_have_it() -> None:
    made = plans.everything(plans.plan(plans.BY_FIELDS))
    (cronjob,) = [one for one in made if one["metadata"]["name"] == "main-backup"]
    prepare, dump = containers(cronjob, "initContainers")
    (keep,) = containers(cronjob)
    ordered, kept = ({v["name"]: v.get("value") for v in one["env"]} for one in (prepare, keep))
    places = [{m["mountPath"] for m in one["volumeMounts"]} for one in (prepare, dump, keep)]

    assert set(ordered) <= {field.upper() for field in settings.Settings.model_fields}
    assert dump["command"] == ["sh", f"{ordered['BACKUP_ORDER_DIRECTORY']}/{dump_script.RUN}"]
    assert ordered["BACKUP_DUMP_DIRECTORY"] == kept["BACKUP_DUMP_DIRECTORY"]
    assert all(ordered["BACKUP_DUMP_DIRECTORY"] in one for one in places)
    assert [ordered["BACKUP_ORDER_DIRECTORY"] in one for one in places] == [True, True, False]


@given(seconds=st.integers(1, 31_536_000))
def test_a_lifetime_comes_back_as_its_very_seconds(seconds: int) -> None:
    tokens = {"accessTokenTTL": f"{seconds}s", "refreshTokenTTL": f"{seconds}s"}
    spec = authly_server.Spec.model_validate({**plans.MINIMAL, "tokens": tokens})
    data = config.data(spec, plans.IDENTITY)

    assert round(Decimal(data["ACCESS_TOKEN_EXPIRE_MINUTES"]) * 60) == seconds
    assert round(Decimal(data["REFRESH_TOKEN_EXPIRE_DAYS"]) * 86_400) == seconds


REGISTERING = {"dynamicRegistration": {"mode": "Open"}}
MAILING = {"email": {"smtp": {"host": "smtp.example.com"}, "from": "accounts@example.com"}}


@pytest.mark.parametrize("issuer", ["https://auth.example.com", "https://auth.example.com/a/b"])
@pytest.mark.parametrize("oauth", [{}, {"deviceFlow": False}, REGISTERING])
@pytest.mark.parametrize("mail", [{}, MAILING], ids=["no mail", "mail"])
def test_the_ingress_publishes_every_path_of_the_server_but_its_health(
    issuer: str, oauth: dict[str, Any], mail: dict[str, Any]
) -> None:
    spec = {**plans.MINIMAL, "issuer": issuer, "oauth": oauth, **mail}
    table = set(routes.table(settings.load(environment(spec, "Deployment", "main")), issuer))
    plan = plans.plan(spec)
    below = ingress.prefixes(plan)
    whole = {path for path in table if not path.startswith(below or "nothing")}

    assert set(ingress.paths(plan)) == whole - {route.path for route in routes.HEALTH}
    assert len(below) == len(table - whole) // 2
    assert all(prefix in table for prefix in below)


@pytest.mark.parametrize("issuer", ["https://auth.example.com", "https://auth.example.com/a/b"])
def test_the_ingress_publishes_all_that_is_for_administrators_at_their_port(issuer: str) -> None:
    spec = {**plans.FULL, "issuer": issuer}
    loaded = settings.load(environment(spec, "Deployment", "main"))
    made = plans.everything(plans.plan(spec))
    (published,) = (each for each in made if each["kind"] == "Ingress")
    paths = published["spec"]["rules"][0]["http"]["paths"]
    (admin,) = (each for each in paths if each["backend"]["service"]["name"] == "main-admin")

    assert admin["backend"]["service"]["port"]["number"] == loaded.admin_port == config.ADMIN_PORT
    table = frame.routes_below(issuer)
    assert [path for path in table if not path.startswith(f"{admin['path']}/")] == []


@pytest.mark.parametrize(
    ("name", "written", "setting"),
    [
        ("corsOrigins", ["https://a.example:8443", "http://localhost:3000", "*"], "cors_origins"),
        ("corsOrigins", ["https://[::1]:8443"], "cors_origins"),
        ("allowedHosts", ["Auth.example.com:8443"], "allowed_hosts"),
        ("trustedProxies", ["10.0.0.0/8", "fd00::/8", "192.0.2.1"], "trusted_proxies"),
        ("adminNetworks", ["10.0.0.0/8", "fd00::/8", "192.0.2.1"], "admin_networks"),
    ],
)
def test_what_admission_lets_through_is_read_by_the_server(
    name: str, written: list[str], setting: str
) -> None:
    environ = environment({**plans.MINIMAL, "security": {name: written}}, "Deployment", "main")

    read = getattr(settings.load(environ), setting)
    assert set(map(str.lower, written)) <= {str(one).removesuffix("/32").lower() for one in read}


def test_rows_are_accepted_and_come_back_as_they_are(database_url: str) -> None:
    given_scope = {"serverRef": {"name": "main"}, "name": "orders", "isDefault": True}
    scope = scope_row.build(authly_scope.Spec.model_validate(given_scope), plans.CLIENT_IDENTITY)
    spec = plans.client(
        grantTypes=["refresh_token", "authorization_code"],
        redirectUris=["https://b.example", "https://a.example"],
        scopes=["read", "orders"],
        tokens={"accessTokenTTL": "1h30m"},
    )
    row = client_row.build(spec, plans.CLIENT_IDENTITY, ["cd" * 32, "ab" * 32])

    with psycopg.connect(database_url) as connection:

        def call(statement: str, *arguments: object) -> Any:
            (answer,) = connection.execute(statement, arguments).fetchone() or (None,)
            return answer

        assert call("SELECT authly_api.apply_scope(%s, 1)", Jsonb(scope))["outcome"] == "Created"
        assert call("SELECT authly_api.apply_client(%s, 1)", Jsonb(row))["outcome"] == "Created"
        assert call("SELECT authly_api.observe_client(%s)", row["client_id"]) == row
        observed = call("SELECT authly_api.observe_scope('orders')")

    assert scope.items() <= observed.items()
