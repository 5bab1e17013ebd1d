"""What a status tells of each signing key."""

from typing import Annotated

from pydantic import Field

from authly_operator.api import reference, value


class KeyStatus(value.Value):
    """One key of the ring."""

    kid: Annotated[str, Field(min_length=1, max_length=128)]
    """Its name in the JWKS and in the header of tokens."""
    alg: Annotated[str, Field(max_length=16)]
    """The algorithm that it signs with."""
    state: Annotated[str, Field(max_length=16)]
    """Published is in the JWKS and does not sign yet, Active signs, Retiring only verifies."""
    published_at: reference.Moment | None = None
    """Since when it is in the JWKS."""
    signs_from: reference.Moment | None = None
    """When it signs, of a Published key whose states the operator decides."""
    active_at: reference.Moment | None = None
    """Since when it signs, or signed."""
    retire_at: reference.Moment | None = None
    """When it goes, since no token of it can be valid any more."""
