"""A person who lets a device in that has no browser (RFC 8628 section 3.3)."""

from urllib.parse import urljoin

from lxml import html
from tests.interop.person import Person


def connect(person: Person, url: str) -> str:
    """Follow the link that a device shows, sign in, let it in; the code that the page asked of."""
    page = person.http.get(url)
    if "password" in _fields(page.content):
        who = {"username": person.username, "password": person.password}
        page = person.http.post(_action(page.content, url), data=_fields(page.content) | who)
        page = person.http.get(urljoin(url, page.headers["Location"]))
    question = person.http.post(_action(page.content, url), data=_fields(page.content))
    told = _fields(question.content)
    done = person.http.post(_action(question.content, url), data=told | {"decision": "allow"})
    assert done.is_success, done.text
    return told["user_code"]


def _action(page: bytes, url: str) -> str:
    (form,) = html.document_fromstring(page).cssselect("form")
    return urljoin(url, str(form.get("action")))


def _fields(page: bytes) -> dict[str, str]:
    found = html.document_fromstring(page).cssselect("form input[name]")
    return {str(each.get("name")): str(each.get("value", "")) for each in found}
