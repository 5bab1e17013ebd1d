"""A browser as far as OAuth needs one: it speaks HTTP, keeps cookies and follows nothing."""

import http.client
import http.cookies
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import Message
from typing import Any
from urllib.parse import urlencode, urlsplit

from demo.failure import Failure
from demo.place import Address


SECONDS = 30


@dataclass(frozen=True)
class Answer:
    """What a server answered."""

    status: int
    headers: Message
    body: str

    @property
    def location(self) -> str:
        """Where a redirect leads."""
        return str(self.headers.get("Location", ""))

    def json(self) -> dict[str, Any]:
        """The members of a JSON object.

        Raises:
            Failure: it is none, or the status is not 200; with what the server said.
        """
        if self.status != http.HTTPStatus.OK:
            message = f"the server answered {self.status}: {self.body[:300]}"
            raise Failure(message)
        members: dict[str, Any] = json.loads(self.body)
        return members


@dataclass
class Browser:
    """Asks the issuer, whichever way its Service is reached."""

    address: Address
    issuer: str
    cookies: dict[str, str] = field(default_factory=dict, repr=False)

    def get(self, url: str, headers: Mapping[str, str] | None = None) -> Answer:
        """GET a URL of the issuer, or a path."""
        return self._send("GET", url, None, headers or {})

    def post(
        self, url: str, form: Mapping[str, str], headers: Mapping[str, str] | None = None
    ) -> Answer:
        """POST a form."""
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return self._send("POST", url, urlencode(form), {**kind, **(headers or {})})

    def _send(self, method: str, url: str, body: str | None, headers: Mapping[str, str]) -> Answer:
        parts = urlsplit(url)
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        # The issuer is a name: behind a port-forward the Host header alone says it.
        sent = {"Host": urlsplit(self.issuer).netloc, "Accept": "*/*", **headers}
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={text}" for name, text in self.cookies.items())
        connection = self._connection()
        try:
            connection.request(method, target, body, sent)
            answer = connection.getresponse()
            self._keep_cookies(answer.headers)
            return Answer(answer.status, answer.headers, answer.read().decode())
        except (OSError, http.client.HTTPException) as error:
            message = f"{method} {url}: {type(error).__name__}: {error}"
            raise Failure(message) from error
        finally:
            connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        address, tls = ("127.0.0.1", self.address.port), self.address.tls
        if tls is None:
            return http.client.HTTPConnection(*address, timeout=SECONDS)
        return http.client.HTTPSConnection(*address, timeout=SECONDS, context=tls)

    def _keep_cookies(self, headers: Message) -> None:
        for line in headers.get_all("Set-Cookie", []):
            for name, cookie in http.cookies.SimpleCookie(line).items():
                if cookie["max-age"] == "0":
                    self.cookies.pop(name, None)
                else:
                    self.cookies[name] = cookie.value
