"""C2: a client's jwks_uri is fetched, kept, rotated with the client, and leads nowhere else."""

import json
import time

import httpx
import pytest

from throwaway.instance import Instance, problem
from throwaway.publisher import Publisher
from throwaway.server import ISSUER
from throwaway.signer import Signer


KIND = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@pytest.fixture(scope="module")
def settings(reaching: dict[str, str]) -> dict[str, str]:
    return {
        "CACHE_TTL": "0",
        **reaching,
    }


def register(instance: Instance, client_id: str, url: str) -> None:
    instance.apply_client(client_id, auth_method="private_key_jwt", secret_sha256=[], jwks_uri=url)


def prove(instance: Instance, signer: Signer, client_id: str) -> httpx.Response:
    assertion = signer.sign(signer.claims(client_id, ISSUER))
    return instance.http.post(
        "/token",
        data={
            "grant_type": "client_credentials",
            "client_assertion_type": KIND,
            "client_assertion": assertion,
        },
    )


def publish(host: Publisher, path: str, *signers: Signer) -> str:
    return host.publish(path, json.dumps({"keys": [each.jwk() for each in signers]}).encode())


def test_published_keys_are_fetched_once_for_many_requests(
    instance: Instance, host: Publisher
) -> None:
    signer = Signer.draw("RS256")
    register(instance, "published", publish(host, "/published", signer))
    for _ in range(5):
        assert prove(instance, signer, "published").status_code == 200
    assert host.asked["/published"] == 1


def test_a_new_key_is_looked_for_but_not_at_each_request(
    instance: Instance, host: Publisher
) -> None:
    former, new = Signer.draw("ES256"), Signer.draw("ES256")
    register(instance, "rotating", publish(host, "/rotating", former))
    assert prove(instance, former, "rotating").status_code == 200
    publish(host, "/rotating", new)
    # The copy is younger than half a minute: looking again would be for whoever draws new kids.
    for _ in range(3):
        assert problem(prove(instance, new, "rotating")) == (401, "invalid_client")
    assert host.asked["/rotating"] == 1


@pytest.mark.parametrize(
    "url",
    [
        "https://169.254.169.254/latest/meta-data",
        "https://[::ffff:169.254.169.254]/",
        "https://10.0.0.1/jwks",
        "https://localhost:22/",
        "https://user@localhost/",
    ],
)
def test_a_jwks_uri_into_the_network_is_never_asked(
    instance: Instance, host: Publisher, url: str
) -> None:
    register(instance, "inward", url)
    started = time.monotonic()
    assert problem(prove(instance, Signer.draw("ES256"), "inward")) == (401, "invalid_client")
    assert time.monotonic() - started < 3
    assert any(
        record["event"] == "assertion refused" and url in record["reason"]
        for record in instance.server.records()
    )


@pytest.mark.parametrize(
    "content",
    [b"", b"{}", b'{"keys": {}}', b'{"keys": [1, null]}', b"\xff", b"[" * 30_000, b'"keys"'],
)
def test_what_is_no_set_of_keys_verifies_nothing(
    instance: Instance, host: Publisher, content: bytes
) -> None:
    path = f"/junk/{len(content)}"
    register(instance, "junk", host.publish(path, content))
    assert problem(prove(instance, Signer.draw("ES256"), "junk")) == (401, "invalid_client")
    assert host.asked[path] >= 1


def test_a_set_with_a_private_key_is_not_believed(instance: Instance, host: Publisher) -> None:
    signer = Signer.draw("EdDSA")
    keys = {"keys": [signer.jwk(), signer.jwk(d="AAAA")]}
    register(instance, "leaky", host.publish("/leaky", json.dumps(keys).encode()))
    assert problem(prove(instance, signer, "leaky")) == (401, "invalid_client")


def test_a_failure_is_not_kept_as_an_answer(instance: Instance, host: Publisher) -> None:
    signer = Signer.draw("ES256")
    register(instance, "late", f"{host.url}/late")
    assert problem(prove(instance, signer, "late")) == (401, "invalid_client")
    publish(host, "/late", signer)
    deadline = time.monotonic() + 90
    while prove(instance, signer, "late").status_code != 200:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_forger_who_repeats_a_kid_makes_the_server_ask_nobody(
    instance: Instance, host: Publisher
) -> None:
    signer, forger = Signer.draw("ES256"), Signer.draw("ES256")
    register(instance, "forged", publish(host, "/forged", signer))
    assert prove(instance, signer, "forged").status_code == 200
    claims = forger.claims("forged", ISSUER)
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": KIND,
        "client_assertion": forger.sign(claims, kid=signer.kid),
    }
    assert problem(instance.http.post("/token", data=form)) == (401, "invalid_client")
    assert host.asked["/forged"] == 1
