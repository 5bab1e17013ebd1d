"""What is wrong is told in words, nothing is made meanwhile, and it heals when the cause goes."""

from collections.abc import Iterator
from typing import Any

import pytest
from tests.e2e import external, installation, kube as kubes
from tests.e2e.external import secret
from tests.e2e.instance import SCOPES, Instance, resource
from tests.e2e.kube import Kube, Object
from tests.e2e.machines import HEALED, client, ready, registered
from tests.e2e.wrong_servers import SERVERS, WRONG, server, silent

from cluster import handle


MADE = "deploy,sts,svc,secret,cm,sa,netpol,pdb,cronjob,job,pvc"


@pytest.fixture(scope="module")
def bad(kube: Kube) -> Iterator[Kube]:
    """All servers of the table, each with an empty database of its name."""
    kube.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": SERVERS}})
    try:
        kube.apply(*external.manifests(SERVERS), *silent())
        external.wait_until_ready(kube, SERVERS)
        for name in WRONG:
            external.psql(kube, SERVERS, "postgres", f'CREATE DATABASE "{name}"')
        kube.apply(*(each for name, wrong in WRONG.items() for each in server(name, wrong)))
        yield kube
    finally:
        installation.clear(kube, SERVERS)


@pytest.mark.parametrize("name", WRONG)
def test_a_server_that_cannot_be_made_says_why(bad: Kube, name: str) -> None:
    wrong = WRONG[name]
    assert ready(bad, "authlyserver", name, SERVERS) == ("False", wrong.reason, wrong.message)


@pytest.mark.parametrize("name", WRONG)
def test_nothing_is_made_for_it(bad: Kube, name: str) -> None:
    ready(bad, "authlyserver", name, SERVERS)
    assert bad.select(MADE, SERVERS, f"app.kubernetes.io/instance={name}") == []
    schemas = "SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'authly%'"
    assert external.psql(bad, SERVERS, name, schemas) == "0"


def test_it_goes_on_by_itself_when_the_cause_goes_away(bad: Kube) -> None:
    bad.apply(*(each for name, wrong in WRONG.items() for each in wrong.cure(name)))

    def healed() -> bool:
        found = bad.select("authlyserver", SERVERS)
        return len(found) == len(WRONG) and all(
            kubes.condition(each, "DatabaseReady")["status"] == "True"
            and kubes.condition(each, "Ready")["reason"] != "ReferenceMissing"
            for each in found
        )

    bad.wait_until("every server to heal", healed, HEALED, namespace=SERVERS)
    for name in WRONG:
        bad.wait_for("authlyserver", name, SERVERS, scaled_to_zero)


def scaled_to_zero(server: Object) -> bool:
    """Whether the server is whole but for its pods, of which none was asked for."""
    migrated, ready = kubes.condition(server, "Migrated"), kubes.condition(server, "Ready")
    return (migrated["status"], ready["reason"]) == ("True", "ScaledToZero")


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "a redirect URI with a wildcard": (
        {"grantTypes": ["authorization_code"], "redirectUris": ["https://*.shop.example/callback"]},
        "a redirect URI must not contain a wildcard: list each URI in full",
    ),
    "a redirect URI without TLS": (
        {"grantTypes": ["authorization_code"], "redirectUris": ["http://shop.example/callback"]},
        "a redirect URI must be https://host/..., http:// on a loopback address, or a private-use"
        " scheme such as com.example.app:/callback; without user or password",
    ),
    "a public client of its own": (
        {"grantTypes": ["client_credentials"], "type": "Public"},
        "client_credentials needs a client that can keep a secret: set type to Confidential",
    ),
    "the password grant": (
        {"grantTypes": ["password"]},
        'Unsupported value: "password": supported values: "authorization_code", "refresh_token",'
        ' "client_credentials"',
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_is_refused_at_once(instance: Instance, what: str) -> None:
    spec, message = REFUSED[what]
    wrong = resource(
        "AuthlyClient", "refused", instance.namespace, {"serverRef": {"name": "main"}, **spec}
    )
    with pytest.raises(handle.CommandFailed) as refusal:
        instance.kube.apply(wrong)
    assert message in str(refusal.value)
    assert instance.kube.find("authlyclient", "refused", instance.namespace) is None


def existing(name: str) -> dict[str, Any]:
    """A client secret of one's own."""
    return {"secret": {"source": "Existing", "ref": {"name": name, "key": "password"}}}


@pytest.fixture(scope="module")
def clients(instance: Instance) -> Instance:
    """All clients of the table below, in the namespace of a good server."""
    kube, place = instance.kube, instance.namespace
    kube.apply(
        secret(place, "half", user="somebody"),
        secret(place, "theirs-oauth", api_key="of somebody else"),
        client(instance, "serverless", serverRef={"name": "nobody"}),
        client(instance, "scopeless", scopes=["orders:read", "unheard:of", "never:seen"]),
        client(instance, "double", clientId=f"{place}.machine"),
        client(instance, "keyless", auth=existing("half")),
        client(instance, "secretless", auth=existing("absent")),
        client(instance, "theirs"),
        resource(
            "AuthlyScope", "double", place, {"serverRef": {"name": "main"}, "name": SCOPES[0]}
        ),
    )
    return instance


def told(place: str) -> dict[str, tuple[str, str]]:
    """Reason and message by the client's name."""
    own = f"AuthlyServer {place}/main"
    return {
        "serverless": (
            "ServerNotFound",
            f"AuthlyServer {place}/nobody does not exist, or its spec is invalid: create it, or"
            " correct it",
        ),
        "scopeless": (
            "UnknownScopes",
            f"not registered with {own}: never:seen; unheard:of: create an AuthlyScope of each"
            " name, or remove it from spec.scopes; goes on by itself",
        ),
        "double": (
            "Conflict",
            f"client {place}.machine belongs to {place}/machine: choose another name, or delete"
            " that one; nothing was changed",
        ),
        "keyless": (
            "SecretKeyNotFound",
            f"key password of Secret {place}/half (spec.auth.secret.ref) does not exist or is"
            " empty: put the client secret there",
        ),
        "secretless": (
            "SecretNotFound",
            f"Secret {place}/absent (spec.auth.secret.ref) does not exist: create it with the"
            " client secret in key password",
        ),
        "theirs": (
            "SecretTaken",
            f"Secret {place}/theirs-oauth was not made for this AuthlyClient and is left alone: set"
            " spec.secretTemplate.name to another name, or delete that Secret",
        ),
    }


CLIENTS = tuple(told(""))


@pytest.mark.parametrize("name", CLIENTS)
def test_a_client_that_cannot_be_registered_says_why(clients: Instance, name: str) -> None:
    reason, message = told(clients.namespace)[name]
    found = ready(clients.kube, "authlyclient", name, clients.namespace)
    assert found == ("False", reason, message)


def test_a_scope_of_another_resource_is_told_and_not_touched(clients: Instance) -> None:
    place = clients.namespace
    assert ready(clients.kube, "authlyscope", "double", place) == (
        "False",
        "Conflict",
        f"scope {SCOPES[0]} belongs to {place}/orders-read: choose another name, or delete that"
        " one; nothing was changed",
    )


@pytest.mark.parametrize("name", CLIENTS)
def test_neither_secret_nor_registration_is_made_for_it(clients: Instance, name: str) -> None:
    place = clients.namespace
    ready(clients.kube, "authlyclient", name, place)
    written = clients.kube.find("secret", f"{name}-oauth", place)
    assert written is None or clients.kube.secret(f"{name}-oauth", place) == {
        "api_key": "of somebody else"
    }
    assert not registered(clients, f"{place}.{name}")
    assert clients.token()["access_token"]  # nobody else is harmed


def test_a_client_is_registered_when_the_cause_goes_away(clients: Instance) -> None:
    kube, place = clients.kube, clients.namespace
    kube.delete("secret", "theirs-oauth", place)
    kube.delete("authlyclient", "machine", place)
    kube.apply(
        secret(place, "half", password="a-client-secret-of-ones-own"),
        secret(place, "absent", password="another-secret-of-ones-own"),
        *(
            resource(
                "AuthlyScope",
                name.replace(":", "-"),
                place,
                {"serverRef": {"name": "main"}, "name": name},
            )
            for name in ("unheard:of", "never:seen")
        ),
    )
    healing = [name for name in CLIENTS if name != "serverless"]

    def healed() -> bool:
        found = kube.select("authlyclient", place)
        return all(kubes.is_ready(each) for each in found if each["metadata"]["name"] in healing)

    kube.wait_until("every client to heal", healed, HEALED, namespace=place)
    for name in healing:
        form = {"grant_type": "client_credentials"}
        assert clients.post("/token", clients.application(name), **form).status_code == 200


def test_what_the_api_server_refuses_is_told_and_passes_when_corrected(instance: Instance) -> None:
    was = instance.server["spec"]["resources"]
    instance.change({"resources": {"limits": {"memory": "lots"}}})
    status, reason, message = ready(
        instance.kube, "authlyserver", instance.name, instance.namespace
    )
    assert (status, reason) == ("False", "ApplyFailed")
    assert message.startswith("the API server refused: Deployment main: ")
    assert "quantities must match" in message
    assert instance.get("/health/ready").status_code == 200
    instance.change({"resources": was})
    instance.kube.wait_for(
        "authlyserver", instance.name, instance.namespace, kubes.is_ready, HEALED
    )
