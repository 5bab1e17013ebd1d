"""How a message is handed over: privately, by whom it should be, or not at all."""

import contextlib
import ssl
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from authly_server.mail.message import InvalidAddress, Letterhead, Message
from authly_server.mail.submission import NotSubmitted, Submission
from authly_server.mail_settings import MailSettings, Security
from throwaway import smtp
from throwaway.smtp import Mailbox


pytestmark = pytest.mark.usefixtures("farewells")

HEAD = Letterhead(smtp.SENDER, "auth.example.org", lambda: datetime(2026, 11, 30, tzinfo=UTC))
MESSAGE = HEAD.compose(Message("ada@example.org", "Your password", "Choose it, ädä.\n"))
Start = Callable[[str], Mailbox]


@pytest.fixture
def start() -> Iterator[Start]:
    with contextlib.ExitStack() as stack:
        yield lambda security: stack.enter_context(contextlib.closing(smtp.start(security)))


def to(box: Mailbox, security: Security) -> Submission:
    """The way to it that the server takes."""
    trust = ssl.create_default_context(cafile=box.settings["SMTP_CA_FILE"])
    named = security != "none"
    return Submission(
        "localhost",
        box.port,
        security,
        trust,
        smtp.USERNAME if named else None,
        smtp.PASSWORD if named else None,
    )


@pytest.mark.parametrize("security", ["starttls", "tls", "none"])
async def test_a_message_arrives_whole(start: Start, security: Security) -> None:
    box = start(security)
    await to(box, security).submit(MESSAGE)
    arrived = box.next()
    assert arrived.get_content().replace("\r\n", "\n") == "Choose it, ädä.\n"
    assert arrived["Date"].datetime == HEAD.now()
    assert arrived["Message-ID"].endswith("@auth.example.org>")


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_nothing_is_sent_where_it_could_be_read(start: Start, security: Security) -> None:
    box = start("none")
    with pytest.raises(NotSubmitted) as caught:
        await to(box, security).submit(MESSAGE)
    assert not caught.value.is_final
    assert box.is_empty


async def test_a_server_that_nobody_vouches_for_gets_nothing(start: Start) -> None:
    box = start("starttls")
    stranger = replace(to(box, "starttls"), trust=ssl.create_default_context())
    with pytest.raises(NotSubmitted, match="certificate verify failed"):
        await stranger.submit(MESSAGE)
    assert box.is_empty


async def test_a_wrong_password_is_told_without_the_password(start: Start) -> None:
    box = start("starttls")
    with pytest.raises(NotSubmitted, match="it answered 535") as caught:
        await replace(to(box, "starttls"), password="canary").submit(MESSAGE)
    assert "canary" not in str(caught.value)


async def test_a_server_that_is_away_may_come_back(start: Start) -> None:
    box = start("starttls")
    box.hang_up()
    with pytest.raises(NotSubmitted) as caught:
        await to(box, "starttls").submit(MESSAGE)
    assert not caught.value.is_final


@pytest.mark.parametrize(
    ("answer", "is_final"), [("451 later", False), ("552 mailbox full", True), ("554 spam", True)]
)
async def test_what_is_refused_for_good_is_told_apart(
    start: Start, answer: str, is_final: bool
) -> None:
    box = start("starttls")
    box.answers.put(answer)
    with pytest.raises(NotSubmitted, match=f"it answered {answer}") as caught:
        await to(box, "starttls").submit(MESSAGE)
    assert caught.value.is_final == is_final


@pytest.mark.parametrize(
    "recipient",
    ["", "ada", "ada@", "a@x.example,b@x.example", "a@x.example\r\nBcc: b@x.example", "a b@x"],
)
def test_what_is_no_address_gets_no_message(recipient: str) -> None:
    with pytest.raises(InvalidAddress):
        HEAD.compose(Message(recipient, "Your password", "text"))


@pytest.mark.parametrize(
    ("port", "security", "expected"),
    [
        (587, None, "starttls"),
        (25, None, "starttls"),
        (465, None, "tls"),
        (465, "starttls", "starttls"),
        (25, "none", "none"),
    ],
)
def test_the_port_says_how_unless_the_setting_does(
    port: int, security: Security | None, expected: str
) -> None:
    assert MailSettings(smtp_port=port, smtp_security=security).mail_security == expected
