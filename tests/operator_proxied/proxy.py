"""An HTTP proxy between an operator and the API server: it notes each call, and makes trouble.

    operator --http--> Proxy --https--> kube-apiserver

Whatever the operator sends, its token too, is passed on as it is; watches are passed on event by
event. `trouble` is asked about each call before it is sent, by the proxy's own thread.
"""

import asyncio
import base64
import contextlib
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import yaml
from aiohttp import web
from tests.operator_proxied import calls
from tests.operator_proxied.calls import Call


CREATED = 201
HOP_BY_HOP = frozenset({"connection", "transfer-encoding", "content-length", "host"})


@dataclass(frozen=True)
class Answer:
    """Answer this instead of what the API server would."""

    status: int
    reason: str
    retry_after: int | None = None

    def response(self) -> web.Response:
        headers = {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}
        return web.json_response(_status(self), status=self.status, headers=headers)


@dataclass(frozen=True)
class Reset:
    """Break the connection, before the API server hears of the request or after it did."""

    done: bool = False


@dataclass(frozen=True)
class Delay:
    """Pass it on after some seconds."""

    seconds: float


@dataclass(frozen=True)
class Ending:
    """End a watch at once, with an event of type ERROR."""

    status: int
    reason: str


@dataclass(frozen=True)
class Paged:
    """Give a list in pages of so many, of which the second has always expired."""

    limit: int


Trouble = Answer | Reset | Delay | Ending | Paged | None
Troublemaker = Callable[[Call], Trouble]


def none(_: Call) -> Trouble:
    return None


@dataclass
class Proxy:
    """One listening port; all fields may be set while it runs."""

    target: str
    trust: ssl.SSLContext
    port: int = 0
    trouble: Troublemaker = none
    calls: set[Call] = field(default_factory=set)
    """Every call that was not forbidden; of an apply that made an object also its creation."""
    forbidden: set[Call] = field(default_factory=set)
    counts: dict[str, int] = field(default_factory=dict)
    """How many calls met each kind of trouble."""
    _muted: threading.Event = field(default_factory=threading.Event)
    _watches: set[asyncio.Transport] = field(default_factory=set, repr=False)
    _session: aiohttp.ClientSession = field(init=False, repr=False)
    _loop: asyncio.AbstractEventLoop = field(init=False, repr=False)

    def mute(self) -> None:
        """Pass nothing more on of the watches that there are, and close none; later ones work."""
        self._muted.set()
        self._muted = threading.Event()

    def hang_up(self) -> None:
        """Break every watch that there is."""
        for transport in [*self._watches]:
            self._loop.call_soon_threadsafe(transport.abort)

    async def take(self, request: web.Request) -> web.StreamResponse:
        call = calls.parse(request.method, request.path, request.query)
        trouble = self.trouble(call)
        if trouble is not None:
            name = type(trouble).__name__
            self.counts[name] = self.counts.get(name, 0) + 1
        if isinstance(trouble, Answer):
            return trouble.response()
        if isinstance(trouble, Reset) and not trouble.done:
            return _broken(request)
        if isinstance(trouble, Ending):
            return await _ended(request, trouble)
        if isinstance(trouble, Delay):
            await asyncio.sleep(trouble.seconds)
        if isinstance(trouble, Paged) and "limit" in request.query:
            if "continue" in request.query:
                return Answer(410, "Expired").response()
            return await self._pass_on(
                request.clone(rel_url=request.rel_url.update_query(limit=trouble.limit)), call
            )
        return await self._pass_on(request, call, broken=isinstance(trouble, Reset))

    async def _pass_on(
        self, request: web.Request, call: Call, *, broken: bool = False
    ) -> web.StreamResponse:
        muted = self._muted
        kept = {k: v for k, v in request.headers.items() if k.lower() not in HOP_BY_HOP}
        body = await request.read()
        sent = self._session.request(
            request.method, f"{self.target}{request.rel_url}", headers=kept, data=body or None
        )
        async with sent as answer:
            self._note(call, answer.status)
            if broken:
                return _broken(request)
            told = web.StreamResponse(status=answer.status)
            for name, text in answer.headers.items():
                if name.lower() not in {*HOP_BY_HOP, "content-encoding"}:
                    told.headers[name] = text
            await told.prepare(request)
            with self._known(request, call):
                async for chunk in answer.content.iter_any():
                    if call.is_watch and muted.is_set():
                        await asyncio.sleep(3600)
                    await told.write(chunk)
            await told.write_eof()
            return told

    @contextlib.contextmanager
    def _known(self, request: web.Request, call: Call) -> Iterator[None]:
        """Remember the connection of a watch while it is open."""
        transport = request.transport
        if not call.is_watch or transport is None:
            yield
            return
        self._watches.add(transport)
        try:
            yield
        finally:
            self._watches.discard(transport)

    def _note(self, call: Call, status: int) -> None:
        if status == web.HTTPForbidden.status_code:
            self.forbidden.add(call)
            return
        self.calls.add(call)
        if status == CREATED and call.method == "PATCH":
            self.calls.add(Call(**{**vars(call), "verb": "create"}))

    async def run(self, started: Callable[[], None], ended: asyncio.Event) -> None:
        self._loop = asyncio.get_running_loop()
        connector = aiohttp.TCPConnector(ssl=self.trust, limit=0)
        async with aiohttp.ClientSession(
            connector=connector, timeout=aiohttp.ClientTimeout(total=None), auto_decompress=True
        ) as self._session:
            app = web.Application(client_max_size=2**26)
            app.router.add_route("*", "/{path:.*}", self.take)
            runner = web.AppRunner(app, shutdown_timeout=0.1, handler_cancellation=True)
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            self.port = runner.addresses[0][1]
            started()
            await ended.wait()
            await runner.cleanup()

    def kubeconfig(self, path: Path, token: str) -> Path:
        """Write a kubeconfig that leads through here, for who has that token."""
        context = {"cluster": "it", "user": "it"}
        document: dict[str, Any] = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "it",
            "contexts": [{"name": "it", "context": context}],
            "clusters": [{"name": "it", "cluster": {"server": f"http://127.0.0.1:{self.port}"}}],
            "users": [{"name": "it", "user": {"token": token}}],
        }
        path.write_text(yaml.safe_dump(document))
        return path


def _status(trouble: "Answer | Ending") -> dict[str, Any]:
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "status": "Failure",
        "code": trouble.status,
        "reason": trouble.reason,
        "message": "by the proxy",
    }


def _broken(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def _ended(request: web.Request, trouble: Ending) -> web.StreamResponse:
    told = web.StreamResponse()
    await told.prepare(request)
    event = {"type": "ERROR", "object": _status(trouble)}
    await told.write(json.dumps(event).encode() + b"\n")
    await told.write_eof()
    return told


@contextlib.contextmanager
def running(kubeconfig: Path) -> Iterator[Proxy]:
    """A proxy to the API server of a kubeconfig."""
    cluster = yaml.safe_load(kubeconfig.read_text())["clusters"][0]["cluster"]
    trust = ssl.create_default_context(cadata=_decoded(cluster["certificate-authority-data"]))
    made = Proxy(cluster["server"], trust)
    started, ended = threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()

    def work() -> None:
        loop.run_until_complete(made.run(started.set, ended))

    thread = threading.Thread(target=work, name="proxy")
    thread.start()
    try:
        assert started.wait(30)
        yield made
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join()
        loop.close()


def _decoded(encoded: str) -> str:
    return base64.b64decode(encoded).decode()
