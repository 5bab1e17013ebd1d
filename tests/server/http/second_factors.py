"""A person with an authenticator application, in the words of tests (RFC 6238)."""

import base64
import re
import time
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import httpx
from lxml import html

from authly_server.users import one_time_codes
from throwaway import registration
from throwaway.browser import Browser, has_form
from throwaway.instance import Instance
from throwaway.registration import PASSWORD


PATH = "/account/second-factor"
LATER = "UPDATE authly.second_factors SET last_step = 0"
ACR = "https://refeds.org/profile/mfa"

_SECONDS_TO_ARRIVE = 4


@dataclass
class App:
    """An authenticator application that has been given a key."""

    key: bytes

    def code(self, steps: int = 0) -> str:
        """The code of now, or of some steps of half a minute later; it arrives in the same one."""
        left = one_time_codes.STEP_SECONDS - time.time() % one_time_codes.STEP_SECONDS
        if left < _SECONDS_TO_ARRIVE:
            time.sleep(left)
        return one_time_codes.write(self.key, one_time_codes.step(int(time.time())) + steps)

    def wrong_code(self) -> str:
        """Six digits that are no code of this hour."""
        now = one_time_codes.step(int(time.time()))
        right = {one_time_codes.write(self.key, now + steps) for steps in range(-120, 121)}
        return next(code for code in map("{:06}".format, range(500)) if code not in right)


@dataclass
class Enrolled:
    """A person who has switched it on, with the browser that they did it in."""

    email: str
    browser: Browser
    app: App
    recovery_codes: list[str] = field(default_factory=list)


def add_person(instance: Instance) -> str:
    """Somebody whom no other test is about."""
    email = f"{uuid4().hex}@example.org"
    registration.add_user(instance.database_url, email)
    return email


def open_page(browser: Browser, email: str) -> httpx.Response:
    """The page of the second factor, signed in by the password if need be."""
    page = browser.follow(browser.client.get(PATH))
    return browser.sign_in(page, email) if has_form(page, "login-form") else page


def offered(page: httpx.Response) -> App:
    """The application after it has taken up the key of a page."""
    (link,) = html.fromstring(page.text).cssselect("#uri")
    (secret,) = parse_qs(urlsplit(link.get("href") or "").query)["secret"]
    return App(base64.b32decode(secret))


def enrol(instance: Instance, email: str | None = None) -> Enrolled:
    """Switch it on, by the code of half a minute ago: the present one is good yet."""
    email = email or add_person(instance)
    browser = instance.browser()
    page = browser.submit(open_page(browser, email), action="begin", password=PASSWORD)
    app = offered(page)
    done = browser.submit(page, action="confirm", code=app.code(-1))
    return Enrolled(email, browser, app, shown_codes(done))


def shown_codes(page: httpx.Response) -> list[str]:
    """The recovery codes of a page."""
    return re.findall(r"<code>([a-z2-7-]{19})</code>", page.text)


def begin(instance: Instance, person: Enrolled, **more: str) -> tuple[Browser, httpx.Response]:
    """A browser that has never been here, after the password: the page for the code."""
    browser = instance.browser()
    page = browser.sign_in(browser.authorize(instance.shop, **more), person.email)
    return browser, page


def signs_in(browser: Browser, page: httpx.Response, code: str) -> bool:
    """Whether a code signs in there."""
    return has_form(browser.submit(page, code=code), "consent-form")
