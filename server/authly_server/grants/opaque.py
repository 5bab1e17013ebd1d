"""Opaque access tokens that are due for what a grant consumes: one statement does both."""

from dataclasses import dataclass, field

from authly_server import entropy
from authly_server.grants.issuing import Issuing
from authly_server.model.client import Client
from authly_server.model.opaque_token import DueToken
from authly_server.tokens import digest, opaque_token


@dataclass(frozen=True, slots=True)
class Drawn:
    """What the client gets, and the row to write; both None where access tokens are JWTs."""

    text: str | None = field(default=None, repr=False)
    due: DueToken | None = None


_NONE = Drawn()


def draw(
    issuing: Issuing,
    client: Client,
    dpop_jkt: str | None,
    *,
    scopes: frozenset[str] | None = None,
    resources: tuple[str, ...] = (),
) -> Drawn:
    """A token for a grant's request: `scopes` and `resources` are those that it asks for."""
    if not issuing.are_opaque:
        return _NONE
    text = draw_text()
    due = DueToken(
        digest=digest.sha256(text),
        ttl=client.access_token_ttl or issuing.access_token_ttl,
        scopes=scopes,
        client_scopes=client.scopes,
        resources=resources,
        default_audience=client.audiences or (issuing.issuer,),
        dpop_jkt=dpop_jkt,
    )
    return Drawn(text, due)


def draw_text() -> str:
    """A token that nothing is written of yet."""
    return opaque_token.create(entropy.draw(opaque_token.RANDOM_BYTES))
