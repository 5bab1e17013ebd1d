"""Which Authorization headers have just proved which client, so that the next one costs little.

A machine sends the same header with each request, and often the same form below it: to take them
apart, to digest the secret, to compare that with each of the client's and to work out what may be
granted costs as much as a token's signature. Nothing holds by this alone: see `RecentProofs.find`.
Only headers that were right are kept, so that nobody who has none can fill it, and by a digest
whose key is this process's: a secret that somebody has made up cannot be guessed from a memory
image, nor from how long it takes to look it up.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

from authly_server import entropy
from authly_server.model.client import Client


MOST: Final = 2048
LONGEST_CONTENT: Final = 2048
"""In bytes; nobody sends longer ones again and again."""
_KEY_BYTES: Final = 32

V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Proof(Generic[V]):
    """A client as it was when it proved itself, and the digest of the secret that it showed.

    `outcome` is what the request came to, as far as it comes to the same each time.
    """

    client: Client
    secret_digest: bytes = field(repr=False)
    outcome: V = field(repr=False)


class RecentProofs(Generic[V]):
    """Proofs by their headers, or by header and content; the one longest not asked for leaves.

    `current` answers the client of an identifier as it is now, None where that is not in memory.
    """

    def __init__(self, current: Callable[[str], Client | None], most: int = MOST) -> None:
        self._current = current
        self._most = most
        self._key = entropy.draw(_KEY_BYTES)
        self._proofs: OrderedDict[bytes, Proof[V]] = OrderedDict()

    def find(self, authorization: str, content: bytes = b"") -> Proof[V] | None:
        """What that header has proved with that content, as long as the client is the same value.

        Whatever changes of a client, its secrets and whether it is enabled included, makes a new
        value of it, so that a change is seen here when it is seen at all.
        """
        if len(content) > LONGEST_CONTENT:
            return None
        key = self._digest(authorization, content)
        proof = self._proofs.get(key)
        if proof is None:
            return None
        if self._current(proof.client.client_id) is not proof.client:
            del self._proofs[key]
            return None
        self._proofs.move_to_end(key)
        return proof

    def keep(self, proof: Proof[V], authorization: str, content: bytes = b"") -> None:
        """Remember what a header has proved with a content, unless that is a long one."""
        if len(content) > LONGEST_CONTENT:
            return
        self._proofs[self._digest(authorization, content)] = proof
        if len(self._proofs) > self._most:
            self._proofs.popitem(last=False)

    def __len__(self) -> int:
        return len(self._proofs)

    def _digest(self, authorization: str, content: bytes) -> bytes:
        """Of any text, also of one that no header may have: servers hand on bytes as surrogates.

        Where the header ends is beyond doubt: its length comes first.
        """
        header = authorization.encode("utf-8", "surrogatepass")
        told = b"%d:%b%b" % (len(header), header, content)
        return hashlib.blake2b(told, key=self._key, digest_size=32).digest()
