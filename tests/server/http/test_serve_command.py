"""`authly-server serve`: wrong settings end it with one line each, right ones are all honoured."""

import contextlib
import json
import socket

import httpx
import pytest

from throwaway import instance as throwaway_instance, keys, server as throwaway_server
from throwaway.instance import Instance


NOBODY = "postgresql://nobody@127.0.0.1:1/authly"
PEM = keys.draw("x")["privateKey"]


def serve(**environ: str) -> tuple[int, list[str]]:
    """The exit code and the lines of a server that does not get to serving."""
    server = throwaway_server.create(NOBODY, tls=False, start=False, **environ)
    with contextlib.closing(server):
        server.start(until="")
        code = server.join()
        return code, server.log.read_text().splitlines()


@pytest.mark.parametrize(
    ("environ", "names"),
    [
        pytest.param({"ISSUER": "http://login.example.com"}, ["ISSUER"], id="http issuer"),
        pytest.param({"ISSUER": ""}, ["ISSUER"], id="no issuer"),
        pytest.param({"SECRET_KEY": "short"}, ["SECRET_KEY"], id="short secret"),
        pytest.param(
            {"PORT": "x", "LOG_LEVEL": "loud", "DATABASE_POOL_MAX": "0"},
            ["DATABASE_POOL_MAX", "LOG_LEVEL", "PORT"],
            id="three at once",
        ),
        pytest.param(
            {"ISSUER": "", "SECRET_KEY": "", "JWT_REFRESH_SECRET_KEY": ""},
            ["ISSUER", "JWT_REFRESH_SECRET_KEY", "SECRET_KEY"],
            id="three missing",
        ),
        pytest.param(
            {"JWT_ALGORITHM": "HS256", "JWT_SECRET_KEY": ""}, ["JWT_SECRET_KEY"], id="no secret"
        ),
        pytest.param(
            {"JWT_ALGORITHM": "HS256", "JWT_SECRET_KEY": PEM}, ["JWT_SECRET_KEY"], id="a PEM key"
        ),
        pytest.param({"JWT_ALGORITHM": "EdDSA"}, ["SIGNING_KEYS_FILE"], id="key of another kind"),
        pytest.param({"SIGNING_KEYS_FILE": "/nowhere"}, ["SIGNING_KEYS_FILE"], id="no key ring"),
        pytest.param({"SIGNING_KEYS_FILE": "/etc/hostname"}, ["SIGNING_KEYS_FILE"], id="no ring"),
        pytest.param(
            {"DATABASE_URL": "postgresql://a:canary@[::1"}, ["DATABASE_URL"], id="broken URL"
        ),
        pytest.param({"DATABASE_URL": "mysql://a:canary@b"}, ["DATABASE_URL"], id="other database"),
        pytest.param({"REDIS_URL": "redis://:canary@b:x"}, ["REDIS_URL"], id="broken Redis URL"),
    ],
)
def test_a_wrong_setting_ends_it_with_one_line_that_names_it(
    environ: dict[str, str], names: list[str]
) -> None:
    code, lines = serve(**environ)
    assert code == 2
    assert sorted(line.split(":")[0] for line in lines) == names
    assert "canary" not in "".join(lines)


def test_a_port_that_is_taken_ends_it_with_one_line() -> None:
    with socket.create_server(("0.0.0.0", 0)) as taken:  # noqa: S104  # where the server listens
        code, lines = serve(PORT=str(taken.getsockname()[1]))
    assert code == 1
    assert [line for line in lines if line.startswith("authly-server serve: cannot listen: ")]
    assert "Traceback" not in "".join(lines)


def test_settings_without_effect_are_told_and_do_not_hinder(database_url: str) -> None:
    environ = {
        "SMTP_USERNAME": "authly",
        "SMTP_PASSWORD": "canary",
        "ENVIRONMENT": "staging",
    }
    with throwaway_instance.running(database_url, tls=False, **environ) as instance:
        records = instance.server.records()
    told = {each["setting"].split(":")[0] for each in records if "setting" in each}
    assert told == {"SMTP_USERNAME", "SMTP_PASSWORD"}
    assert "canary" not in json.dumps(records)
    (serving,) = (each for each in records if each["event"] == "serving")
    assert serving["environment"] == "staging"


def test_what_is_switched_off_is_not_there(database_url: str) -> None:
    environ = {
        "OAUTH_ENABLED": "false",
        "HEALTH_CHECK_ENABLED": "true",
        "METRICS_ENABLED": "false",
    }
    with throwaway_instance.running(database_url, tls=False, **environ) as instance:
        for path in ("/authorize", "/token", "/jwks", "/.well-known/openid-configuration"):
            assert instance.http.get(path).status_code == 404
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{instance.server.management_url}/metrics")
        instance.server.kill()
        instance.server.environ["HEALTH_CHECK_ENABLED"] = "false"
        instance.server.environ["OAUTH_ENABLED"] = "true"
        instance.server.start(until="/jwks")
        for path in ("/health", "/health/live", "/health/ready"):
            assert instance.http.get(path).status_code == 404


def test_lifetimes_are_those_of_the_settings(database_url: str) -> None:
    environ = {
        "ACCESS_TOKEN_EXPIRE_MINUTES": "5",
        "REFRESH_TOKEN_EXPIRE_DAYS": "2",
        "AUTHORIZATION_CODE_EXPIRE_MINUTES": "1",
    }
    with throwaway_instance.running(database_url, tls=False, **environ) as instance:
        assert instance.tokens()["expires_in"] == 300
        seconds = "SELECT extract(epoch FROM expires_at - created_at)::integer FROM authly."
        assert instance.fetch(f"{seconds}authorization_codes") == 60
        assert instance.fetch(f"{seconds}tokens") == 2 * 86_400


def test_a_cached_client_is_forgotten_when_it_changes(database_url: str) -> None:
    """With the default cache: the announcement is heard within moments, far below its lifetime."""
    with throwaway_instance.running(database_url, tls=False) as instance:
        assert _status(instance) == 200
        instance.apply_client("shop", enabled=False)
        instance.server.wait("/health/ready")
        while _status(instance) != 401:
            pass
        instance.apply_client("shop")
        while _status(instance) != 200:
            pass


@pytest.mark.parametrize(("seconds", "status"), [("0", 401), ("30", 200)])
def test_a_client_is_remembered_for_as_long_as_the_setting_says(
    database_url: str, seconds: str, status: int
) -> None:
    """When nobody announces its change, as an operator does."""
    with throwaway_instance.running(database_url, tls=False, CACHE_TTL=seconds) as instance:
        assert _status(instance) == 200
        instance.execute("UPDATE authly.clients SET enabled = false")
        assert _status(instance) == status


@pytest.mark.parametrize(
    ("environ", "levels"),
    [
        ({"LOG_LEVEL": "warning"}, set()),
        ({"LOG_LEVEL": "info"}, {"info"}),
        ({"LOG_LEVEL": "warning", "DEBUG": "true"}, {"info", "debug"}),
    ],
)
def test_the_level_of_the_log_is_the_settings(
    database_url: str, environ: dict[str, str], levels: set[str]
) -> None:
    with throwaway_instance.running(database_url, tls=False, **environ) as instance:
        for path in ("/jwks", "/health"):  # probes are of no interest but for debugging
            assert instance.http.get(path).status_code == 200
        records = instance.server.records()
    assert {each["level"] for each in records if each["event"] == "request"} == levels


def _status(instance: Instance) -> int:
    return instance.post("/token", grant_type="client_credentials").status_code


def test_tls_before_it_makes_the_issuer_reachable(database_url: str) -> None:
    with throwaway_instance.running(database_url, tls=True) as instance:
        context = instance.server.tls_context()
        with httpx.Client(base_url=instance.server.issuer, verify=context) as client:
            told = client.get("/.well-known/openid-configuration").json()
            assert told["issuer"] == instance.server.issuer
            assert client.get(told["jwks_uri"]).json()["keys"]


def test_check_config_says_what_serve_would() -> None:
    server = throwaway_server.create(NOBODY, tls=False, start=False, SMTP_USERNAME="x")
    with contextlib.closing(server):
        ended = server.run("check-config")
    assert (ended.returncode, ended.stderr) == (0, "")
    (line,) = json.loads(ended.stdout)["without_effect"]
    assert line.startswith("SMTP_USERNAME: ")


@pytest.mark.parametrize(
    ("environ", "names"),
    [
        pytest.param(
            {
                # Each alone, several together, what is missing, and files, all in one run.
                "PORT": "x",
                "LOG_LEVEL": "canary",
                "ISSUER": "",
                "SECRET_KEY": "canary",
                "DATABASE_POOL_MIN": "20",
                "SIGNING_KEYS_FILE": "/nowhere",
                "OUTBOUND_CA_FILE": "/nowhere",
                "KUBERNETES_CA_FILE": "/etc/hostname",
                "REDIS_URL": "redis://:canary@b:x",
            },
            {
                "DATABASE_POOL_MIN",
                "ISSUER",
                "KUBERNETES_CA_FILE",
                "LOG_LEVEL",
                "OUTBOUND_CA_FILE",
                "PORT",
                "REDIS_URL",
                "SECRET_KEY",
                "SIGNING_KEYS_FILE",
            },
            id="everything",
        ),
        pytest.param({"JWT_ALGORITHM": "canary"}, {"JWT_ALGORITHM"}, id="not what follows from it"),
        pytest.param(
            {"JWT_ALGORITHM": "HS256", "JWT_SECRET_KEY": ""}, {"JWT_SECRET_KEY"}, id="no secret"
        ),
        pytest.param({"JWT_ALGORITHM": "EdDSA"}, {"SIGNING_KEYS_FILE"}, id="key of another kind"),
        pytest.param({"DATABASE_URL": "postgresql://a:canary@[::1"}, {"DATABASE_URL"}, id="URL"),
    ],
)
def test_check_config_tells_all_that_is_wrong_at_once_in_a_line_each(
    environ: dict[str, str], names: set[str]
) -> None:
    server = throwaway_server.create(NOBODY, tls=False, start=False, **environ)
    with contextlib.closing(server):
        ended = server.run("check-config")
    lines = ended.stderr.splitlines()
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert sorted(line.split(": ")[0] for line in lines) == sorted(names)
    assert "canary" not in ended.stderr
