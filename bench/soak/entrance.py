"""The two processes as clients see them: any of them may be gone, and then the other is asked."""

import asyncio
import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import parse_qs, urlencode, urlsplit

import aiohttp

from bench.cases import Material
from bench.soak import ledger
from bench.soak.ledger import Ledger
from throwaway.browser import asking
from throwaway.instance import Instance


# Longer than any restart, and shorter than the grace in which a lost answer is given again (30 s).
PATIENCE = 25.0
_PAUSE = 0.1


@dataclass(frozen=True, slots=True)
class Answer:
    """Status and body; 0 is no answer at all."""

    status: int
    body: dict[str, Any] = field(default_factory=dict, repr=False)
    location: str = field(default="", repr=False)

    @property
    def is_final(self) -> bool:
        """Whether asking again is of no use: neither lost nor told to come again."""
        return self.status not in {0, ledger.UNAVAILABLE}


class Entrance:
    """Sends requests of one client and of one person who is signed in."""

    def __init__(self, instance: Instance, ports: tuple[int, ...], kept: Ledger) -> None:
        self.ledger = kept
        self.redirect_uri = instance.shop.redirect_uri
        self._origins = [f"http://127.0.0.1:{port}" for port in ports]
        self._turn = itertools.cycle(range(len(ports)))
        self._basic = {"Authorization": Material(instance).basic}
        cookies = "; ".join(f"{n}={v}" for n, v in instance.person.cookies.items())
        self._person = {"Cookie": cookies}
        self._request = "/authorize?" + urlencode(asking(instance.shop))

    async def __aenter__(self) -> Self:
        self._http = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=10), cookie_jar=aiohttp.DummyCookieJar()
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.close()

    async def post(self, what: str, path: str, form: Mapping[str, str], door: int) -> Answer:
        """Post a form as the client at one of the processes, once."""
        return await self._ask(what, "POST", path, door, headers=self._basic, data=dict(form))

    async def insist(self, what: str, path: str, form: Mapping[str, str]) -> tuple[Answer, bool]:
        """Post at either process until there is an answer; whether it took more than one try."""
        loop = asyncio.get_running_loop()
        deadline, tries = loop.time() + PATIENCE, 0
        while True:
            tries += 1
            answer = await self.post(what, path, form, next(self._turn))
            if answer.is_final or loop.time() > deadline:
                return answer, tries > 1
            await asyncio.sleep(_PAUSE)

    async def everywhere(self, what: str, path: str, form: Mapping[str, str]) -> list[Answer]:
        """Post the same at all processes at the same time."""
        doors = range(len(self._origins))
        return await asyncio.gather(*(self.post(what, path, form, door) for door in doors))

    async def code(self) -> str:
        """Have the person's browser get a code, whatever it takes."""
        while True:
            answer = await self._ask(
                "authorize", "GET", self._request, next(self._turn), headers=self._person
            )
            if answer.is_final:
                return self._read_code(answer)
            await asyncio.sleep(_PAUSE)

    def _read_code(self, answer: Answer) -> str:
        codes = parse_qs(urlsplit(answer.location).query).get("code", [])
        if len(codes) != 1:
            self.ledger.breach(f"authorize gave no code: {answer.status}")
        return "".join(codes)

    async def _ask(self, what: str, method: str, path: str, door: int, **sent: Any) -> Answer:
        url = self._origins[door] + path
        try:
            async with self._http.request(method, url, allow_redirects=False, **sent) as response:
                text = await response.text()
                self.ledger.answered(what, response.status)
                is_json = response.content_type == "application/json"
                body = json.loads(text) if text and is_json else {}
                return Answer(response.status, body, response.headers.get("Location", ""))
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            self.ledger.saw(f"no answer ({type(error).__name__})")
            return Answer(0)
