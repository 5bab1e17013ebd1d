"""The keys that tokens are signed with, as the operator mounts them: one Active an algorithm."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, Protocol

import jwt
import pydantic
from jwt.algorithms import HMACAlgorithm

from authly_server.tokens import signing_key
from authly_server.tokens.recently_verified import RecentlyIssued, RecentlyVerified
from authly_server.tokens.signing_key import KeyState, SigningKey


if TYPE_CHECKING:
    from authly_server.tokens.access_token import AccessToken


class KeyRingError(Exception):
    """The key ring cannot be used; one line that says why and shows no key."""


class _KeyEntry(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(strict=True)

    kid: Annotated[str, pydantic.Field(min_length=1, max_length=128)]
    alg: Literal["ES256", "RS256", "EdDSA"]
    state: KeyState
    private_key: Annotated[str, pydantic.Field(alias="privateKey")]


class _Document(pydantic.BaseModel):
    keys: list[_KeyEntry]


@dataclass(frozen=True, slots=True)
class KeyRing:
    """Keys by kid, at most one of them active for each algorithm, and at least one in all.

    `algorithm` is the one that is wanted for access tokens. `verified` are tokens that these keys
    have signed; another ring begins without any. Those that were `issued` here are apart until
    somebody asks about them: a burst of new ones pushes nothing out that is asked about.
    """

    keys: Mapping[str, SigningKey]
    algorithm: str
    verified: "RecentlyVerified[AccessToken]" = field(
        default_factory=RecentlyVerified, repr=False, compare=False
    )
    issued: "RecentlyIssued[AccessToken]" = field(
        default_factory=RecentlyIssued, repr=False, compare=False
    )
    # What signs access tokens: the key of the wanted algorithm, else the first active one. Without
    # the former for a moment only: the ring changes before the setting does.
    signer: SigningKey = field(init=False, repr=False, compare=False)
    algorithms: tuple[str, ...] = field(init=False, repr=False, compare=False)
    """The algorithms that others can verify by a published key, sorted."""

    def __post_init__(self) -> None:
        active = self._active()
        object.__setattr__(self, "signer", self.active(self.algorithm) or active[0])
        algorithms = tuple(sorted(key.alg for key in active if key.is_public))
        object.__setattr__(self, "algorithms", algorithms)

    def active(self, alg: str) -> SigningKey | None:
        """The key that signs with that algorithm now."""
        return next((key for key in self._active() if key.alg == alg), None)

    def jwks_document(self) -> bytes:
        """Return the public keys as JSON (RFC 7517 section 5); a shared secret is never there."""
        document = {"keys": [key.public_jwk() for key in self.keys.values() if key.is_public]}
        return json.dumps(document, separators=(",", ":")).encode()

    def _active(self) -> list[SigningKey]:
        return [key for key in self.keys.values() if key.state is KeyState.ACTIVE]


class Keys(Protocol):
    """Whoever knows the key ring of this moment; it may be another one a moment later."""

    @property
    def ring(self) -> KeyRing:
        """The keys that tokens are signed and verified with now."""


def hs256(secret: str) -> KeyRing:
    """Return the ring of the one secret JWT_SECRET_KEY, which resource servers share.

    Raises KeyRingError for a secret that is a key of another kind by its looks.
    """
    try:
        HMACAlgorithm(HMACAlgorithm.SHA256).prepare_key(secret)
    except (jwt.InvalidKeyError, ValueError):
        message = "the secret must be random text, and no PEM, SSH or JSON key"
        raise KeyRingError(message) from None
    key = SigningKey("hs256", "HS256", KeyState.ACTIVE, secret.encode())
    return KeyRing({key.kid: key}, key.alg)


def parse(document: bytes, algorithm: str = "ES256") -> KeyRing:
    """Return the ring in a keyring.json, to sign with `algorithm`; raises KeyRingError."""
    try:
        entries = _Document.model_validate_json(document).keys
    except pydantic.ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(map(str, first["loc"])) or "the document"
        message = f"the key ring is malformed: {place}: {first['msg']}"
        raise KeyRingError(message) from None
    return _ring([_key(entry) for entry in entries], algorithm)


def _key(entry: _KeyEntry) -> SigningKey:
    try:
        private = signing_key.load(entry.private_key, entry.alg)
    except ValueError as error:
        message = f"the key ring's key {entry.kid!r} is unusable: {error}"
        raise KeyRingError(message) from None
    return SigningKey(entry.kid, entry.alg, entry.state, private)


def _ring(keys: list[SigningKey], algorithm: str) -> KeyRing:
    by_kid = {key.kid: key for key in keys}
    active = [key.alg for key in keys if key.state is KeyState.ACTIVE]
    if len(by_kid) != len(keys):
        message = "the key ring names a kid twice"
        raise KeyRingError(message)
    if not active:
        message = "the key ring must have an Active key, it has none"
        raise KeyRingError(message)
    if twice := sorted({alg for alg in active if active.count(alg) > 1}):
        message = f"the key ring has several Active keys of {', '.join(twice)}"
        raise KeyRingError(message)
    return KeyRing(by_kid, algorithm)


class KeyRingFile:
    """A mounted key ring, read again when the file is another one or was written.

    `algorithm` is the one wanted for access tokens. Raises KeyRingError when the file cannot be
    read at first.
    """

    def __init__(self, path: Path, algorithm: str = "ES256") -> None:
        self._path = path
        self._algorithm = algorithm
        self._seen, self.ring = self._read()

    def refresh(self) -> bool:
        """Read a changed file; True if it changed. Raises KeyRingError and keeps the old ring."""
        if self._stat() == self._seen:
            return False
        self._seen, self.ring = self._read()
        return True

    def _stat(self) -> tuple[int, int, int]:
        try:
            status = os.stat(self._path)  # noqa: PTH116  # one call, and it follows the symlinks
        except OSError as error:
            message = f"the key ring {self._path} cannot be read: {error.strerror}"
            raise KeyRingError(message) from None
        return status.st_mtime_ns, status.st_ino, status.st_size

    def _read(self) -> tuple[tuple[int, int, int], KeyRing]:
        seen = self._stat()
        try:
            document = self._path.read_bytes()
        except OSError as error:
            message = f"the key ring {self._path} cannot be read: {error.strerror}"
            raise KeyRingError(message) from None
        return seen, parse(document, self._algorithm)
