"""A person at a tab who comes to each page that there is, the way that people do."""

import base64
import contextlib
import re
from typing import Any
from uuid import uuid4

import httpx
import psycopg
from tests.interop.conftest import Application, Ask, Register
from tests.interop.steps import allow, sign_in
from tests.interop.tab import Tab
from tests.server.http.second_factors import App

from throwaway import registration, server as throwaway_server
from throwaway.browser import Browser
from throwaway.smtp import Mailbox


DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
_DOUBT = "UPDATE authly.clients SET origin = 'dynamic' WHERE client_id = ANY(%s)"
Host = tuple[throwaway_server.Server, Mailbox]


class Visit:
    """A person at a tab who comes to each page the way that people do."""

    def __init__(self, tab: Tab, ask: Ask, register: Register, host: Host, name: str) -> None:
        self.tab = tab
        self._server, self._mailbox = host
        self._email = f"{uuid4().hex}@example.org"
        self._ask = ask
        self._application: Application = register(name, grants=("authorization_code",))
        self._device: Application = register(name, "none", grants=(DEVICE_GRANT, "refresh_token"))

    def sign_in_page(self, **more: str) -> None:
        self.tab.go(self._ask(self._application, **more))
        self.tab.wait_for("login-form")

    def wrong_password(self) -> None:
        self.sign_in_page()
        sign_in(self.tab, "wrong")
        self.tab.wait_for("login-error")

    def consent(self, **more: str) -> None:
        self.sign_in_page(**more)
        sign_in(self.tab)
        self.tab.wait_for("consent-form")

    def unchecked_consent(self) -> None:
        """To an application that registered itself."""
        self._doubt()
        self.consent()

    def leaving(self) -> None:
        """Such an application sends somebody here with a request that is wrong."""
        self._doubt()
        self.tab.go(self._ask(self._application, scope="no-such"))
        self.tab.wait_for("error-title")

    def unchecked_device(self) -> None:
        self._doubt()
        self.device_question()

    def form_post(self) -> None:
        self.consent(response_mode="form_post")
        allow(self.tab)
        self.tab.wait_for("response-form")

    def error(self) -> None:
        self.tab.go(self._ask(self._application, client_id="nobody"))
        self.tab.wait_for("error-title")

    def answered(self) -> None:
        """The page of a consent that was given already."""
        self.consent()
        allow(self.tab)
        self.tab.wait("!location.pathname.startsWith('/consent')")
        self.tab.go_back_to("/consent")
        if self.tab.evaluate("!!document.getElementById('allow')"):
            allow(self.tab)
        self.tab.wait_for("error-title")

    def device_sign_in(self) -> None:
        self.tab.go(f"{self._server.issuer}/device")
        self.tab.wait_for("login-form")

    def device_code(self) -> None:
        self.device_sign_in()
        sign_in(self.tab)
        self.tab.wait_for("device-code-form")

    def device_wrong_code(self) -> None:
        self._type_code("BCDF-GHJK")
        self.tab.wait_for("code-error")

    def device_question(self) -> None:
        self._type_code(self._begin()["user_code"])
        self.tab.wait_for("device-consent-form")

    def device_allowed(self) -> None:
        self.device_question()
        self._press("allow")

    def device_denied(self) -> None:
        self.device_question()
        self._press("deny")

    def sign_out(self) -> None:
        self.device_code()
        self.tab.go(f"{self._server.issuer}/logout")
        self.tab.wait_for("sign-out")

    def signed_out(self) -> None:
        self.sign_out()
        self._press("sign-out")

    def forgotten(self) -> None:
        self.tab.go(f"{self._server.issuer}/account/forgotten-password")
        self.tab.wait_for("forgotten-form")

    def forgotten_sent(self) -> None:
        self.forgotten()
        registration.add_user(self._server.environ["DATABASE_URL"], self._email)
        self._fill_in(username=self._email)
        self.tab.wait_for("forgotten-sent")

    def new_password(self) -> None:
        self.forgotten_sent()
        (link,) = re.findall(r"https://\S+", self._mailbox.next_to(self._email).get_content())
        self.tab.go(link)
        self.tab.wait_for("new-password-form")

    def unfit_password(self) -> None:
        self.new_password()
        self._fill_in(password="four words in a row", again="five words in a row")
        self.tab.wait_for("password-error")

    def password_changed(self) -> None:
        self.new_password()
        self._fill_in(password="four words in a row", again="four words in a row")
        self.tab.wait_for("password-changed")

    def account_sign_in(self) -> None:
        self.tab.go(f"{self._server.issuer}/account")
        self.tab.wait_for("login-form")

    def account(self) -> None:
        """Of somebody who is signed in on another browser as well, and has let something in."""
        self._doubt()
        self._sign_in_elsewhere()
        self.account_sign_in()
        sign_in(self.tab, email=self._email)
        self.tab.wait_for("sessions-form")
        self.tab.go(self._ask(self._application))
        allow(self.tab)
        self.tab.wait("!location.pathname.startsWith('/consent')")
        self.tab.go(f"{self._server.issuer}/account")
        self.tab.wait_for("applications-form")

    def account_ended(self) -> None:
        self.account()
        self._press("end-session-2")
        self._press("withdraw-1")
        self.tab.wait_for("no-applications")

    def own_password(self) -> None:
        self._sign_in_elsewhere()
        self.account_sign_in()
        sign_in(self.tab, email=self._email)
        self.tab.wait_for("change-password")
        self.tab.tab_to("change-password")
        self.tab.press("Enter")
        self.tab.wait_for("own-password-form")

    def wrong_present_password(self) -> None:
        self.own_password()
        new = "four words in a row"
        self._fill_in(present="not my secret passphrase", password=new, again=new)
        self.tab.wait_for("password-error")

    def unfit_own_password(self) -> None:
        self.own_password()
        self._fill_in(present=registration.PASSWORD, password="a" * 12, again="a" * 12)
        self.tab.wait_for("password-error")

    def own_password_changed(self) -> None:
        self.own_password()
        new = "four words in a row"
        self._fill_in(present=registration.PASSWORD, password=new, again=new)
        self.tab.wait_for("said")

    def kept_password(self) -> None:
        """Of the administrator."""
        self.account_sign_in()
        sign_in(self.tab)
        self.tab.wait_for("change-password")
        self.tab.go(f"{self._server.issuer}/account/password")
        self.tab.wait_for("password-kept")

    def second_factor(self) -> None:
        """Of somebody who has none yet."""
        registration.add_user(self._server.environ["DATABASE_URL"], self._email)
        self.tab.go(f"{self._server.issuer}/account/second-factor")
        sign_in(self.tab, email=self._email)
        self.tab.wait_for("second-factor-begin-form")

    def second_factor_unproved(self) -> None:
        self.second_factor()
        self._fill_in(password="wrong")
        self.tab.wait_for("second-factor-error")

    def second_factor_key(self) -> None:
        self.second_factor()
        self._fill_in(password=registration.PASSWORD)
        self.tab.wait_for("offer-form")

    def second_factor_wrong_code(self) -> None:
        self.second_factor_key()
        self._fill_in(code="12345")
        self.tab.wait_for("offer-error")

    def recovery_codes(self) -> App:
        """Switched on, by the key as people type it."""
        self.second_factor_key()
        shown = str(self.tab.evaluate("document.getElementById('key').textContent"))
        app = App(base64.b32decode(shown.replace(" ", "")))
        self._fill_in(code=app.code(-1))
        self.tab.wait_for("recovery-codes")
        return app

    def second_factor_on(self) -> None:
        self.recovery_codes()
        self._press("go-on")
        self.tab.wait_for("second-factor-change-form")

    def second_factor_unchanged(self) -> None:
        self.second_factor_on()
        self._fill_in(password="wrong", code="123456")
        self.tab.wait_for("second-factor-error")

    def second_step(self) -> App:
        """Signing in anew, which goes on to the code."""
        app = self.recovery_codes()
        self.sign_in_page(prompt="login")
        sign_in(self.tab, email=self._email)
        self.tab.wait_for("second-factor-form")
        return app

    def second_step_wrong(self) -> None:
        self.second_step()
        self._fill_in(code="12345")
        self.tab.wait_for("second-factor-error")

    def signed_in_by_code(self) -> None:
        """To the question that is asked next."""
        app = self.second_step()
        self._fill_in(code=app.code())
        self.tab.wait_for("consent-form")

    def _sign_in_elsewhere(self) -> None:
        registration.add_user(self._server.environ["DATABASE_URL"], self._email)
        with contextlib.closing(Browser(self._server.base_url)) as other:
            other.sign_in(other.client.get("/account"), self._email)

    def _fill_in(self, **fields: str) -> None:
        for name, text in fields.items():
            self.tab.tab_to(name)
            self.tab.type(text)
        self.tab.press("Enter")

    def _doubt(self) -> None:
        """Nobody here has registered these applications."""
        with psycopg.connect(self._server.environ["DATABASE_URL"]) as connection:
            names = [self._application.client_id, self._device.client_id]
            connection.execute(_DOUBT, (names,))

    def _press(self, button: str) -> None:
        self.tab.tab_to(button)
        self.tab.press("Enter")
        self.tab.wait(f"document.readyState === 'complete' && !document.getElementById('{button}')")

    def _type_code(self, code: str) -> None:
        self.device_code()
        self.tab.tab_to("user_code")
        self.tab.type(code)
        self.tab.press("Enter")

    def _begin(self) -> dict[str, Any]:
        form = {"client_id": self._device.client_id, "scope": "email read"}
        url = f"{self._server.base_url}/device_authorization"
        begun: dict[str, Any] = httpx.post(url, data=form).raise_for_status().json()
        return begun
