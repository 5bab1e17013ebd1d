"""With which keys tokens are signed: each algorithm, the shared secret, and keys that change."""

import contextlib
import json
import time
from collections.abc import Callable, Iterator

import jwt
import pytest

from throwaway import instance as throwaway_instance, keys, registration, server as throwaway_server
from throwaway.instance import Instance


def verify(instance: Instance, token: str) -> dict[str, object]:
    """As a resource server does that knows the issuer's keys and nothing else."""
    keys_by_id = {key.key_id: key for key in jwt.PyJWKSet(jwks(instance)).keys}
    key = keys_by_id[jwt.get_unverified_header(token)["kid"]]
    claims: dict[str, object] = jwt.decode(
        token,
        key,
        algorithms=[key.algorithm_name],
        audience="https://api.example",
        issuer=instance.server.issuer,
    )
    return claims


def jwks(instance: Instance) -> list[dict[str, str]]:
    return list(instance.http.get("/jwks").json()["keys"])


def own_token(instance: Instance) -> str:
    return str(instance.post("/token", grant_type="client_credentials").json()["access_token"])


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 90
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@contextlib.contextmanager
def running(url: str, *ring: dict[str, str], **environ: str) -> Iterator[Instance]:
    """A server that starts with that key ring."""
    registration.migrate(url)
    shop = registration.apply_client(url)
    server = throwaway_server.create(url, tls=False, start=False, **environ)
    with contextlib.closing(Instance(url, server, shop)) as instance:
        keys.write_ring(server.key_ring, *ring)
        server.start()
        yield instance


@pytest.mark.parametrize("alg", ["ES256", "EdDSA", "RS256"])
def test_a_resource_server_verifies_tokens_by_the_published_key(
    database_url: str, alg: str
) -> None:
    with running(database_url, keys.draw("k", alg=alg), JWT_ALGORITHM=alg) as instance:
        token = own_token(instance)
        claims = verify(instance, token)
        assert jwt.get_unverified_header(token) == {"alg": alg, "typ": "at+jwt", "kid": "k"}
        assert claims["client_id"] == claims["sub"] == "shop"
        assert set(claims) == {"iss", "sub", "aud", "client_id", "scope", "jti", "iat", "exp"}
        assert instance.is_active(token)


def test_the_guides_two_secrets_sign_access_tokens_and_refresh_tokens(database_url: str) -> None:
    with throwaway_instance.running(database_url, tls=False, JWT_ALGORITHM="HS256") as instance:
        issued = instance.tokens(scope="profile")
        claims = jwt.decode(
            issued["access_token"],
            instance.server.environ["JWT_SECRET_KEY"],
            algorithms=["HS256"],
            audience="https://api.example",
            issuer=instance.server.issuer,
        )
        assert claims["client_id"] == "shop"
        assert jwks(instance) == []
        assert instance.userinfo(issued["access_token"]).status_code == 200
        renewed = instance.refresh(issued["refresh_token"]).json()
        assert instance.is_active(renewed["access_token"])
        secret = instance.server.environ["JWT_SECRET_KEY"]
        assert secret not in instance.http.get("/.well-known/openid-configuration").text


def test_another_refresh_secret_ends_all_refresh_tokens(database_url: str) -> None:
    with throwaway_instance.running(database_url, tls=False) as instance:
        issued = instance.tokens()
        instance.server.kill()
        instance.server.environ["JWT_REFRESH_SECRET_KEY"] = "another-secret".ljust(32, "x")
        instance.server.start()
        assert instance.refresh(issued["refresh_token"]).status_code == 400
        assert instance.is_active(issued["access_token"])


def test_a_changed_key_ring_is_used_without_a_restart(instance: Instance) -> None:
    process = instance.server.process_id
    first = json.loads(instance.server.key_ring.read_text())["keys"][0]
    old = own_token(instance)

    second = keys.draw("second", state="Published")
    keys.write_ring(instance.server.key_ring, first, second)
    wait_for(lambda: len(jwks(instance)) == 2)
    assert jwt.get_unverified_header(own_token(instance))["kid"] == "first"

    keys.write_ring(
        instance.server.key_ring, first | {"state": "Retiring"}, second | {"state": "Active"}
    )
    wait_for(lambda: jwt.get_unverified_header(own_token(instance))["kid"] == "second")
    assert verify(instance, old)["client_id"] == "shop"
    assert instance.is_active(old)

    keys.write_ring(instance.server.key_ring, second | {"state": "Active"})
    wait_for(lambda: len(jwks(instance)) == 1)
    assert not instance.is_active(old)
    assert instance.is_active(own_token(instance))
    assert instance.server.process_id == process


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("{", id="no JSON"),
        pytest.param('{"keys": []}', id="no key"),
        pytest.param(None, id="no file"),
    ],
)
def test_a_key_ring_that_cannot_be_used_leaves_the_former_one(
    instance: Instance, content: str | None
) -> None:
    ring = instance.server.key_ring
    good = ring.read_text()
    token, before = own_token(instance), len(_complaints(instance))
    if content is None:
        ring.unlink()
    else:
        ring.write_text(content)
    wait_for(lambda: len(_complaints(instance)) > before)
    assert instance.is_active(token)
    assert instance.is_active(own_token(instance))
    assert instance.http.get("/health/ready").status_code == 200
    ring.write_text(good)


def _complaints(instance: Instance) -> list[dict[str, object]]:
    return [each for each in instance.server.records() if "former one stays" in each["event"]]
