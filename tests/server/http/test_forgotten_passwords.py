"""L12, L16: a person chooses a new password by a link that only their mailbox has."""

import re
import threading
import time
from email.message import EmailMessage
from uuid import uuid4

import httpx
import pytest

from throwaway import registration, server as throwaway_server, smtp
from throwaway.browser import Browser, has_form, told
from throwaway.instance import Instance
from throwaway.smtp import Mailbox


OLD, NEW = "the password of before", "four words in a row"


@pytest.fixture(scope="module")
def settings(box: Mailbox) -> dict[str, str]:
    return {"CACHE_TTL": "0", **box.settings}


@pytest.fixture
def person(instance: Instance) -> str:
    """Somebody whom no other test is about."""
    email = f"{uuid4().hex}@example.org"
    registration.add_user(instance.database_url, email, password=OLD)
    return email


@pytest.fixture
def browser(instance: Instance) -> Browser:
    return instance.browser()


def ask(browser: Browser, instance: Instance, name: str) -> httpx.Response:
    """From the sign-in page to the form, and send it."""
    page = browser.authorize(instance.shop)
    path = re.search(r'id="forgotten" href="([^"]+)"', page.text)
    assert path is not None
    return browser.submit(browser.client.get(path[1]), username=name)


def link(message: EmailMessage) -> str:
    """The path that a message leads to; it is the issuer's, whoever asked."""
    (found,) = re.findall(r"https://\S+", message.get_content())
    issuer = throwaway_server.ISSUER
    assert found.startswith(f"{issuer}/account/new-password?token=")
    return str(found.removeprefix(issuer))


def sent(box: Mailbox, browser: Browser, instance: Instance, name: str) -> str:
    """Ask, and answer the path that came by mail."""
    ask(browser, instance, name)
    return link(box.next())


def choose(browser: Browser, path: str, password: str = NEW) -> httpx.Response:
    return browser.submit(browser.client.get(path), password=password, again=password)


def signs_in(instance: Instance, person: str, password: str) -> bool:
    browser = instance.browser()
    page = browser.sign_in(browser.authorize(instance.shop), person, password)
    return not has_form(page, "login-form")


def test_whoever_has_the_mail_chooses_a_new_password_and_signs_in_with_it(
    instance: Instance, box: Mailbox, browser: Browser, person: str
) -> None:
    answer = ask(browser, instance, person)
    assert 'id="forgotten-sent"' in answer.text
    message = box.next()
    assert (message["To"], message["X-Envelope-To"]) == (person, person)
    assert message["From"] == smtp.SENDER
    assert message["Auto-Submitted"] == "auto-generated"
    assert 'id="password-changed"' in choose(browser, link(message)).text
    assert box.next()["Subject"] == "Your password was changed"
    assert signs_in(instance, person, NEW)
    assert not signs_in(instance, person, OLD)


@pytest.mark.parametrize("name", ["nobody@example.org", "' OR 1=1 --", "x" * 255])
def test_who_asks_does_not_learn_whether_there_is_such_a_person(
    instance: Instance, box: Mailbox, browser: Browser, person: str, name: str
) -> None:
    unknown = ask(browser, instance, name)
    known = ask(instance.browser(), instance, person)
    assert (unknown.status_code, unknown.text) == (known.status_code, known.text)
    assert box.next()["To"] == person
    assert box.is_empty


def test_a_name_that_cannot_be_one_is_told(instance: Instance, browser: Browser) -> None:
    answer = ask(browser, instance, "a\u200bda@example.org")
    assert answer.status_code == 400
    assert 'id="forgotten-error"' in answer.text


def test_a_link_is_good_once(
    instance: Instance, box: Mailbox, browser: Browser, person: str
) -> None:
    path = sent(box, browser, instance, person)
    opened = instance.browser().client.get(path)
    assert choose(browser, path).status_code == 200
    box.next()
    again = browser.submit(opened, password="another one of mine", again="another one of mine")
    assert again.status_code == 400
    assert "used before" in again.text
    assert instance.browser().client.get(path).status_code == 400
    assert signs_in(instance, person, NEW)


def test_of_two_at_once_one_wins(
    instance: Instance, box: Mailbox, browser: Browser, person: str
) -> None:
    path = sent(box, browser, instance, person)
    browsers = [instance.browser() for _ in range(8)]
    statuses: list[int] = []
    threads = [
        threading.Thread(
            target=lambda n=n, b=b: statuses.append(choose(b, path, f"{NEW}{n}").status_code)
        )
        for n, b in enumerate(browsers)
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(statuses) == [200, *[400] * 7]
    box.next()
    assert box.is_empty


def test_all_links_end_with_the_password_that_they_were_for(
    instance: Instance, box: Mailbox, browser: Browser, person: str
) -> None:
    first = sent(box, browser, instance, person)
    second = sent(box, browser, instance, person)
    choose(browser, second)
    box.next()
    assert browser.client.get(first).status_code == 400


def test_sessions_and_tokens_end_with_the_password(
    instance: Instance, box: Mailbox, browser: Browser, person: str
) -> None:
    page = browser.sign_in(browser.authorize(instance.shop), person, OLD)
    code = told(browser.submit(page, decision="allow"))["code"]
    tokens = instance.exchange(code).raise_for_status().json()
    assert instance.is_active(tokens["access_token"])
    choose(instance.browser(), sent(box, instance.browser(), instance, person))
    box.next()
    assert has_form(browser.authorize(instance.shop), "login-form")
    assert not instance.is_active(tokens["access_token"])
    assert instance.refresh(tokens["refresh_token"]).status_code == 400
    recorded = "SELECT count(*) FROM authly.audit_log WHERE event = 'password_changed'"
    assert instance.fetch(recorded) > 0


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        pytest.param(("short one", "short one"), "fewer than 12 characters", id="short"),
        pytest.param((NEW, NEW + " "), "not the same", id="mistyped"),
        pytest.param(("ab" * 8, "ab" * 8), "same few", id="repeated"),
        pytest.param(("a\x07" * 8, "a\x07" * 8), "control character", id="control character"),
        pytest.param(("p" * 1025, "p" * 1025), "1 to 1024 bytes", id="too long"),
        pytest.param(("", ""), "1 to 1024 bytes", id="nothing"),
    ],
)
def test_a_password_that_cannot_be_one_is_told_and_the_link_stays_good(
    instance: Instance, box: Mailbox, person: str, typed: tuple[str, str], said: str
) -> None:
    browser = instance.browser()
    path = sent(box, browser, instance, person)
    answer = browser.submit(browser.client.get(path), password=typed[0], again=typed[1])
    assert answer.status_code == 400
    assert said in answer.text
    assert choose(browser, path).status_code == 200
    box.next()


def test_ones_own_address_is_no_password(
    instance: Instance, box: Mailbox, browser: Browser, person: str
) -> None:
    answer = choose(browser, sent(box, browser, instance, person), person.upper())
    assert answer.status_code == 400
    assert "your name or your address" in answer.text


@pytest.mark.parametrize(
    "token",
    ["", "x", "A" * 72, "-" * 72, "A" * 71 + "\u00e9", "%00" * 24, "A" * 10_000],
    ids=["none", "short", "zeros", "dashes", "not ASCII", "NUL", "10 KB"],
)
def test_a_link_that_is_not_ours_is_refused(instance: Instance, token: str) -> None:
    answer = instance.http.get("/account/new-password", params={"token": token})
    assert answer.status_code in {400, 414}
    assert "Traceback" not in answer.text


def test_a_link_of_one_person_is_not_one_of_anothers(
    instance: Instance, box: Mailbox, browser: Browser, person: str
) -> None:
    mine = sent(box, browser, instance, person)
    registration.add_user(instance.database_url, f"other-{person}", password=OLD)
    other = sent(box, browser, instance, f"other-{person}")
    # The 16 bytes of the id are the first 21 characters and a part of the next.
    forged = mine.partition("token=")[2]
    theirs = other.partition("token=")[2]
    answer = browser.client.get(f"/account/new-password?token={theirs[:21]}{forged[21:]}")
    assert answer.status_code == 400


def test_a_disabled_account_gets_no_mail_and_its_link_is_over(
    instance: Instance, box: Mailbox, browser: Browser, person: str
) -> None:
    path = sent(box, browser, instance, person)
    instance.execute("UPDATE authly.users SET enabled = false WHERE email = %s", person)
    assert browser.client.get(path).status_code == 400
    ask(browser, instance, person)
    registration.add_user(instance.database_url, f"next-{person}")
    ask(browser, instance, f"next-{person}")
    assert box.next()["To"] == f"next-{person}"


def test_the_administrator_is_told_where_the_password_is_kept(
    instance: Instance, box: Mailbox, browser: Browser
) -> None:
    ask(browser, instance, registration.EMAIL)
    text = box.next().get_content()
    assert "https://" not in text
    assert "Secret" in text


def test_another_administrator_gets_a_link(
    instance: Instance, box: Mailbox, browser: Browser, person: str
) -> None:
    instance.execute("UPDATE authly.users SET is_admin = true WHERE email = %s", person)
    try:
        link_of = sent(box, browser, instance, person)
        assert choose(browser, link_of).status_code == 200
        box.next()
        assert signs_in(instance, person, NEW)
    finally:
        instance.execute("UPDATE authly.users SET is_admin = false WHERE email = %s", person)


def test_a_stranger_cannot_have_somebody_flooded(
    instance: Instance, box: Mailbox, browser: Browser, person: str
) -> None:
    for name in (person, person.upper(), person, person, f" {person}"):
        assert ask(browser, instance, name).status_code == 200
    for _ in range(3):
        assert box.next()["To"] == person
    registration.add_user(instance.database_url, f"next-{person}")
    ask(browser, instance, f"next-{person}")
    assert box.next()["To"] == f"next-{person}"


def test_the_link_is_the_issuers_whatever_host_is_asked(
    instance: Instance, box: Mailbox, person: str
) -> None:
    evil = {"Host": "evil.example", "X-Forwarded-Host": "evil.example"}
    form = {"username": person}
    assert instance.http.post("/account/forgotten-password", data=form, headers=evil).is_success
    link(box.next())


def test_an_address_with_a_second_one_or_a_header_in_it_gets_nothing(
    instance: Instance, box: Mailbox, browser: Browser
) -> None:
    for address in ("a@x.example,b@y.example", "a@x.example\r\nBcc: b@y.example", "no address"):
        registration.add_user(instance.database_url, address)
        instance.execute(
            "UPDATE authly.users SET username = 'odd', username_folded = 'odd' WHERE email = %s",
            address,
        )
        assert ask(browser, instance, "odd").status_code == 200
        instance.execute("DELETE FROM authly.users WHERE username = 'odd'")
    assert instance.metric("authly_mails_total", outcome="refused") >= 3
    assert box.is_empty


def test_a_message_is_handed_over_again_when_the_mail_server_is_back(
    instance: Instance, box: Mailbox, browser: Browser, person: str
) -> None:
    box.answers.put("451 come back later")
    path = sent(box, browser, instance, person)
    box.hang_up()
    assert ask(browser, instance, person).status_code == 200
    box.listen()
    assert link(box.next()).partition("token=")[2][:21] == path.partition("token=")[2][:21]


def test_a_message_that_is_refused_for_good_is_told_in_the_log_without_whom_it_was_for(
    instance: Instance, box: Mailbox, browser: Browser, person: str
) -> None:
    box.answers.put("550 no such mailbox")
    ask(browser, instance, person)
    wait_until_given_up(instance)
    path = sent(box, browser, instance, person)
    log = instance.server.log.read_text()
    assert "it answered 550 no such mailbox" in log
    assert person not in log
    assert path.partition("token=")[2] not in log


def wait_until_given_up(instance: Instance) -> None:
    """No other test has a message that is never taken."""
    deadline = time.monotonic() + 60
    while not instance.metric("authly_mails_total", outcome="given_up"):
        assert time.monotonic() < deadline
        time.sleep(0.05)
