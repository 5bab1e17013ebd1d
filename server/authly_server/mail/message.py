"""A message to one person (RFC 5322): plain text, which no parameter of a request gets into."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from email import policy, utils
from email.headerregistry import Address
from email.message import EmailMessage


class InvalidAddress(ValueError):  # noqa: N818  # the field's word for it
    """Nothing can be sent to, or from, what is no address (RFC 5321 section 4.1.2)."""


@dataclass(frozen=True, slots=True)
class Message:
    """What one person is told; the text may have a link that is as good as a password."""

    recipient: str
    subject: str
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Letterhead:
    """What all messages of a server have in common; `host` is the issuer's."""

    sender: str
    host: str
    now: Callable[[], datetime]

    def compose(self, message: Message) -> EmailMessage:
        """The message as it is sent.

        Raises:
            InvalidAddress: the recipient or the sender is no address.
        """
        composed = EmailMessage(policy.SMTP)
        composed["From"] = _address(self.sender)
        composed["To"] = _address(message.recipient)
        composed["Subject"] = message.subject
        composed["Date"] = self.now()
        composed["Message-ID"] = utils.make_msgid(domain=self.host)
        # RFC 3834 section 5: nobody's absence is to be answered to this.
        composed["Auto-Submitted"] = "auto-generated"
        composed.set_content(message.text)
        return composed


def _address(text: str) -> Address:
    """One address and not a list of them, nor another header after a line's end."""
    try:
        return Address(addr_spec=text)
    except (ValueError, IndexError) as error:
        message = "it is no mail address"
        raise InvalidAddress(message) from error
