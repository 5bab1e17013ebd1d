"""A browser without script: it keeps cookies, fills in forms, and goes where it is sent.

It does not leave the server: a redirect to a client is the last answer, to be looked at.
"""

import base64
import hashlib
import ssl
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from http.cookies import SimpleCookie
from urllib.parse import parse_qs, urlsplit

import httpx
from lxml import html

from throwaway.registration import EMAIL, PASSWORD, RegisteredClient


VERIFIER = "a-code-verifier-that-is-long-enough-for-rfc-7636"
_MOST_STEPS = 10


def challenge(verifier: str = VERIFIER) -> str:
    """The S256 challenge of a verifier."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def asking(client: RegisteredClient, **changes: str | None) -> dict[str, str]:
    """The parameters of an authorization request; None leaves one out."""
    parameters: dict[str, str | None] = {
        "client_id": client.client_id,
        "redirect_uri": client.redirect_uri,
        "response_type": "code",
        "scope": "read",
        "state": "the state",
        "code_challenge": challenge(),
        "code_challenge_method": "S256",
        **changes,
    }
    return {name: value for name, value in parameters.items() if value is not None}


def told(answer: httpx.Response) -> dict[str, str]:
    """What a redirect tells the client: each parameter, which must be there once."""
    pairs = parse_qs(urlsplit(answer.headers["Location"]).query, strict_parsing=True)
    if any(len(values) != 1 for values in pairs.values()):
        message = f"a parameter came more than once: {pairs}"
        raise ValueError(message)
    return {name: values[0] for name, values in pairs.items()}


@dataclass(frozen=True)
class Form:
    """A form of a page: where it leads, and what it sends when it is not changed."""

    action: str
    fields: dict[str, str]


class Browser:
    """One person's browser; `base_url` is where it reaches the server, be it plain HTTP.

    `cookies` are the ones that it keeps, Secure or not, and may be changed; `verify` is what to
    trust where `base_url` is https.
    """

    def __init__(self, base_url: str, verify: ssl.SSLContext | bool = True) -> None:
        self.cookies: dict[str, str] = {}
        self.client = httpx.Client(
            base_url=base_url,
            verify=verify,
            timeout=30,
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
            event_hooks={"request": [self._present], "response": [self._keep]},
        )

    def close(self) -> None:
        """Hang up."""
        self.client.close()

    def _present(self, request: httpx.Request) -> None:
        if self.cookies:
            request.headers["Cookie"] = "; ".join(f"{k}={v}" for k, v in self.cookies.items())

    def _keep(self, answer: httpx.Response) -> None:
        for header in answer.headers.get_list("Set-Cookie"):
            for name, morsel in SimpleCookie(header).items():
                self.cookies.pop(name, None)
                if morsel["max-age"] != "0":
                    self.cookies[name] = morsel.value

    def authorize(self, client: RegisteredClient, **changes: str | None) -> httpx.Response:
        """Come from the client and go as far as no person is needed."""
        return self.follow(self.client.get("/authorize", params=asking(client, **changes)))

    def follow(self, answer: httpx.Response) -> httpx.Response:
        """Go where one is sent, as long as it is the server itself."""
        for _ in range(_MOST_STEPS):
            if not answer.headers.get("Location", "").startswith("/"):
                return answer
            if answer.status_code != httpx.codes.SEE_OTHER:
                message = f"redirected by {answer.status_code}"
                raise ValueError(message)
            answer = self.client.get(answer.headers["Location"])
        message = "too many redirects"
        raise ValueError(message)

    def submit(self, page: httpx.Response, **fields: str) -> httpx.Response:
        """Send the form of a page with some fields filled in, and follow."""
        form = read_form(page)
        return self.follow(self.client.post(form.action, data=form.fields | fields))

    def press(self, page: httpx.Response, button_id: str, **fields: str) -> httpx.Response:
        """Press a button of a page, send the form that it is in, and follow."""
        (button,) = html.fromstring(page.text).cssselect(f"button#{button_id}")
        (element,) = button.iterancestors("form")
        form = _form(element)
        name = button.get("name")
        pressed = {} if name is None else {name: button.get("value", "")}
        return self.follow(self.client.post(form.action, data=form.fields | pressed | fields))

    def sign_in(
        self, page: httpx.Response, username: str = EMAIL, password: str = PASSWORD
    ) -> httpx.Response:
        """Fill in the sign-in page."""
        return self.submit(page, username=username, password=password)

    def allow(self, client: RegisteredClient, **changes: str | None) -> dict[str, str]:
        """The whole way: sign in and consent where one is asked to; what the client is told."""
        page = self.authorize(client, **changes)
        if has_form(page, "login-form"):
            page = self.sign_in(page)
        if has_form(page, "consent-form"):
            page = self.submit(page, decision="allow")
        return told(page)


def has_form(page: httpx.Response, name: str) -> bool:
    """Whether it is a page with the form of that id."""
    return f'id="{name}"' in page.text


def read_form(page: httpx.Response) -> Form:
    """The only form of a page."""
    (form,) = html.fromstring(page.text).cssselect("form")
    return _form(form)


def _form(element: html.HtmlElement) -> Form:
    hidden = element.cssselect("input[type=hidden]")
    fields = {each.get("name", ""): each.get("value", "") for each in hidden}
    return Form(element.get("action", ""), fields)
