"""Which Authorization headers have just proved which client, so that the next one costs little.

A machine sends the same header with each request, and to take it apart, to digest its secret and
to compare that with each of the client's is a tenth of what a token costs. Nothing holds by this
alone: see `RecentProofs.find`. Only headers that were right are kept, so that nobody who has none
can fill it, and by a digest whose key is this process's: a secret that somebody has made up cannot
be guessed from a memory image, nor from how long it takes to look it up.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from authly_server import entropy
from authly_server.model.client import Client


MOST: Final = 2048
_KEY_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Proof:
    """A client as it was when it proved itself, and the digest of the secret that it showed."""

    client: Client
    secret_digest: bytes = field(repr=False)


class RecentProofs:
    """Proofs by their headers; the one not asked for the longest leaves first.

    `current` answers the client of an identifier as it is now, None where that is not in memory.
    """

    def __init__(self, current: Callable[[str], Client | None], most: int = MOST) -> None:
        self._current = current
        self._most = most
        self._key = entropy.draw(_KEY_BYTES)
        self._proofs: OrderedDict[bytes, Proof] = OrderedDict()

    def find(self, authorization: str) -> Proof | None:
        """What that header has proved, as long as the client is the very same value.

        Whatever changes of a client, its secrets and whether it is enabled included, makes a new
        value of it, so that a change is seen here when it is seen at all.
        """
        key = self._digest(authorization)
        proof = self._proofs.get(key)
        if proof is None:
            return None
        if self._current(proof.client.client_id) is not proof.client:
            del self._proofs[key]
            return None
        self._proofs.move_to_end(key)
        return proof

    def keep(self, authorization: str, client: Client, secret_digest: bytes) -> None:
        """Remember a header that has proved that client by the secret of that digest."""
        self._proofs[self._digest(authorization)] = Proof(client, secret_digest)
        if len(self._proofs) > self._most:
            self._proofs.popitem(last=False)

    def __len__(self) -> int:
        return len(self._proofs)

    def _digest(self, authorization: str) -> bytes:
        """Of any text, also of one that no header may have: servers hand on bytes as surrogates."""
        content = authorization.encode("utf-8", "surrogatepass")
        return hashlib.blake2b(content, key=self._key, digest_size=32).digest()
