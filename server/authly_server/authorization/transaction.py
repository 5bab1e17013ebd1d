"""An authorization request that waits for a person, sealed into a cookie of its own.

Nothing about it is in the database: whoever is not signed in cannot fill it, and two tabs never
collide. The cookie is opened only by the key of the server and under the name it was sealed for.
"""

import hashlib
import hmac
import json
import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from authly_server.protocol import errors, parameters
from authly_server.protocol.parameters import Parameters


LIFETIME = 30 * 60
NONCE_BYTES = 12
# A browser keeps 4096 bytes of a cookie, its name and attributes included.
MOST_SEALED_CHARACTERS = 3800
# Of those bytes, for who is awaited: no request is too long only there.
_ROOM = 128
_MOST_OPENED_BYTES = 64 * 1024
# What an authorization request consists of; whatever else came along is not carried on.
CARRIED = (
    "client_id",
    "redirect_uri",
    "response_type",
    "response_mode",
    "scope",
    "state",
    "code_challenge",
    "code_challenge_method",
    "resource",
    "nonce",
    "prompt",
    "max_age",
    "login_hint",
    "id_token_hint",
    "claims",
    "dpop_jkt",
)


@dataclass(frozen=True, slots=True)
class Awaited:
    """Somebody who has typed the right password here, and has to show their second factor yet.

    `password` is what that password was, as a digest of its hash: another one ends it. `since` is
    in seconds since 1970.
    """

    user_id: UUID
    password: bytes
    since: int


@dataclass(frozen=True, slots=True)
class Transaction:
    """`id` names the cookie and becomes the grant's id, so that consenting twice issues once.

    `parameters` are the request as it came, to be checked again each time, `started_at` in seconds
    since 1970, `session_id` the session that was started on behalf of this transaction, `pushed`
    the digest of the request_uri by which the request was taken up. `awaited` is nobody who is
    signed in.
    """

    id: UUID
    parameters: Parameters
    started_at: int
    session_id: UUID | None = None
    pushed: bytes | None = None
    awaited: Awaited | None = None

    @property
    def query(self) -> str:
        """The request as a query; made only for who has to wait, for to write it takes its time."""
        values = self.parameters.values.items()
        return urlencode([(name, value) for name, each in values for value in each])


def carry(request: Parameters) -> Parameters:
    """The parameters of an authorization request, and no others."""
    values = request.values
    return Parameters({name: values[name] for name in CARRIED if name in values})


class Seal:
    """Seals transactions, and makes the tokens that tie a form to one; a key for each."""

    def __init__(self, secret: str) -> None:
        self._cipher = AESGCM(_derive(secret, b"authly transaction cookie"))
        self._form_key = _derive(secret, b"authly form token")

    def close(self, transaction: Transaction, nonce: bytes) -> str:
        """The cookie's value; `nonce` is 12 random bytes.

        Raises:
            OAuthError: invalid_request if the request is too long to be kept in a cookie.
        """
        content = zlib.compress(_write(transaction).encode())
        sealed = self._cipher.encrypt(
            nonce, content, _bound(transaction.id, is_awaited=transaction.awaited is not None)
        )
        # Without padding: a cookie's value with `=` in it is sent between quotes.
        value = urlsafe_b64encode(nonce + sealed).rstrip(b"=").decode("ascii")
        if len(value) > MOST_SEALED_CHARACTERS + (_ROOM if transaction.awaited else 0):
            raise errors.invalid_request("the authorization request is too long")
        return value

    def open(self, transaction_id: UUID, value: str, now: int) -> Transaction | None:
        """The transaction; None if the value is not ours, was sealed for another, or is too old."""
        try:
            raw = urlsafe_b64decode(value.encode("ascii") + b"=" * (-len(value) % 4))
        except ValueError:
            return None
        for bound in (_bound(transaction_id), _bound(transaction_id, is_awaited=True)):
            try:
                packed = self._cipher.decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], bound)
            except (ValueError, InvalidTag):
                continue
            found = _read(transaction_id, packed)
            return None if now > found.started_at + LIFETIME else found
        return None

    def form_token(self, transaction_id: UUID, *bound: str) -> str:
        """What a form must send back: nobody else can compute it for that transaction."""
        message = "\0".join((transaction_id.hex, *bound)).encode()
        return hmac.new(self._form_key, message, hashlib.sha256).hexdigest()

    def is_form_token(self, presented: str | None, transaction_id: UUID, *bound: str) -> bool:
        """Whether `presented` is that token, compared in constant time."""
        expected = self.form_token(transaction_id, *bound)
        return hmac.compare_digest((presented or "").encode(), expected.encode())


def identify(text: str | None) -> UUID | None:
    """The id in a URL or a form: 32 lowercase hexadecimal digits, None for anything else."""
    if text is None or len(text) != 32 or not set(text) <= set("0123456789abcdef"):  # noqa: PLR2004
        return None
    return UUID(hex=text)


def readable(cookies: Mapping[str, str], prefix: str) -> tuple[UUID, ...]:
    """The ids of all transactions that a browser holds cookies for."""
    names = (name.removeprefix(prefix) for name in cookies if name.startswith(prefix))
    return tuple(found for found in map(identify, names) if found is not None)


def _bound(transaction_id: UUID, *, is_awaited: bool = False) -> bytes:
    """What a cookie is sealed for; one that awaits somebody is no other one, for any version."""
    return transaction_id.bytes + (b"second factor" if is_awaited else b"")


def _write(transaction: Transaction) -> str:
    session_id = transaction.session_id.hex if transaction.session_id else None
    pushed = transaction.pushed.hex() if transaction.pushed else None
    content: list[object] = [transaction.query, transaction.started_at, session_id, pushed]
    awaited = transaction.awaited
    if awaited is not None:
        content += [awaited.user_id.hex, awaited.password.hex(), awaited.since]
    return json.dumps(content)


def _read(transaction_id: UUID, packed: bytes) -> Transaction:
    content = zlib.decompressobj().decompress(packed, _MOST_OPENED_BYTES)
    query, started_at, session_id, pushed, *awaited = json.loads(content)
    return Transaction(
        transaction_id,
        parameters.parse_query(query, repeats=True),
        started_at,
        UUID(session_id) if session_id else None,
        bytes.fromhex(pushed) if pushed else None,
        Awaited(UUID(awaited[0]), bytes.fromhex(awaited[1]), awaited[2]) if awaited else None,
    )


def _derive(secret: str, label: bytes) -> bytes:
    return HKDF(SHA256(), length=32, salt=None, info=label).derive(secret.encode())
