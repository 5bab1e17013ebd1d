"""The authorization code flow with PKCE, as a browser and a web application do it together."""

import base64
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from demo import forms, narration
from demo.browser import Answer, Browser
from demo.failure import Failure


MOST_STEPS = 8


@dataclass(frozen=True)
class Person:
    """Who signs in."""

    name: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class Request:
    """An authorization request, and what the application remembers of it."""

    client_id: str
    redirect_uri: str
    scopes: tuple[str, ...]
    state: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48), repr=False)

    def url(self, endpoint: str) -> str:
        """Where the browser is sent (RFC 6749 section 4.1.1, RFC 7636 section 4.3)."""
        digest = hashlib.sha256(self.verifier.encode()).digest()
        parameters = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": " ".join(self.scopes),
            "state": self.state,
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        return f"{endpoint}?{urlencode(parameters)}"


def authorize(
    browser: Browser, metadata: Mapping[str, Any], request: Request, person: Person
) -> str:
    """Sign in and consent on the real pages; the authorization code.

    Raises:
        Failure: the server led elsewhere, or answered for another request.
    """
    url = request.url(metadata["authorization_endpoint"])
    narration.told(f"GET  {url}")
    answer = browser.get(url)
    for _ in range(MOST_STEPS):
        if answer.location.startswith(f"{request.redirect_uri}?"):
            narration.told(f"{answer.status}  back to the application: {request.redirect_uri}")
            return code(answer.location, request, metadata["issuer"])
        answer = _next(browser, answer, person)
    message = f"the sign-in did not end after {MOST_STEPS} pages"
    raise Failure(message)


def _next(browser: Browser, answer: Answer, person: Person) -> Answer:
    """Follow a redirect, or fill in the form of a page."""
    if answer.location:
        narration.told(f"{answer.status}  to {urlsplit(answer.location).path}")
        return browser.get(answer.location)
    found = {form.name: form for form in forms.parse(answer.body)}
    if form := found.get("login-form"):
        narration.told(f"POST {form.action} as {person.name}")
        typed = {"username": person.name, "password": person.password}
        return _signed_in(browser.post(form.action, {**form.fields, **typed}))
    if form := found.get("consent-form"):
        allow = next(pair for pair in form.choices if pair == ("decision", "allow"))
        narration.told(f"POST {form.action}, decision=allow")
        return browser.post(form.action, {**form.fields, **dict([allow])})
    message = f"the server answered {answer.status} and a page without a form that is known"
    raise Failure(message)


def _signed_in(answer: Answer) -> Answer:
    if 'id="login-error"' in answer.body:
        message = "the server did not accept the administrator's password from the Secret"
        raise Failure(message)
    return answer


def code(location: str, request: Request, issuer: str) -> str:
    """The code of an answer to this very request (state) by this very server (iss, RFC 9207).

    Raises:
        Failure: it is an error, or an answer to another request.
    """
    parameters = dict(parse_qsl(urlsplit(location).query))
    if "error" in parameters:
        message = f"refused: {parameters['error']}: {parameters.get('error_description', '')}"
        raise Failure(message)
    for name, expected in (("state", request.state), ("iss", issuer)):
        if parameters.get(name) != expected:
            message = f"the answer's {name} is {parameters.get(name)!r}, not {expected!r}"
            raise Failure(message)
    narration.told("     state is the one that was sent, and iss is the issuer: it is our answer")
    return parameters["code"]
