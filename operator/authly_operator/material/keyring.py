"""The document `keyring.json` that a server mounts: its keys, and what was done when asked to.

Access tokens are signed by the spec's algorithm, ID tokens by RS256 unless a client registered
another: OpenID Connect Core section 15.1 has every provider sign with RS256.
"""

from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from authly_operator.api import policy
from authly_operator.material.signing_key import SigningKey, State


KEY: Final = "keyring.json"
"""The key of the Secret."""


class Ring(BaseModel):
    """The keys of one server; a server reads `keys` and ignores the rest."""

    model_config = ConfigDict(frozen=True, strict=True)

    keys: tuple[SigningKey, ...]
    rotated: str | None = None
    """A digest of the annotation that asked for the latest rotation."""
    revoked: str | None = None
    """A digest of the annotation that asked for all keys to be revoked."""

    @model_validator(mode="after")
    def _names_each_key_once(self) -> "Ring":
        if len({key.kid for key in self.keys}) < len(self.keys):
            message = "a kid is there twice"
            raise ValueError(message)
        return self

    def active(self, algorithm: policy.Algorithm) -> SigningKey | None:
        """The key that signs with the algorithm; None where there is none, or several."""
        return _only(self.keys, algorithm, State.ACTIVE)

    def published(self, algorithm: policy.Algorithm) -> SigningKey | None:
        """The key that is to sign with the algorithm next; None where there is none, or several."""
        return _only(self.keys, algorithm, State.PUBLISHED)


def algorithms(algorithm: policy.Algorithm) -> tuple[policy.Algorithm, ...]:
    """Answer what a ring has an Active key of: the algorithm and RS256; nothing with HS256."""
    if algorithm is policy.Algorithm.HS256:
        return ()
    return tuple(dict.fromkeys((algorithm, policy.Algorithm.RS256)))


def parse(document: str | None) -> Ring:
    """Answer a ring, an empty one where there is no document.

    Raises:
        ValueError: it is not a ring; one line that shows no key.
    """
    if not document:
        return Ring(keys=())
    try:
        return Ring.model_validate_json(document)
    except ValidationError:
        message = f"{KEY} of the signing-keys Secret is malformed: delete the Secret for new keys"
        raise ValueError(message) from None


def write(ring: Ring) -> str:
    """Answer the document."""
    return ring.model_dump_json(by_alias=True, exclude_none=True)


def _only(
    keys: tuple[SigningKey, ...], algorithm: policy.Algorithm, state: State
) -> SigningKey | None:
    found = [key for key in keys if (key.alg, key.state) == (algorithm.value, state)]
    return found[0] if len(found) == 1 else None
