"""One tab of the browser, as a person has it: what is read there, and keys that are pressed."""

import base64
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from tests.interop.chromium import Chromium, ProtocolError


PATIENCE = 60.0
# key -> (code, Windows virtual key code, the text it types)
KEYS = {
    "Tab": ("Tab", 9, ""),
    "Enter": ("Enter", 13, "\r"),
    "Space": ("Space", 32, " "),
}
CONTROL, SHIFT = 2, 8


@dataclass
class Tab:
    """A tab; tabs of one `profile` share their cookies, and no others."""

    browser: Chromium
    profile: str
    session: str
    target: str

    @classmethod
    def open(cls, browser: Chromium, profile: str) -> Self:
        """Open an empty tab, which believes that it has the focus."""
        opened = browser.call("Target.createTarget", url="about:blank", browserContextId=profile)
        target = opened["targetId"]
        attached = browser.call("Target.attachToTarget", targetId=target, flatten=True)
        tab = cls(browser, profile, attached["sessionId"], target)
        tab.call("Page.enable")
        tab.call("Emulation.setFocusEmulationEnabled", enabled=True)
        return tab

    def beside(self) -> "Tab":
        """Another tab of the same profile."""
        return Tab.open(self.browser, self.profile)

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """A command of the protocol to this tab."""
        return self.browser.call(method, session=self.session, **parameters)

    def go(self, url: str) -> None:
        """Open a URL, as if typed into the address bar."""
        answer = self.call("Page.navigate", url=url)
        assert "errorText" not in answer, f"{url}: {answer['errorText']}"
        self.wait("document.readyState === 'complete'")

    def go_back_to(self, path: str) -> None:
        """Go back in the history to the last page with that path."""
        entries = self.call("Page.getNavigationHistory")["entries"]
        past = [entry for entry in entries if urlsplit(entry["url"]).path == path]
        self.call("Page.navigateToHistoryEntry", entryId=past[-1]["id"])
        self.wait(f"location.pathname === {path!r} && document.readyState === 'complete'")

    def evaluate(self, expression: str) -> Any:
        """The value of an expression, awaited; also where scripts are switched off."""
        answer = self.call(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        if "exceptionDetails" in answer:
            raise ProtocolError(f"{expression}: {answer['result'].get('description')}")
        return answer["result"].get("value")

    def wait(self, condition: str) -> None:
        """Wait until an expression is true; while pages change, there is none to ask."""
        deadline = time.monotonic() + PATIENCE
        while not self._holds(condition):
            if time.monotonic() > deadline:
                raise TimeoutError(f"never true: {condition}, at {self.url}: {self.text}")
            time.sleep(0.02)

    def wait_for(self, element_id: str) -> None:
        """Wait until a loaded page has the element."""
        self.wait(
            f"document.readyState === 'complete' && !!document.getElementById({element_id!r})"
        )

    def wait_for_request(self, start: str) -> str:
        """Wait until the browser asks for such a URL since `Network.enable`, and answer it."""
        deadline = time.monotonic() + PATIENCE
        while not (asked := [url for url in self._requests() if url.startswith(start)]):
            assert time.monotonic() < deadline, f"nothing asks for {start}"
            time.sleep(0.02)
            self.call("Page.enable")  # its answer comes after what happened meanwhile
        return asked[-1]

    def wait_for_focus(self, element_id: str) -> None:
        """Wait until the page has put the focus where it wants it."""
        self.wait(f"document.activeElement?.id === {element_id!r}")

    def press(self, key: str, modifiers: int = 0) -> None:
        """Press a key of KEYS and let it go."""
        code, number, text = KEYS[key]
        self._key(
            "keyDown", key=text or key, code=code, number=number, modifiers=modifiers, text=text
        )
        self._key("keyUp", key=text or key, code=code, number=number, modifiers=modifiers)

    def type(self, text: str) -> None:
        """Type characters where the focus is."""
        for character in text:
            self.call("Input.dispatchKeyEvent", type="keyDown", key=character, text=character)
            self.call("Input.dispatchKeyEvent", type="keyUp", key=character)

    def select_all(self) -> None:
        """Select what is in the field with the focus, so that typing replaces it."""
        key = {"key": "a", "code": "KeyA", "modifiers": CONTROL}
        self.call("Input.dispatchKeyEvent", type="keyDown", commands=["selectAll"], **key)
        self.call("Input.dispatchKeyEvent", type="keyUp", **key)

    def tab_to(self, element_id: str) -> None:
        """Press the Tab key until the element has the focus."""
        passed: list[str] = []
        while self.focused != element_id:
            assert len(passed) < 20, f"{element_id} cannot be reached, only {passed}"
            passed.append(self.focused)
            self.press("Tab")

    @property
    def focused(self) -> str:
        """The id of the element with the focus."""
        return str(self.evaluate("document.activeElement?.id ?? ''"))

    @property
    def url(self) -> str:
        """Where the tab is."""
        return str(self.evaluate("location.href"))

    @property
    def text(self) -> str:
        """What can be read on the page."""
        return str(self.evaluate("document.body?.innerText ?? ''"))

    @property
    def source(self) -> str:
        """The whole page as HTML."""
        return str(self.evaluate("document.documentElement.outerHTML"))

    @property
    def title(self) -> str:
        """The title of the page."""
        return str(self.evaluate("document.title"))

    def described_by(self, element_id: str) -> str:
        """The element that assistive technology reads out with another."""
        element = f"document.getElementById({json.dumps(element_id)})"
        return str(self.evaluate(f"{element}.getAttribute('aria-describedby')"))

    def value(self, element_id: str) -> str:
        """What is in a field."""
        return str(self.evaluate(f"document.getElementById({json.dumps(element_id)}).value"))

    def cookies(self) -> list[dict[str, Any]]:
        """All cookies of the profile."""
        answer = self.browser.call("Storage.getCookies", browserContextId=self.profile)
        cookies: list[dict[str, Any]] = answer["cookies"]
        return cookies

    def complaints(self) -> list[str]:
        """What the browser has logged since `Log.enable`: refusals of its policies, and errors."""
        return [
            event["params"]["entry"]["text"]
            for event in self.browser.events
            if event.get("sessionId") == self.session and event["method"] == "Log.entryAdded"
        ]

    def screenshot(self, file: Path) -> None:
        """Keep what the tab shows, also what one would have to scroll to."""
        size = self.call("Page.getLayoutMetrics")["cssContentSize"]
        clip = {**size, "scale": 1}
        picture = self.call(
            "Page.captureScreenshot", format="png", clip=clip, captureBeyondViewport=True
        )
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(base64.b64decode(picture["data"]))

    def _requests(self) -> list[str]:
        return [
            event["params"]["documentURL"]
            for event in self.browser.events
            if event.get("sessionId") == self.session
            and event["method"] == "Network.requestWillBeSent"
        ]

    def _holds(self, condition: str) -> bool:
        try:
            return bool(self.evaluate(condition))
        except ProtocolError:
            return False

    def _key(self, kind: str, *, number: int, **parameters: Any) -> None:
        self.call("Input.dispatchKeyEvent", type=kind, windowsVirtualKeyCode=number, **parameters)
