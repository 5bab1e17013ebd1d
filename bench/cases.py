"""What is measured: a table of cases, each with its baseline and the ratio that is aimed at."""

import base64
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from urllib.parse import parse_qs, quote, urlencode, urlsplit

from authly_server.clock import SystemClock
from authly_server.tokens import access_token, keyring
from bench import loader
from bench.loader import Answer, Next
from throwaway.browser import VERIFIER, asking
from throwaway.instance import Instance


METADATA = "/.well-known/oauth-authorization-server"
FIXED, UPDATE = "/fixed", "/update"


@dataclass
class Material:
    """What cases hand on to later ones: codes that were issued, tokens that are live."""

    instance: Instance
    codes: list[str] = field(default_factory=list)
    machine_tokens: list[str] = field(default_factory=list)
    refresh_tokens: list[str] = field(default_factory=list)
    foreign_tokens: list[str] = field(default_factory=list)
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


Build = Callable[[Material], bytes]
Make = Callable[[Material, int], Next]


@dataclass(frozen=True)
class Case:
    """One line of the table; `make` answers what each connection sends next.

    `sample` is a request of that kind, which the bare handler is sent as well, but for its path.
    `after` is the case that leaves what this one uses up.
    """

    name: str
    baseline: str
    aim: float
    sample: Build
    make: Make
    expected: int = 200
    after: str | None = None

    def bare(self) -> "Case":
        """The bare handler, asked the same way."""
        return replace(self, name=self.baseline, make=repeated(self._bare_request), expected=200)

    def _bare_request(self, material: Material) -> bytes:
        line, _, rest = self.sample(material).partition(b"\r\n")
        method, _, version = line.split(b" ")
        return b"\r\n".join([b" ".join([method, self.baseline.encode(), version]), rest])


def repeated(build: Build) -> Make:
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
        return _refresh(material, number) if left[0] >= 0 else None

    return following


def authorizing(material: Material, count: int) -> Next:
    """A live session and a remembered consent: a code at once, kept for the exchange."""
    request, left = _authorize(material), [count]

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


def introspecting_once(draw: Callable[[Material], str]) -> Make:
    """Tokens that nobody has asked about before."""

    def make(material: Material, count: int) -> Next:
        left = [count]

        def following(_: int, __: Answer | None) -> bytes | None:
            left[0] -= 1
            return _introspect(material, draw(material)) if left[0] >= 0 else None

        return following

    return make


def _foreign(material: Material) -> str:
    """A token as another process of the same server would have issued it."""
    if not material.foreign_tokens:
        ring = keyring.parse(material.instance.server.key_ring.read_bytes())
        issuer, now = material.instance.server.issuer, SystemClock().now()
        pattern = access_token.verify(ring, material.machine_token, issuer, now)
        tokens = (replace(pattern, jti=secrets.token_hex(16)) for _ in range(2000))
        material.foreign_tokens += [access_token.issue(ring, token) for token in tokens]
    return material.foreign_tokens.pop()


def exchanging(material: Material, count: int) -> Next:
    """Codes that were issued before, each once."""
    left = [count]

    def following(_: int, __: Answer | None) -> bytes | None:
        left[0] -= 1
        if left[0] < 0:
            return None
        return _exchange(material, material.codes.pop())

    return following


def _get(path: str) -> Build:
    return lambda _: loader.request("GET", path)


def _client_credentials(material: Material) -> bytes:
    return material.post("/token", grant_type="client_credentials", scope="read")


def _introspect(material: Material, token: str) -> bytes:
    return material.post("/introspect", token=token)


def _refresh(material: Material, number: int) -> bytes:
    token = material.refresh_tokens[number]
    return material.post("/token", grant_type="refresh_token", refresh_token=token)


def _authorize(material: Material) -> bytes:
    person = material.instance.person
    cookie = "; ".join(f"{name}={value}" for name, value in person.cookies.items())
    path = "/authorize?" + urlencode(asking(material.instance.shop))
    return loader.request("GET", path, Cookie=cookie)


def _exchange(material: Material, code: str) -> bytes:
    form = {"grant_type": "authorization_code", "code": code, "code_verifier": VERIFIER}
    return material.post("/token", **form, redirect_uri=material.instance.shop.redirect_uri)


def _always(name: str, baseline: str, aim: float, build: Build) -> Case:
    return Case(name, baseline, aim, build, repeated(build))


CLIENT_CREDENTIALS, AUTHORIZE = "client_credentials, ES256", "authorize, live session"
CASES = (
    _always("discovery", FIXED, 1.3, _get(METADATA)),
    _always("JWKS", FIXED, 1.3, _get("/jwks")),
    Case(CLIENT_CREDENTIALS, FIXED, 3.0, _client_credentials, issuing),
    _always(
        "introspection, a machine's token",
        FIXED,
        3.0,
        lambda material: _introspect(material, material.machine_token),
    ),
    _always(
        "introspection, a person's token",
        FIXED,
        3.0,
        lambda material: _introspect(material, material.person_token),
    ),
    Case(
        "introspection, first time, issued here",
        FIXED,
        3.0,
        lambda material: _introspect(material, material.machine_token),
        introspecting_once(lambda material: material.machine_tokens.pop()),
        after=CLIENT_CREDENTIALS,
    ),
    Case(
        "introspection, first time, issued elsewhere",
        FIXED,
        3.0,
        lambda material: _introspect(material, material.machine_token),
        introspecting_once(_foreign),
    ),
    Case(
        "refresh with rotation",
        UPDATE,
        1.8,
        lambda material: _refresh(material, 0),
        refreshing,
    ),
    Case(AUTHORIZE, UPDATE, 1.8, _authorize, authorizing, expected=303),
    Case(
        "code exchange",
        UPDATE,
        1.8,
        lambda material: _exchange(material, material.codes[-1]),
        exchanging,
        after=AUTHORIZE,
    ),
)


def chosen(words: list[str]) -> tuple[Case, ...]:
    """The cases whose names have one of the words, and what goes before them; all for no word."""
    wanted = {case.name for case in CASES if not words or _has_one(case.name, words)}
    wanted |= {case.after for case in CASES if case.name in wanted and case.after}
    return tuple(case for case in CASES if case.name in wanted)


def _has_one(name: str, words: list[str]) -> bool:
    return any(word.lower() in name.lower() for word in words)
