"""The keys that tokens are signed with: what they are, and never what they are made of."""

from authly_server.tokens.signing_key import KeyState, SigningKey
from authly_server.web.admin import content
from authly_server.web.admin.operation import Call, Shape
from authly_server.web.response import Response


class Key(Shape):
    """A key of the ring; where HS256 is asked for that is the one secret, which is never shown."""

    kid: str
    """The name that tokens have in their header."""
    alg: str
    """The algorithm it is for."""
    state: KeyState
    """Published verifies only, for now; Active signs; Retiring signs no more."""
    is_published: bool
    """Whether the public half is at /jwks; a shared secret has none."""


async def find_all(call: Call[Shape]) -> Response:
    """GET /keys: as this process has read the ring last."""
    ring = sorted(call.services.keys.ring.keys.values(), key=_kid)
    after = call.page.after or ""
    found = [key for key in ring if key.kid > after][: call.page.limit + 1]
    return content.answer_list(call.page, found, _show, _kid)


def _show(key: SigningKey) -> Key:
    return Key(kid=key.kid, alg=key.alg, state=key.state, is_published=key.is_public)


def _kid(key: SigningKey) -> str:
    return key.kid
