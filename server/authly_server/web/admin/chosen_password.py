"""Passwords that administrators choose for others: held to the rules that people are held to."""

from collections.abc import Iterable
from typing import Annotated

from pydantic import AfterValidator, Field

from authly_server.mail.message import Message
from authly_server.protocol import errors
from authly_server.protocol.errors import ErrorCode, OAuthError
from authly_server.users import password_policy, passwords
from authly_server.web.admin.operation import Shape
from authly_server.web.services import Services


def _check(password: str) -> str:
    passwords.check(password)
    return password


Password = Annotated[
    str, Field(min_length=1, max_length=passwords.MAXIMUM_BYTES), AfterValidator(_check)
]


class NewPassword(Shape):
    """The password that a person has from now on; at least PASSWORD_MINIMUM_LENGTH characters."""

    password: Password = Field(repr=False)


async def hashed(services: Services, password: str, names: Iterable[str]) -> str:
    """The hash of a password for the person who has those names.

    Raises:
        OAuthError: invalid_request where it is too weak, or 503 where too many are hashed already.
    """
    minimum = services.settings.password_minimum_length
    if fault := password_policy.weakness(password, names, minimum):
        raise errors.invalid_request(f"password: {fault}")
    try:
        return await services.passwords.hash(password)
    except passwords.Overloaded as error:
        message = "too many passwords are being hashed; try again shortly"
        raise OAuthError(ErrorCode.TEMPORARILY_UNAVAILABLE, message) from error


def tell(services: Services, letter: Message) -> None:
    """Write to the person, where there is mail at all."""
    if services.outbox is not None:
        services.outbox.post(letter)
