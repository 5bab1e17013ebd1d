"""What people are written about their password, and about their second factor."""

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


_FACTOR_ON = """\
From now on your account {username} asks for a code of your authenticator app when you sign in.

If it was not you, tell the people who run this server at once.
"""
_FACTOR_OFF = """\
Your account {username} asks for no code any more when you sign in: the password alone is enough.

If it was not you, change your password, and tell the people who run this server at once.
"""
_RECOVERY_CODES = """\
Your account {username} has new recovery codes. Those of before are of no use any more.

If it was not you, tell the people who run this server at once.
"""


def forgotten(user: User, link: str) -> Message:
    """How to choose a new password; one that is kept is what the settings say."""
    text = _KEPT_ELSEWHERE if user.password_is_kept else _FORGOTTEN
    return Message(user.email, "Your password", text.format(username=user.username, link=link))


def changed(user: User | Account) -> Message:
    """That the password is another one now."""
    return _told(user, "Your password was changed", _CHANGED)


def changed_by_owner(user: User) -> Message:
    """The same, where the former one was known and one browser stays signed in."""
    return _told(user, "Your password was changed", _CHANGED_BY_OWNER)


def second_factor_on(user: User) -> Message:
    """That a code is asked for from now on."""
    return _told(user, "Your second factor is on", _FACTOR_ON)


def second_factor_off(user: User | Account) -> Message:
    """That no code is asked for any more."""
    return _told(user, "Your second factor is off", _FACTOR_OFF)


def recovery_codes(user: User) -> Message:
    """That there are others."""
    return _told(user, "Your recovery codes are new", _RECOVERY_CODES)


def _told(user: User | Account, subject: str, text: str) -> Message:
    return Message(user.email, subject, text.format(username=user.username))
