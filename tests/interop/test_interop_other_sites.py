"""What other sites and other applications of the device can do with a person's browser."""

import json
import time
from urllib.parse import parse_qsl, urlsplit

import pytest
from tests.interop import callback
from tests.interop.conftest import Application, Ask, Register
from tests.interop.steps import allow, arrive, sign_in
from tests.interop.tab import Tab

from throwaway import server as throwaway_server


POST = """{
  const form = document.createElement('form')
  form.method = 'post'
  form.action = action
  for (const [name, value] of parameters) {
    const field = Object.assign(document.createElement('input'), { type: 'hidden', name, value })
    form.append(field)
  }
  document.body.append(form)
  form.submit()
}"""
FRAME = """new Promise((resolve) => {
  const frame = document.createElement('iframe')
  frame.src = source
  frame.onload = () => resolve(frame.contentDocument === null)
  document.body.append(frame)
})"""


def post_from_page(tab: Tab, url: str) -> None:
    """Let a form of the page post the parameters of a URL, as some clients do."""
    parts = urlsplit(url)
    given = {
        "action": parts._replace(query="").geturl(),
        "parameters": parse_qsl(parts.query),
    }
    constants = "".join(f"const {name} = {json.dumps(value)};" for name, value in given.items())
    tab.evaluate(f"{{{constants} {POST}}}")


@pytest.fixture
def photos(tab: Tab, ask: Ask, register: Register, home: callback.Home) -> Application:
    """A client whose page a signed-in person looks at."""
    made = register("photos")
    tab.go(ask(made))
    sign_in(tab)
    allow(tab)
    arrive(tab, home, made)
    return made


def test_a_request_that_a_client_posts_finds_the_session(
    tab: Tab, ask: Ask, photos: Application, home: callback.Home
) -> None:
    tab.call("Network.enable")
    post_from_page(tab, ask(photos, state="posted"))
    tab.wait_for_request(f"{photos.redirect_uri}?")
    deadline = time.monotonic() + 90
    while len(home.at(photos.client_id)) < 2:  # its page of before looks the same
        assert time.monotonic() < deadline
        time.sleep(0.02)
    first, second = home.at(photos.client_id)
    assert second.parameters["state"] == "posted"
    assert second.parameters["code"] != first.parameters["code"]


def test_no_site_shows_the_pages_in_a_frame(
    tab: Tab, ask: Ask, photos: Application, register: Register
) -> None:
    tab.call("Log.enable")
    source = json.dumps(ask(register("calendar")))
    assert tab.evaluate(f"{{const source = {source}; {FRAME}}}") is True
    assert any("frame-ancestors" in complaint for complaint in tab.complaints())


def test_an_application_of_the_device_is_opened(
    tab: Tab, ask: Ask, register: Register, server: throwaway_server.Server
) -> None:
    native = register("native", "none", redirect_uri="com.example.photos:/callback")
    tab.call("Log.enable")
    tab.call("Network.enable")
    tab.go(ask(native))
    sign_in(tab)
    tab.wait_for("consent-form")
    assert "an application on this device" in tab.text
    allow(tab)
    opened = tab.wait_for_request("com.example.photos:")
    told = dict(parse_qsl(urlsplit(opened).query))
    assert told.keys() == {"code", "state", "iss"}
    assert told["iss"] == server.issuer
    assert tab.complaints() == []
