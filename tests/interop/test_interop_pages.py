"""Every page as people see it: narrow and wide, light and dark, and without script."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from tests.interop import appearance
from tests.interop.conftest import Application, Ask, Register
from tests.interop.steps import allow, sign_in
from tests.interop.tab import Tab

from throwaway import server as throwaway_server


ARTIFACTS = Path(__file__).parents[2] / "artifacts" / "pages"
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
_DOUBT = "UPDATE authly.clients SET origin = 'dynamic' WHERE client_id = ANY(%s)"
SIZES = {"narrow": (320, 568, 2), "wide": (1280, 800, 1)}


class Visit:
    """A person at a tab who comes to each page the way that people do."""

    def __init__(
        self, tab: Tab, ask: Ask, register: Register, server: throwaway_server.Server, name: str
    ) -> None:
        self.tab = tab
        self._ask = ask
        self._server = server
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


PAGES: dict[str, Callable[[Visit], None]] = {
    "sign-in": Visit.sign_in_page,
    "wrong-password": Visit.wrong_password,
    "consent": Visit.consent,
    "consent-unchecked": Visit.unchecked_consent,
    "leaving": Visit.leaving,
    "form-post": Visit.form_post,
    "error": Visit.error,
    "answered-already": Visit.answered,
    "device-sign-in": Visit.device_sign_in,
    "device-code": Visit.device_code,
    "device-wrong-code": Visit.device_wrong_code,
    "device-question": Visit.device_question,
    "device-question-unchecked": Visit.unchecked_device,
    "device-allowed": Visit.device_allowed,
    "device-denied": Visit.device_denied,
    "sign-out": Visit.sign_out,
    "signed-out": Visit.signed_out,
}


@pytest.fixture(params=["light", "dark"])
def scheme(request: pytest.FixtureRequest) -> str:
    """What the person prefers."""
    return str(request.param)


@pytest.fixture(params=SIZES)
def size(request: pytest.FixtureRequest) -> str:
    """How large their screen is."""
    return str(request.param)


@pytest.fixture
def visit(
    tab: Tab, ask: Ask, register: Register, server: throwaway_server.Server, size: str
) -> Visit:
    """To applications of a long name on the small screen."""
    return Visit(tab, ask, register, server, "photos" * 20 if size == "narrow" else "printer")


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_legible_and_fits_the_screen(
    visit: Visit, page: str, scheme: str, size: str
) -> None:
    tab = visit.tab
    (width, height, scale), is_mobile = SIZES[size], size == "narrow"
    preferred = [{"name": "prefers-color-scheme", "value": scheme}]
    screen = {"width": width, "height": height, "deviceScaleFactor": scale, "mobile": is_mobile}
    tab.call("Emulation.setEmulatedMedia", features=preferred)
    tab.call("Emulation.setDeviceMetricsOverride", **screen)
    tab.call("Emulation.setScriptExecutionDisabled", value=True)
    PAGES[page](visit)
    tab.screenshot(ARTIFACTS / f"{page}-{size}-{scheme}.png")
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    assert tab.evaluate("window.innerWidth") == width
    assert appearance.is_dark(tab) is (scheme == "dark")
    meetings = appearance.meetings(tab)
    assert len(meetings) >= 2
    assert [str(each) for each in meetings if each.ratio < each.wanted] == []
