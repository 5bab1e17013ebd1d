"""A person with a browser that runs no script: follows redirects, reads forms, answers them."""

from dataclasses import dataclass, field
from urllib.parse import urljoin

import httpx
from lxml import html


@dataclass
class Person:
    """Somebody with an account; the HTTP client keeps the cookies."""

    http: httpx.Client
    username: str
    password: str = field(repr=False)

    def visit(self, url: str, *, home: str, decision: str = "allow") -> str:
        """Follow an authorization request until it leads to `home`, the client; answer that URL."""
        answer = self.http.get(url)
        while True:
            location = str(answer.headers.get("Location", ""))
            if location.startswith(home):
                return location
            answer = self._follow(answer, location) if location else self._fill(answer, decision)

    def _follow(self, answer: httpx.Response, location: str) -> httpx.Response:
        assert answer.status_code == 303
        return self.http.get(urljoin(str(answer.url), location))

    def _fill(self, answer: httpx.Response, decision: str) -> httpx.Response:
        assert answer.status_code == 200, f"{answer.url}: {answer.status_code} {answer.text}"
        (form,) = html.document_fromstring(answer.content).cssselect("form")
        fields = {
            str(each.get("name")): str(each.get("value", ""))
            for each in form.cssselect("input[name]")
        }
        if "password" in fields:
            fields |= {"username": self.username, "password": self.password}
        else:
            fields |= {"decision": decision}
        action = urljoin(str(answer.url), str(form.get("action")))
        return self.http.post(action, data=fields)
