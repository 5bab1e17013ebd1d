"""What a person does at the pages, with the keyboard alone and from wherever the focus is."""

from urllib.parse import urlsplit

from tests.interop import callback
from tests.interop.conftest import Application
from tests.interop.tab import Tab

from throwaway import registration


def sign_in(
    tab: Tab, password: str = registration.PASSWORD, *, email: str = registration.EMAIL
) -> None:
    """Fill in the form and send it; the answer is not waited for."""
    tab.wait_for("login-form")
    tab.tab_to("username")
    tab.select_all()
    tab.type(email)
    tab.tab_to("password")
    tab.type(password)
    tab.press("Enter")


def allow(tab: Tab) -> None:
    """Consent; the answer is not waited for."""
    tab.wait_for("consent-form")
    tab.tab_to("allow")
    tab.press("Enter")


def arrive(tab: Tab, home: callback.Home, application: Application) -> callback.Arrival:
    """Wait until the browser is back at the client, and answer what that got."""
    tab.wait_for("arrived")
    assert urlsplit(tab.url).path == f"/{application.client_id}"
    return home.at(application.client_id)[-1]
