"""What may be said of an account: the rules that its names and flags keep together."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from authly_server.model.account import Account, Profile
from authly_server.storage import users
from authly_server.users.names import InvalidName


def new(given: Mapping[str, Any]) -> Profile:
    """The profile of a new account; whoever has no username signs in by the address.

    Raises:
        InvalidName: the username looks like somebody's address.
    """
    return _checked(Profile(**{"username": given["email"], **given}))


def changed(account: Account, given: Mapping[str, Any]) -> Profile:
    """What an account is with the members of `given`, which are already parsed.

    A username that is the address goes with it; and another address is not verified, unless it is
    said to be.

    Raises:
        InvalidName: as `new`.
    """
    former = of(account)
    wanted = replace(former, **given)
    if users.fold(wanted.email) == users.fold(former.email):
        return _checked(wanted)
    if "username" not in given and users.fold(former.username) == users.fold(former.email):
        wanted = replace(wanted, username=wanted.email)
    return _checked(replace(wanted, is_verified=bool(given.get("is_verified"))))


def of(account: Account) -> Profile:
    """What is said of an account now."""
    return Profile(**{name: getattr(account, name) for name in Profile.__slots__})


def _checked(profile: Profile) -> Profile:
    """Otherwise one person's username could be another person's address."""
    username = users.fold(profile.username)
    if "@" in username and username != users.fold(profile.email):
        message = "username: only one's own address may have an @ in it"
        raise InvalidName(message)
    return profile
