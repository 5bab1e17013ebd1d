"""What the stories are told in: namespaces, one AuthlyServer that answers, and a clock to move."""

import base64
import contextlib
import socket
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import aiohttp
import httpx
import psycopg
from aiohttp.abc import AbstractResolver, ResolveResult
from typing_extensions import override

from authly_operator import clock, entropy, naming, observed, reconcile
from authly_operator.cluster import accounts, apply, client, discovery, recent_reads
from authly_operator.dependants import Dependants
from authly_operator.metrics import Metrics
from authly_operator.reconcile.collaborators import Collaborators
from authly_operator.workqueue import Key
from authly_server.storage import migration
from throwaway.instance import Instance


Object = dict[str, Any]
MACHINE: Object = {"grantTypes": ["client_credentials"], "scopes": ["read"]}
SCHEMA = 5
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@dataclass(frozen=True)
class Database:
    """One migrated database, the URLs of two roles, and the server that is on it."""

    owner: str = field(repr=False)
    operator: str = field(repr=False)
    server: Instance | None = None

    def migrate(self) -> None:
        """Bring it to the program's schema and make the operator's role."""
        migration.run(self.owner, operator_url=self.operator)

    @property
    def instance(self) -> Instance:
        """The server that is on it."""
        assert self.server is not None
        return self.server

    def fetch(self, statement: str, *parameters: object) -> Any:
        """The first column of the first row."""
        with psycopg.connect(self.owner, autocommit=True) as connection:
            row = connection.execute(statement.encode(), parameters).fetchone()
        return None if row is None else row[0]

    def execute(self, statement: str, *parameters: object) -> None:
        """Change something behind the operator's back."""
        with psycopg.connect(self.owner, autocommit=True) as connection:
            connection.execute(statement.encode(), parameters)


class Loopback(AbstractResolver):
    """Every Service's name is the server's address, as the cluster's DNS would have it."""

    @override
    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [
            ResolveResult(
                hostname=host, host="127.0.0.1", port=port, family=socket.AF_INET, proto=0, flags=0
            )
        ]

    @override
    async def close(self) -> None:
        return None


@dataclass
class Time:
    """A clock that a test moves; it begins at the present, by which servers judge too."""

    moment: datetime = field(default_factory=clock.SystemClock().now)

    def now(self) -> datetime:
        return self.moment

    def move(self, **lapse: float) -> None:
        self.moment += timedelta(**lapse)


@dataclass
class Landscape:
    """The API server, the operator's collaborators, and the server of one test."""

    api: client.Client
    place: str
    database: Database
    tools: Collaborators
    known: Dependants
    time: Time
    woken: list[Key] = field(default_factory=list)
    later: list[Key] = field(default_factory=list)
    """Those that are to be woken some seconds later."""

    async def namespace(self, name: str, **labels: str) -> None:
        """Make a namespace."""
        metadata = {"name": name, "labels": labels}
        await self.api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})

    async def serve(self, namespace: str, **spec: Any) -> None:
        """Make the AuthlyServer `main`, as its own story leaves it once it answers."""
        server = self.database.instance.server
        given = {
            "issuer": server.issuer,
            "database": {"managed": {}},
            "service": {"port": server.port},
        }
        body = await self.create("AuthlyServer", "main", namespace, given | spec)
        ready = [
            _condition(name, body["metadata"]["generation"])
            for name in ("DatabaseReady", "EndpointReady", "Ready")
        ]
        await self.api.write_status(body, {"conditions": ready, "schemaRevision": SCHEMA})
        data = {"OPERATOR_DATABASE_URL": self.database.operator}
        await self.secret(naming.credentials("main"), namespace, data)

    async def secret(self, name: str, namespace: str, data: Mapping[str, str]) -> None:
        """Make a Secret that is not the operator's."""
        await self.api.create(
            {
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": {"name": name, "namespace": namespace},
                "stringData": data,
            }
        )

    async def create(self, kind: str, name: str, namespace: str, spec: Object) -> Object:
        """Make a custom resource."""
        metadata = {"name": name, "namespace": namespace}
        body = {
            "apiVersion": naming.API_VERSION,
            "kind": kind,
            "metadata": metadata,
            "spec": spec,
        }
        self.known.note(Key(kind, namespace, name), body)
        return await self.api.create(body)

    async def client(self, name: str, namespace: str = "", **spec: Any) -> Object:
        """Make an AuthlyClient of the server `main` and tell its story."""
        reference = {"name": "main", "namespace": self.place}
        place = namespace or self.place
        await self.create("AuthlyClient", name, place, {"serverRef": reference, **MACHINE, **spec})
        return await self.tell("AuthlyClient", name, place)

    async def edit(self, name: str, namespace: str = "", **spec: Any) -> Object:
        """Merge a change into an AuthlyClient's spec and tell its story."""
        place = namespace or self.place
        await self.api.merge("AuthlyClient", place, name, {"spec": spec})
        return await self.tell("AuthlyClient", name, place)

    async def annotate(self, name: str, **annotations: str) -> None:
        """Set annotations of an AuthlyClient, underscores for hyphens."""
        given = {
            f"{naming.GROUP}/{key.replace('_', '-')}": text for key, text in annotations.items()
        }
        await self.api.merge("AuthlyClient", self.place, name, {"metadata": {"annotations": given}})

    async def tell(self, kind: str, name: str, namespace: str = "") -> Object:
        """Tell one story once; the resource as it is after that, {} where it is gone."""
        key = Key(kind, namespace or self.place, name)
        await reconcile.STORIES[kind](self.tools, key)
        return await self.api.get(*key) or {}

    async def delete(self, kind: str, name: str, namespace: str = "") -> Object:
        """Ask for a resource's deletion and tell its story; {} where it is gone."""
        key = Key(kind, namespace or self.place, name)
        body = await self.api.get(*key)
        assert body is not None
        await self.api.delete(*key, body["metadata"]["uid"])
        self.known.note(key, None)
        left = await self.tell(kind, name, key.namespace)
        if not left:
            await self._collect_garbage(key.namespace, body["metadata"]["uid"])
        return left

    async def _collect_garbage(self, namespace: str, uid: str) -> None:
        """What the controller manager does, which this control plane may not have."""
        for found in await self.api.list_objects("Secret", namespace):
            metadata = found["metadata"]
            if any(owner["uid"] == uid for owner in metadata.get("ownerReferences", ())):
                await self.api.delete("Secret", namespace, metadata["name"], metadata["uid"])

    async def data(self, name: str, namespace: str = "") -> dict[str, str]:
        """The decoded data of a Secret; empty where there is none."""
        found = await self.api.get("Secret", namespace or self.place, name) or {}
        values = (found.get("data") or {}).items()
        return {key: base64.b64decode(text).decode() for key, text in values}

    def token(self, client_id: str, secret: str, **form: str) -> tuple[int, Object]:
        """Status and answer of the token endpoint to Basic authentication."""
        given = {"grant_type": "client_credentials"} | form
        return answer(
            self.database.instance.http.post("/token", auth=(client_id, secret), data=given)
        )

    def proves(self, assertion: str, name: str) -> bool:
        """Whether an assertion gets that client of the test's namespace a token (RFC 7523)."""
        form = {
            "grant_type": "client_credentials",
            "client_id": f"{self.place}.{name}",
            "client_assertion_type": ASSERTION,
            "client_assertion": assertion,
        }
        status, told = answer(self.database.instance.http.post("/token", data=form))
        assert status == 200 or told["error"] == "invalid_client", told
        return status == 200

    async def works(self, name: str, secret: str | None = None) -> bool:
        """Whether a client of the test's namespace gets a token, by its Secret or another one."""
        data = await self.data(f"{name}-oauth")
        client_id = data.get("client_id", f"{self.place}.{name}")
        status, told = self.token(client_id, secret or data["client_secret"])
        assert status == 200 or told["error"] == "invalid_client", told
        return status == 200


def answer(response: httpx.Response) -> tuple[int, Object]:
    """Status and JSON of an answer."""
    told: Object = response.json()
    return response.status_code, told


def condition(body: Mapping[str, Any], kind: str) -> tuple[str, str, str]:
    """Status, reason and message of a condition."""
    for one in (body.get("status") or {}).get("conditions") or ():
        if one["type"] == kind:
            return one["status"], one["reason"], one["message"]
    return "Unknown", "", ""


def is_ready(body: Mapping[str, Any]) -> bool:
    """Whether a resource is Ready."""
    return condition(body, "Ready")[0] == "True"


def _condition(kind: str, generation: int) -> Object:
    return {
        "type": kind,
        "status": "True",
        "reason": "Ready",
        "message": "",
        "observedGeneration": generation,
        "lastTransitionTime": "2026-01-01T00:00:00Z",
    }


@contextlib.asynccontextmanager
async def landscape(api: client.Client, place: str, database: Database) -> AsyncIterator[Landscape]:
    """The collaborators as the composition root makes them, but for time and name resolution."""
    known, time, woken, later = Dependants(), Time(), list[Key](), list[Key]()
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(resolver=Loopback())
    ) as session:
        tools = Collaborators(
            api=api,
            recent=recent_reads.RecentReads(api, lambda: 0.0, seconds=0),
            discovery=discovery.Discovery(api),
            accounts=accounts.Accounts(api),
            applier=apply.Applier(api),
            http=session,
            clock=time,
            draw=entropy.draw,
            draw_rsa_key=entropy.draw_rsa_key,
            settings=observed.Settings(),
            epoch=lambda: 1,
            wake=woken.append,
            wake_later=later.append,
            dependants=known,
            metrics=Metrics(),
        )
        yield Landscape(api, place, database, tools, known, time, woken, later)
