"""Every page as people see it: narrow and wide, light and dark, and without script."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.interop import appearance
from tests.interop.conftest import Ask, Register
from tests.interop.tab import Tab
from tests.interop.visit import Host, Visit

from throwaway import server as throwaway_server
from throwaway.smtp import Mailbox


ARTIFACTS = Path(__file__).parents[2] / "artifacts" / "pages"
SCHEMES = ("light", "dark")
SIZES = {"narrow": (320, 568, 2), "wide": (1280, 800, 1)}


PAGES: dict[str, Callable[[Visit], object]] = {
    "sign-in": Visit.sign_in_page,
    "wrong-password": Visit.wrong_password,
    "consent": Visit.consent,
    "consent-unchecked": Visit.unchecked_consent,
    "leaving": Visit.leaving,
    "form-post": Visit.form_post,
    "error": Visit.error,
    "answered-already": Visit.answered,
    "forgotten-password": Visit.forgotten,
    "forgotten-password-sent": Visit.forgotten_sent,
    "new-password": Visit.new_password,
    "new-password-unfit": Visit.unfit_password,
    "new-password-done": Visit.password_changed,
    "account-sign-in": Visit.account_sign_in,
    "account": Visit.account,
    "account-ended": Visit.account_ended,
    "own-password": Visit.own_password,
    "own-password-wrong-present": Visit.wrong_present_password,
    "own-password-unfit": Visit.unfit_own_password,
    "own-password-done": Visit.own_password_changed,
    "own-password-kept": Visit.kept_password,
    "second-factor": Visit.second_factor,
    "second-factor-unproved": Visit.second_factor_unproved,
    "second-factor-key": Visit.second_factor_key,
    "second-factor-wrong-code": Visit.second_factor_wrong_code,
    "second-factor-recovery-codes": Visit.recovery_codes,
    "second-factor-on": Visit.second_factor_on,
    "second-factor-unchanged": Visit.second_factor_unchanged,
    "second-step": Visit.second_step,
    "second-step-wrong": Visit.second_step_wrong,
    "second-step-done": Visit.signed_in_by_code,
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


@pytest.fixture(params=SIZES)
def size(request: pytest.FixtureRequest) -> str:
    """How large their screen is."""
    return str(request.param)


@pytest.fixture
def host(server: throwaway_server.Server, mailbox: Mailbox) -> Host:
    """The server, and where its mail arrives."""
    return server, mailbox


@pytest.fixture
def visit(tab: Tab, ask: Ask, register: Register, host: Host, size: str) -> Visit:
    """To applications of a long name on the small screen."""
    return Visit(tab, ask, register, host, "photos" * 20 if size == "narrow" else "printer")


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_legible_and_fits_the_screen(visit: Visit, page: str, size: str) -> None:
    """In daylight and at night, which changes while the page is open."""
    tab = visit.tab
    (width, height, scale), is_mobile = SIZES[size], size == "narrow"
    screen = {"width": width, "height": height, "deviceScaleFactor": scale, "mobile": is_mobile}
    tab.call("Emulation.setDeviceMetricsOverride", **screen)
    tab.call("Emulation.setScriptExecutionDisabled", value=True)
    PAGES[page](visit)
    for scheme in SCHEMES:
        preferred = [{"name": "prefers-color-scheme", "value": scheme}]
        tab.call("Emulation.setEmulatedMedia", features=preferred)
        tab.screenshot(ARTIFACTS / f"{page}-{size}-{scheme}.png")
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
        assert tab.evaluate("window.innerWidth") == width
        assert appearance.is_dark(tab) is (scheme == "dark")
        meetings = appearance.meetings(tab)
        assert len(meetings) >= 2
        assert [str(each) for each in meetings if each.ratio < each.wanted] == []
