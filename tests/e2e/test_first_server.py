"""examples/quickstart.yaml as it stands, and what a person does with it on the first day."""

import contextlib
import re
import warnings
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import pytest
from authlib.common.security import generate_token  # type: ignore[import-untyped]
from authlib.oauth2.rfc8414 import get_well_known_url  # type: ignore[import-untyped]
from tests.e2e import installation, kube as kubes, stillness
from tests.e2e.instance import Application, Instance, resource
from tests.e2e.kube import Kube, Object
from tests.interop import node_program

from cluster import ports


with warnings.catch_warnings():
    # Authlib would rather have httpx2, the successor of httpx.
    warnings.simplefilter("ignore", DeprecationWarning)
    from authlib.integrations.httpx_client import OAuth2Client  # type: ignore[import-untyped]


EXAMPLE = installation.ROOT / "examples" / "quickstart.yaml"
KINDS = ("authlyserver", "authlyscope", "authlyclient")
AUDIENCE = "https://api.example"
LIBRARIES = ("openid-client", "oauth4webapi")


@pytest.fixture(scope="module")
def first(kube: Kube) -> Iterator[Instance]:
    """The example, Ready; with another port only where somebody listens on its own."""
    port = 8443 if ports.is_free(8443) else ports.find_free("quickstart", 1)[0]
    path = kube.cluster.place.root / "quickstart.yaml"
    path.write_text(EXAMPLE.read_text().replace("localhost:8443", f"localhost:{port}"))
    with contextlib.ExitStack() as stack:
        stack.callback(installation.clear, kube, "authly", "shop")
        kube.apply_file(path)
        stack.enter_context(installation.forwarded(kube, port, "main.authly:80", "--tls"))
        kube.wait_ready("authly")
        kube.wait_ready("shop")
        yield Instance(kube, "authly", port, machine_name="report", clients_namespace="shop")


@pytest.fixture(scope="module")
def interop(first: Instance) -> dict[str, Application]:
    """Clients as the programs in JavaScript want them: a web client, a public one, two services."""
    sent_back = {"redirectUris": ["http://127.0.0.1:8765/callback"]}
    people = {"grantTypes": ["authorization_code", "refresh_token"], **sent_back}
    service = {"grantTypes": ["client_credentials"]}
    specs: dict[str, dict[str, Any]] = {
        "web": people,
        "public": {**people, "type": "Public"},
        "basic": {**service, "auth": {"method": "ClientSecretBasic"}},
        "post": {**service, "auth": {"method": "ClientSecretPost"}},
    }
    every = {
        "serverRef": {"name": "main", "namespace": "authly"},
        "scopes": ["profile", "read"],
        "audiences": [AUDIENCE],
    }
    first.kube.apply(
        *(
            resource("AuthlyClient", f"interop-{name}", "shop", {**every, **spec})
            for name, spec in specs.items()
        )
    )
    first.kube.wait_ready("shop", 60)
    return {name: first.application(f"interop-{name}") for name in specs}


def rows(kube: Kube, *arguments: str) -> list[dict[str, str]]:
    """The table that kubectl prints, a dict a line."""
    head, *lines = kube.run("get", *arguments).splitlines()
    titles = list(re.finditer(r"\S+", head))
    names, starts = [title[0] for title in titles], [title.start() for title in titles]
    ends = [*starts[1:], None]
    return [
        {name: line[a:b].strip() for name, a, b in zip(names, starts, ends, strict=True)}
        for line in lines
    ]


@pytest.mark.parametrize(
    ("namespace", "kind"),
    [("authly", "authlyserver"), ("shop", "authlyscope"), ("shop", "authlyclient")],
)
def test_kubectl_wait_understands_each_kind(first: Instance, namespace: str, kind: str) -> None:
    told = first.kube.run(
        "wait", "--for=condition=Ready", kind, "--all", "-n", namespace, "--timeout=60s"
    )
    assert told.splitlines() == [
        f"{kind}.authly.dev/{name} condition met"
        for name in kubes.names(first.kube.select(kind, namespace))
    ]


def test_one_table_tells_of_everything_whether_it_is_well_and_why(first: Instance) -> None:
    going = "the end of other tests' namespaces"
    first.kube.wait_until(going, lambda: stillness.nothing_is_going(first.kube), 180)
    for kind in KINDS:
        for row in rows(first.kube, kind, "-A"):
            assert (row["READY"], row["REASON"]) == ("True", "Ready"), row
    (server,) = rows(first.kube, "authlyserver", "-n", "authly")
    assert (server["REPLICAS"], server["ISSUER"]) == ("1", first.issuer)
    everything = first.kube.run("get", "authly", "-A")
    assert re.findall(r"authly(?:server|scope|client)\.authly\.dev/\S+", everything)[:4] == [
        "authlyclient.authly.dev/report",
        "authlyclient.authly.dev/web",
        "authlyscope.authly.dev/orders-read",
        "authlyscope.authly.dev/orders-write",
    ]


def test_the_wide_table_has_the_message(first: Instance) -> None:
    (server,) = rows(first.kube, "authlyserver", "-n", "authly", "-o", "wide")
    assert first.issuer in server["MESSAGE"]


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ("authlyserver.spec", "How many pods serve."),
        ("authlyserver.spec.tokens", "How long an access token is valid."),
        ("authlyserver.spec.database.managed", "storage"),
        ("authlyserver.spec.issuer", "RFC 8414"),
        ("authlyserver.status", "The metadata.generation this status judges."),
        ("authlyclient.spec", "compared character by character"),
        ("authlyscope.spec", "serverRef"),
    ],
)
def test_kubectl_explain_reads_like_documentation(first: Instance, field: str, said: str) -> None:
    told = first.kube.run("explain", field)
    assert said in " ".join(told.split())
    assert "<no description>" not in told


def test_the_status_is_of_the_present_spec_and_says_where_the_server_is(first: Instance) -> None:
    server = first.server
    assert kubes.is_current(server)
    assert server["status"]["endpoints"] == {
        "issuer": first.issuer,
        "internal": "http://main.authly.svc",
        "jwks": f"{first.issuer}/jwks",
    }
    generations = {each["observedGeneration"] for each in server["status"]["conditions"]}
    assert generations == {server["metadata"]["generation"]}
    assert first.get("/jwks").json()["keys"]
    assert first.get("/.well-known/oauth-authorization-server").json()["issuer"] == first.issuer


def test_a_machine_gets_a_token_for_the_scope_it_has(first: Instance) -> None:
    token = first.token("orders:read")
    assert (token["scope"], token["expires_in"]) == ("orders:read", 1800)


def test_a_person_signs_in_and_the_client_refreshes(first: Instance) -> None:
    tokens = first.sign_in()
    again = first.refresh(tokens["refresh_token"])
    assert again["refresh_token"] != tokens["refresh_token"]
    told = first.introspect(again["access_token"])
    assert (told["active"], told["client_id"]) == (True, first.web.client_id)


@pytest.mark.parametrize("library", LIBRARIES)
def test_libraries_that_others_wrote_complete_every_flow(
    first: Instance, interop: dict[str, Application], library: str
) -> None:
    node_program.ensure_installed()
    told = {
        name: asdict(client) | {"scope": "profile read", "audience": AUDIENCE}
        for name, client in interop.items()
    }
    got = node_program.run(
        library,
        {"issuer": first.issuer, **told},
        authority=first.kube.cluster.place.authority,
        visit=first.visit,
    )
    assert set(got["web"]["tokens"]["scope"].split()) == {"profile", "read"}
    assert got["web"]["introspected"]["client_id"] == interop["web"].client_id
    assert got["web"]["person"]["sub"] == got["web"]["introspected"]["sub"]
    for name in ("web", "public"):
        refreshed = got[name]["refreshed"]["refresh_token"]
        assert refreshed != got[name]["tokens"]["refresh_token"]


def authlib(first: Instance, client: Application) -> Any:
    """Authlib's client, which finds the endpoints by the issuer alone."""
    url = get_well_known_url(first.issuer, external=True)
    with first.http() as http:
        told = http.get(url).json()
    return OAuth2Client(
        client.client_id,
        client.client_secret,
        scope=client.scope,
        redirect_uri=client.redirect_uri,
        code_challenge_method="S256",
        verify=first.trust,
        **{name: told[name] for name in ("token_endpoint", "authorization_endpoint")},
    )


def test_authlib_completes_the_code_flow_and_refreshes(first: Instance) -> None:
    verifier = generate_token(64)
    with authlib(first, first.web) as session:
        url, state = session.create_authorization_url(
            session.metadata["authorization_endpoint"], code_verifier=verifier
        )
        arrived = first.visit(url, first.web.redirect_uri)
        tokens = dict(
            session.fetch_token(authorization_response=arrived, state=state, code_verifier=verifier)
        )
        assert set(tokens["scope"].split()) == {"profile", "orders:read"}
        again = session.refresh_token()
        assert again["refresh_token"] != tokens["refresh_token"]


def test_authlib_gets_a_machine_a_token(first: Instance) -> None:
    with authlib(first, first.machine) as session:
        session.scope = "orders:read"
        token = session.fetch_token(grant_type="client_credentials")
        assert token["scope"] == "orders:read"


def own_events(kube: Kube) -> list[Object]:
    """What the operator told of the example."""
    return [
        each
        for namespace in ("authly", "shop")
        for each in kube.select("events", namespace)
        if each["involvedObject"]["kind"].startswith("Authly")
    ]


def told(event: Object) -> tuple[str, ...]:
    about = event["involvedObject"]
    return about["kind"], about["name"], event["reason"], event["message"]


# A client may be looked at a moment before the scope that was applied together with it.
MAY_WARN = frozenset({("AuthlyClient", "UnknownScopes")})


def test_events_tell_the_story_once_and_warn_of_nothing_that_is_on_its_way(first: Instance) -> None:
    events = own_events(first.kube)
    stories = [told(each) for each in events]
    assert ("AuthlyServer", "Migrated") in {(kind, reason) for kind, _, reason, _ in stories}
    assert {kind for kind, _, reason, _ in stories if reason == "Ready"} == {
        "AuthlyServer",
        "AuthlyScope",
        "AuthlyClient",
    }
    assert sorted(each for each in set(stories) if stories.count(each) > 1) == []
    warned = {told(each) for each in events if each["type"] != "Normal"}
    assert {(kind, reason) for kind, _, reason, _ in warned} <= MAY_WARN


def test_kubectl_scale_adds_a_replica_and_no_client_notices(first: Instance) -> None:
    clients = [kubes.condition(each, "Ready") for each in clients_of(first)]
    first.kube.run("scale", "authlyserver", "main", "-n", "authly", "--replicas=2")
    server = first.kube.wait_for(
        "authlyserver",
        "main",
        "authly",
        lambda server: kubes.is_ready(server) and server["status"]["readyReplicas"] == 2,
    )
    assert server["status"]["replicas"] == server["spec"]["replicas"] == 2
    assert len(first.pods()) == 2
    assert first.kube.find("poddisruptionbudget", "main", "authly") is not None
    assert [kubes.condition(each, "Ready") for each in clients_of(first)] == clients


def clients_of(first: Instance) -> list[Object]:
    return first.kube.select("authlyclients", "shop")
