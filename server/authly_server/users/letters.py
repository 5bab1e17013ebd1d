"""What people are written about their password."""

from authly_server.mail.message import Message
from authly_server.model.account import Account
from authly_server.model.user import User


_FORGOTTEN = """\
Somebody, probably you, asked for a new password for your account {username}.

Choose it here, within 15 minutes:

{link}

If it was not you, there is nothing to do: your password stays as it is.
"""
_KEPT_ELSEWHERE = """\
Somebody, probably you, asked for a new password for the account {username}.

This account administers the server. Its password is kept where the server is set
up, in the Secret that the operator made or was given, and is changed there.
"""
_CHANGED = """\
The password of your account {username} was changed just now. You are signed out everywhere, and
applications that had access have to ask you again.

If it was not you, tell the people who run this server at once.
"""
_CHANGED_BY_OWNER = """\
The password of your account {username} was changed just now, by somebody who knew the former one.
You are signed out everywhere but in the browser where that was done, and applications that had
access have to ask you again.

If it was not you, tell the people who run this server at once.
"""


def forgotten(user: User, link: str) -> Message:
    """How to choose a new password; one that is kept is what the settings say."""
    text = _KEPT_ELSEWHERE if user.password_is_kept else _FORGOTTEN
    return Message(user.email, "Your password", text.format(username=user.username, link=link))


def changed(user: User | Account) -> Message:
    """That the password is another one now."""
    return _changed(user, _CHANGED)


def changed_by_owner(user: User) -> Message:
    """The same, where the former one was known and one browser stays signed in."""
    return _changed(user, _CHANGED_BY_OWNER)


def _changed(user: User | Account, text: str) -> Message:
    return Message(user.email, "Your password was changed", text.format(username=user.username))
