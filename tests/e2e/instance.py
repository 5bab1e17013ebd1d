"""An authorization server in a namespace of its own, and what people and programs ask of it."""

import base64
import contextlib
import hashlib
import json
import secrets
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx
from tests.e2e import installation
from tests.e2e.kube import Kube, Object
from tests.e2e.patience import Patient
from tests.interop.person import Person

from cluster import ports


API_VERSION = "authly.dev/v1alpha1"
SCOPES = ("orders:read", "orders:write")
Labels = Mapping[str, str]
NO_LABELS: Labels = {}
REDIRECT_URI = "http://127.0.0.1:8765/callback"


@dataclass(frozen=True)
class Application:
    """A registered client as its Secret tells it (a public one has no secret), and what it asks."""

    client_id: str
    client_secret: str = field(repr=False)
    redirect_uri: str = REDIRECT_URI
    scope: str = "profile orders:read"

    @property
    def basic(self) -> tuple[str, str]:
        """What HTTP clients take for Basic authentication."""
        return self.client_id, self.client_secret


@dataclass
class Instance:
    """An AuthlyServer with two scopes, a web client and a machine client, reached from the host."""

    kube: Kube
    namespace: str
    port: int
    name: str = "main"
    web_name: str = "web"
    machine_name: str = "machine"
    clients_namespace: str = ""

    @property
    def issuer(self) -> str:
        """Where the forward listens."""
        return f"https://localhost:{self.port}"

    @cached_property
    def trust(self) -> ssl.SSLContext:
        """Trust in the node's authority, and in no other."""
        return ssl.create_default_context(cafile=str(self.kube.cluster.place.authority))

    @property
    def server(self) -> Object:
        """The AuthlyServer as it is now."""
        return self.kube.get("authlyserver", self.name, self.namespace)

    @property
    def web(self) -> Application:
        """The confidential client of people, from its Secret as it is now."""
        return self.application(self.web_name)

    @property
    def machine(self) -> Application:
        """The client of client_credentials, from its Secret as it is now."""
        return self.application(self.machine_name)

    def application(self, name: str) -> Application:
        """The client of an AuthlyClient."""
        data = self.kube.secret(f"{name}-oauth", self.clients_namespace or self.namespace)
        return Application(data["client_id"], data.get("client_secret", ""))

    @cached_property
    def administrator(self) -> tuple[str, str]:
        """Email and password of the first user."""
        data = self.kube.secret(f"{self.name}-credentials", self.namespace)
        return data["ADMIN_EMAIL"], data["ADMIN_PASSWORD"]

    def change(self, spec: dict[str, Any]) -> None:
        """Merge a change into the spec."""
        self.kube.patch("authlyserver", self.name, self.namespace, {"spec": spec})

    def pods(self, component: str = "server") -> list[Object]:
        """The pods of a component, those that leave too."""
        return self.kube.pods(self.namespace, component)

    def http(self) -> httpx.Client:
        """A client that follows no redirect."""
        return httpx.Client(base_url=self.issuer, verify=self.trust, timeout=30)

    def get(self, path: str) -> httpx.Response:
        """GET a path."""
        with self.http() as http:
            return http.get(path)

    def post(self, path: str, client: Application, **form: str) -> httpx.Response:
        """Post a form as a client: by Basic authentication, a public one by its name alone."""
        if client.client_secret:
            with self.http() as http:
                return http.post(path, auth=client.basic, data=form)
        with self.http() as http:
            return http.post(path, data={"client_id": client.client_id, **form})

    def token(self, scope: str = "orders:read") -> Object:
        """A token response for the machine client."""
        return _told(
            self.post("/token", self.machine, grant_type="client_credentials", scope=scope)
        )

    def sign_in(self) -> Object:
        """A token response for the administrator, who signs in and consents in a new browser."""
        client = self.web
        return _told(self.post("/token", client, **self.authorize(client)))

    def authorize(self, client: Application) -> dict[str, str]:
        """The token request with the code that the client got, since the administrator agreed."""
        verifier = secrets.token_urlsafe(48)
        digest = hashlib.sha256(verifier.encode()).digest()
        asked = {
            "response_type": "code",
            "client_id": client.client_id,
            "redirect_uri": client.redirect_uri,
            "scope": client.scope,
            "state": secrets.token_urlsafe(8),
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        arrived = self.visit(f"{self.issuer}/authorize?{urlencode(asked)}", client.redirect_uri)
        told = dict(parse_qsl(urlsplit(arrived).query))
        assert told.get("state") == asked["state"], told
        return {
            "grant_type": "authorization_code",
            "code": told["code"],
            "redirect_uri": client.redirect_uri,
            "code_verifier": verifier,
        }

    def visit(self, url: str, home: str) -> str:
        """Where the administrator's browser comes when a client sends it to `url`."""
        patient = Patient(verify=self.trust)
        with httpx.Client(base_url=self.issuer, transport=patient, timeout=30) as http:
            return Person(http, *self.administrator).visit(url, home=home)

    def refresh(self, refresh_token: str) -> Object:
        """A token response for a refresh token of the web client."""
        return _told(
            self.post("/token", self.web, grant_type="refresh_token", refresh_token=refresh_token)
        )

    def introspect(self, token: str) -> Object:
        """What the server says of a token of the web client."""
        return _told(self.post("/introspect", self.web, token=token))


def _told(answer: httpx.Response) -> Object:
    assert answer.status_code == httpx.codes.OK, f"{answer.status_code}: {answer.text[:300]}"
    told: Object = json.loads(answer.text)
    return told


def resource(kind: str, name: str, namespace: str, spec: dict[str, Any]) -> Object:
    """One of the operator's custom resources."""
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": API_VERSION, "kind": kind, "metadata": metadata, "spec": spec}


def manifests(instance: Instance, replicas: int) -> list[Object]:
    """Namespace, server, scopes and clients."""
    small = {"requests": {"cpu": "20m", "memory": "64Mi"}, "limits": {"memory": "512Mi"}}
    managed = {"storage": {"size": "1Gi"}, "resources": small}
    place, reference = instance.namespace, {"name": instance.name}
    server = {
        "issuer": instance.issuer,
        "replicas": replicas,
        "database": {"managed": managed},
        "resources": small,
        # All that tests ask comes from one address.
        "security": {"rateLimit": {"enabled": False}},
    }
    web = {
        "serverRef": reference,
        "displayName": "The Shop",
        "grantTypes": ["authorization_code", "refresh_token"],
        "redirectUris": [REDIRECT_URI],
        "scopes": ["profile", *SCOPES],
    }
    machine = {
        "serverRef": reference,
        "grantTypes": ["client_credentials"],
        "scopes": ["orders:read"],
    }
    scopes = [
        resource(
            "AuthlyScope", name.replace(":", "-"), place, {"serverRef": reference, "name": name}
        )
        for name in SCOPES
    ]
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": place}},
        resource("AuthlyServer", instance.name, place, server),
        *scopes,
        resource("AuthlyClient", instance.web_name, place, web),
        resource("AuthlyClient", instance.machine_name, place, machine),
    ]


@contextlib.contextmanager
def running(
    kube: Kube, namespace: str, replicas: int = 1, labels: Labels = NO_LABELS, **spec: Any
) -> Iterator[Instance]:
    """A whole instance, Ready, while the block runs; labels are its namespace's."""
    (port,) = ports.find_free(f"{kube.cluster.name}/{namespace}", 1)
    made = Instance(kube, namespace, port)
    place, server, *others = manifests(made, replicas)
    place["metadata"]["labels"] = dict(labels)
    server["spec"] |= spec
    kube.apply(place, server, *others)
    try:
        with installation.forwarded(kube, port, f"{made.name}.{namespace}:80", "--tls"):
            kube.wait_ready(namespace)
            yield made
    finally:
        installation.clear(kube, namespace)
