"""Where the public keys of an assertion's sender are, and which of them may have signed it."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from authly_server.clients.documents import Documents, DocumentUnavailable
from authly_server.model.client import Client
from authly_server.protocol import json_object, public_key
from authly_server.protocol.compact_jws import CompactJws
from authly_server.protocol.public_key import PublicKey, UnusableKey


MOST_BYTES: Final = 64 * 1024
# How often, at most, an unknown kid makes us look whether the keys were rotated, in seconds.
LOOK_AGAIN_AFTER: Final = 30.0
# How many keys are tried for a token that names none of them.
_MOST_TRIES: Final = 5

# Answers the keys; the argument is for how old a copy of them may be, in seconds.
Source = Callable[[float | None], Awaitable[tuple[PublicKey, ...]]]


class NoKeys(Exception):  # noqa: N818  # a verdict on what somebody published
    """There are no keys to verify with; the reason is for the log."""


def of_client(client: Client, documents: Documents) -> Source:
    """The keys that a client has registered, or publishes under its jwks_uri."""

    async def load(max_age: float | None) -> tuple[PublicKey, ...]:
        if client.jwks_uri is None:
            return read(client.jwks or {})
        return await fetch(documents, client.jwks_uri, max_age)

    return load


async def fetch(documents: Documents, url: str, max_age: float | None) -> tuple[PublicKey, ...]:
    """The keys that are published under that URL.

    Raises:
        NoKeys: there is no set of public keys.
    """
    try:
        content = await documents.fetch(url, limit=MOST_BYTES, max_age=max_age)
        return read(json_object.parse(content.decode()))
    except (DocumentUnavailable, ValueError) as error:
        raise NoKeys(f"{url}: {error}") from error


def read(document: Mapping[str, object]) -> tuple[PublicKey, ...]:
    """The usable keys of a set.

    Raises:
        NoKeys: it is none.
    """
    try:
        return public_key.parse_set(document)
    except UnusableKey as error:
        raise NoKeys(str(error)) from error


async def signer(token: CompactJws, source: Source) -> PublicKey | None:
    """Which of the source's keys has signed it; rotated keys are looked for once.

    Raises:
        NoKeys: the source has none to offer.
    """
    if token.alg not in public_key.ALGORITHMS:
        return None
    keys = public_key.fitting(await source(None), token.kid, token.alg)
    if not keys:
        keys = public_key.fitting(await source(LOOK_AGAIN_AFTER), token.kid, token.alg)
    signed = (
        key
        for key in keys[:_MOST_TRIES]
        if key.has_signed(token.alg, token.signing_input, token.signature)
    )
    return next(signed, None)
