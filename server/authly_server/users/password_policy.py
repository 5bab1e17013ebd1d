"""What a password must be that a person chooses (NIST SP 800-63B section 3.1.1.2).

Long, and not their own name: no rules about digits and signs, which make passwords alike.
"""

from collections.abc import Iterable
from typing import Final

from authly_server.model.user import User
from authly_server.storage import users


_FEWEST_DIFFERENT: Final = 4


def fault(password: str, again: str, user: User, minimum: int) -> str | None:
    """Why it cannot be the person's password, in a sentence; None if it can."""
    if password != again:
        return "The two are not the same."
    return weakness(password, (user.email, user.username), minimum)


def weakness(password: str, names: Iterable[str], minimum: int) -> str | None:
    """As `fault`, for the person who has those names."""
    if len(password) < minimum:
        return f"It has fewer than {minimum} characters."
    if len(set(password)) < _FEWEST_DIFFERENT:
        return "It repeats the same few characters."
    known = {users.fold(each) for each in names}
    known |= {name.partition("@")[0] for name in known}
    if users.fold(password) in known:
        return "It is your name or your address."
    return None
