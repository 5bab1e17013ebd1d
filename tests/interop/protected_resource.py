"""A resource as MCP servers are one: it names its authorization server, and checks what it issued.

RFC 9728 for the metadata and the challenge, RFC 9068 for access tokens, RFC 6750 for refusals.
Reading needs `tools.read`, and posting needs `tools.write` as well.
"""

import json
import ssl
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from typing_extensions import override


METADATA = "/.well-known/oauth-protected-resource/mcp"
NEEDED = {"GET": {"tools.read"}, "POST": {"tools.read", "tools.write"}}


@dataclass
class Resource:
    """A listener on 127.0.0.1; takes the tokens of nobody until it is told whose."""

    _server: ThreadingHTTPServer
    issuer: str = ""
    _trust: ssl.SSLContext | None = None
    refused: list[str] = field(default_factory=list)

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def url(self) -> str:
        """What tokens are for."""
        return f"{self.origin}/mcp"

    def trust(self, issuer: str, context: ssl.SSLContext) -> None:
        """Take tokens of that issuer, whose keys are fetched with that context."""
        self.issuer, self._trust = issuer, context

    def metadata(self) -> dict[str, object]:
        """RFC 9728 section 2."""
        return {
            "resource": self.url,
            "authorization_servers": [self.issuer],
            "scopes_supported": ["tools.read", "tools.write"],
            "bearer_methods_supported": ["header"],
        }

    def check(self, token: str) -> dict[str, Any]:
        """The claims of an access token for this resource, by RFC 9068 section 4.

        Raises:
            jwt.InvalidTokenError: it is none.
        """
        keys = jwt.PyJWKClient(f"{self.issuer}/jwks", ssl_context=self._trust)
        key = keys.get_signing_key_from_jwt(token)
        if jwt.get_unverified_header(token)["typ"] != "at+jwt":
            raise jwt.InvalidTokenError("no access token")
        required = ["exp", "iat", "jti", "sub", "client_id"]
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=["ES256", "RS256"],
            issuer=self.issuer,
            audience=self.url,
            options={"require": required},
        )
        return claims

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()


def listen() -> Resource:
    """Listen on a free port."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    resource = Resource(server)
    server.RequestHandlerClass = partial(_Handler, resource)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return resource


class _Handler(BaseHTTPRequestHandler):
    def __init__(self, resource: Resource, *given: Any) -> None:
        self.resource = resource
        super().__init__(*given)

    def do_GET(self) -> None:
        if self.path == METADATA:
            self._answer(200, self.resource.metadata())
        elif self.path == "/mcp":
            self._serve()
        else:
            self._answer(404, {})

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self._serve()

    @override
    def log_message(self, format: str, *args: object) -> None:  # its name there
        """Say nothing."""

    def _serve(self) -> None:
        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        if scheme != "Bearer":
            return self._challenge(401, scope="tools.read")
        try:
            claims = self.resource.check(token)
        except jwt.PyJWTError as error:
            self.resource.refused.append(str(error))
            return self._challenge(401, error="invalid_token", scope="tools.read")
        if not NEEDED[self.command] <= set(claims["scope"].split()):
            return self._challenge(403, error="insufficient_scope", scope="tools.write")
        return self._answer(200, claims)

    def _challenge(self, status: int, **more: str) -> None:
        told = {"resource_metadata": self.resource.origin + METADATA, **more}
        value = ", ".join(f'{name}="{text}"' for name, text in told.items())
        self._answer(status, {}, **{"WWW-Authenticate": f"Bearer {value}"})

    def _answer(self, status: int, body: Mapping[str, object], **headers: str) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        headers |= {"Content-Type": "application/json", "Content-Length": str(len(content))}
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)
