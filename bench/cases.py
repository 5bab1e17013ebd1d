"""What is measured: a table of cases, each with its baseline and the ratio that is aimed at."""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import parse_qs, quote, urlencode, urlsplit

from bench import loader
from bench.loader import Answer, Next
from throwaway.browser import VERIFIER, asking
from throwaway.instance import Instance


METADATA = "/.well-known/oauth-authorization-server"
FIXED, UPDATE = "bare handler, 900 bytes", "bare handler, one UPDATE"


@dataclass
class Material:
    """What cases hand on to later ones: codes that were issued, tokens that are live."""

    instance: Instance
    codes: list[str] = field(default_factory=list)
    machine_tokens: list[str] = field(default_factory=list)
    refresh_tokens: list[str] = field(default_factory=list)
    machine_token: str = ""
    person_token: str = ""

    @property
    def basic(self) -> str:
        """The shop's Authorization header."""
        shop = self.instance.shop
        pair = f"{quote(shop.client_id, safe='')}:{quote(shop.secret, safe='')}"
        return "Basic " + base64.b64encode(pair.encode()).decode()

    def post(self, path: str, **form: str) -> bytes:
        """A form, posted by the shop."""
        return loader.request("POST", path, urlencode(form).encode(), Authorization=self.basic)


@dataclass(frozen=True)
class Case:
    """One line of the table; `make` answers what each connection sends next."""

    name: str
    baseline: str
    aim: float
    make: Callable[[Material, int], Next]
    expected: int = 200


def repeated(build: Callable[[Material], bytes]) -> Callable[[Material, int], Next]:
    """The same request, over and over."""

    def make(material: Material, count: int) -> Next:
        request, left = build(material), [count]

        def following(_: int, __: Answer | None) -> bytes | None:
            left[0] -= 1
            return request if left[0] >= 0 else None

        return following

    return make


def refreshing(material: Material, count: int) -> Next:
    """Each connection rotates a family of its own; its last token stays for the next run."""
    left = [count]

    def following(number: int, answer: Answer | None) -> bytes | None:
        if answer is not None:
            material.refresh_tokens[number] = json.loads(answer.body)["refresh_token"]
        left[0] -= 1
        token = material.refresh_tokens[number]
        form = {"grant_type": "refresh_token", "refresh_token": token}
        return material.post("/token", **form) if left[0] >= 0 else None

    return following


def authorizing(material: Material, count: int) -> Next:
    """A live session and a remembered consent: a code at once, kept for the exchange."""
    person = material.instance.person
    cookie = "; ".join(f"{name}={value}" for name, value in person.cookies.items())
    path = "/authorize?" + urlencode(asking(material.instance.shop))
    request, left = loader.request("GET", path, Cookie=cookie), [count]

    def following(_: int, answer: Answer | None) -> bytes | None:
        if answer is not None:
            query = parse_qs(urlsplit(answer.headers["location"]).query)
            material.codes.append(query["code"][0])
        left[0] -= 1
        return request if left[0] >= 0 else None

    return following


def issuing(material: Material, count: int) -> Next:
    """Tokens for a machine, kept for who asks about each of them once."""
    request, left = _client_credentials(material), [count]

    def following(_: int, answer: Answer | None) -> bytes | None:
        if answer is not None:
            material.machine_tokens.append(json.loads(answer.body)["access_token"])
        left[0] -= 1
        return request if left[0] >= 0 else None

    return following


def introspecting_once(material: Material, count: int) -> Next:
    """Tokens that nobody has asked about before."""
    left = [count]

    def following(_: int, __: Answer | None) -> bytes | None:
        left[0] -= 1
        if left[0] < 0:
            return None
        return material.post("/introspect", token=material.machine_tokens.pop())

    return following


def exchanging(material: Material, count: int) -> Next:
    """Codes that were issued before, each once."""
    left = [count]

    def following(_: int, __: Answer | None) -> bytes | None:
        left[0] -= 1
        if left[0] < 0:
            return None
        form = {"grant_type": "authorization_code", "code": material.codes.pop()}
        redirect_uri = material.instance.shop.redirect_uri
        return material.post("/token", **form, redirect_uri=redirect_uri, code_verifier=VERIFIER)

    return following


def _get(path: str) -> Callable[[Material], bytes]:
    return lambda _: loader.request("GET", path)


def _client_credentials(material: Material) -> bytes:
    return material.post("/token", grant_type="client_credentials", scope="read")


def _introspect(attribute: str) -> Callable[[Material], bytes]:
    return lambda material: material.post("/introspect", token=getattr(material, attribute))


# fmt: off
CASES = (
    Case("discovery",                         FIXED, 1.3, repeated(_get(METADATA))),
    Case("JWKS",                              FIXED, 1.3, repeated(_get("/jwks"))),
    Case("client_credentials, ES256",         FIXED, 3.0, issuing),
    Case("introspection, a machine's token",  FIXED, 3.0, repeated(_introspect("machine_token"))),
    Case("introspection, a person's token",   FIXED, 3.0, repeated(_introspect("person_token"))),
    Case("introspection, never seen before",  FIXED, 3.0, introspecting_once),
    Case("refresh with rotation",             UPDATE, 1.8, refreshing),
    Case("authorize, live session",           UPDATE, 1.8, authorizing, expected=303),
    Case("code exchange",                     UPDATE, 1.8, exchanging),
)
# fmt: on
