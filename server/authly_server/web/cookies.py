"""The cookies: the session, where it began, and one for each transaction; not for scripts.

`__Host-` makes browsers insist on Secure, on Path=/ and on this very host (RFC 6265bis, 4.1.3.2).
"""

from uuid import UUID

from aiohttp import web

from authly_server.authorization import transaction
from authly_server.authorization.transaction import Seal, Transaction
from authly_server.users import devices
from authly_server.web.response import Response


SESSION = "__Host-authly_session"
DEVICE = "__Host-authly_device"
TRANSACTION_PREFIX = "__Host-authly_txn_"
SESSION_LIFETIME = 12 * 3600
LONGEST_SESSION = 256
LONGEST_DEVICE = 512
# Each takes up to 4 KB of every request of this browser.
MOST_TRANSACTIONS = 6
_PAST = "Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0"
_ATTRIBUTES = "Path=/; Secure; HttpOnly; SameSite=Lax"


def session(request: web.Request) -> str | None:
    """What the browser says is its session, if it could be one."""
    value = request.cookies.get(SESSION)
    return value if value and value.isascii() and len(value) <= LONGEST_SESSION else None


def set_session(response: Response, value: str) -> None:
    """Let the browser keep a new session."""
    _set(response, SESSION, value, SESSION_LIFETIME)


def device(request: web.Request) -> str | None:
    """What the browser says about who has signed in on it, if it could be that."""
    value = request.cookies.get(DEVICE)
    return value if value and value.isascii() and len(value) <= LONGEST_DEVICE else None


def set_device(response: Response, value: str) -> None:
    """Let the browser be known again."""
    _set(response, DEVICE, value, devices.LIFETIME)


def drop_all(request: web.Request, response: Response) -> None:
    """Let the browser forget the session and every transaction."""
    _drop(response, SESSION)
    for each in transaction.readable(request.cookies, TRANSACTION_PREFIX):
        drop_transaction(response, each)


def find_transaction(
    request: web.Request, seal: Seal, transaction_id: UUID | None, now: int
) -> Transaction | None:
    """The transaction of that id, if this browser has it and it has not expired."""
    if transaction_id is None:
        return None
    value = request.cookies.get(_name(transaction_id))
    return None if value is None else seal.open(transaction_id, value, now)


def holds_transaction(request: web.Request, transaction_id: UUID) -> bool:
    """Whether this browser has a cookie of that name, whatever is in it."""
    return _name(transaction_id) in request.cookies


def set_transaction(response: Response, transaction_id: UUID, sealed: str) -> None:
    """Let the browser keep a transaction."""
    _set(response, _name(transaction_id), sealed, transaction.LIFETIME)


def drop_transaction(response: Response, transaction_id: UUID) -> None:
    """A transaction is over."""
    _drop(response, _name(transaction_id))


def drop_surplus(request: web.Request, response: Response, seal: Seal, now: int) -> None:
    """Leave room for one more transaction: what cannot be opened goes first, then the oldest."""
    held = transaction.readable(request.cookies, TRANSACTION_PREFIX)
    opened = {each: find_transaction(request, seal, each, now) for each in held}
    ages = {each: found.started_at if found else 0 for each, found in opened.items()}
    surplus = max(0, len(held) - MOST_TRANSACTIONS + 1)
    for each in sorted(held, key=ages.__getitem__)[:surplus]:
        drop_transaction(response, each)


def _name(transaction_id: UUID) -> str:
    return TRANSACTION_PREFIX + transaction_id.hex


def _drop(response: Response, name: str) -> None:
    response.set_cookies[name] = f"; {_PAST}; {_ATTRIBUTES}"


def _set(response: Response, name: str, value: str, seconds: int) -> None:
    response.set_cookies[name] = f"{value}; Max-Age={seconds}; {_ATTRIBUTES}"
