"""Where clients are sent back to: a web server on loopback that keeps what arrives."""

import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

from typing_extensions import override


_PAGE = b"<!doctype html><title>Arrived</title><p id=arrived>Arrived at the client."


@dataclass(frozen=True, slots=True)
class Arrival:
    """One authorization response as the client got it, and what the browser said of the sender."""

    method: str
    path: str
    parameters: dict[str, str]
    referrer: str | None


@dataclass
class Home:
    """The web servers of any number of clients, told apart by their paths."""

    _server: ThreadingHTTPServer
    arrivals: list[Arrival] = field(default_factory=list)
    pages: dict[str, tuple[str, bytes]] = field(default_factory=dict)

    @property
    def origin(self) -> str:
        """Scheme, host and port, as browsers say where a script comes from."""
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def other_origin(self) -> str:
        """The same server by another name, which is a stranger to browsers."""
        return f"http://localhost:{self._server.server_port}"

    def redirect_uri(self, client_id: str) -> str:
        """Where that client is reached."""
        return f"{self.origin}/{client_id}"

    def at(self, client_id: str) -> list[Arrival]:
        """What has arrived at that client, in order."""
        return [arrival for arrival in self.arrivals if arrival.path == f"/{client_id}"]

    def publish(self, path: str, kind: str, content: bytes) -> str:
        """Answer with that content of a client's own at a path; the URL of it."""
        self.pages[path] = kind, content
        return self.origin + path

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()


def listen() -> Home:
    """Listen on a free port."""
    arrivals: list[Arrival] = []
    pages: dict[str, tuple[str, bytes]] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._keep(urlsplit(self.path).query)

        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            self._keep(self.rfile.read(length).decode("ascii"))

        @override
        def log_message(self, format: str, *args: object) -> None:  # its name there
            """Say nothing."""

        def _keep(self, form: str) -> None:
            parameters = parse_qsl(form, keep_blank_values=True, strict_parsing=bool(form))
            assert len(dict(parameters)) == len(parameters), f"a parameter came twice: {form}"
            path, referrer = urlsplit(self.path).path, self.headers["Referer"]
            arrivals.append(Arrival(self.command, path, dict(parameters), referrer))
            kind, content = pages.get(path, ("text/html", _PAGE))
            self.send_response(200)
            self.send_header("Content-Type", f"{kind}; charset=utf-8")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return Home(server, arrivals, pages)
