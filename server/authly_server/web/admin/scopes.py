"""Scopes: what tokens can be good for, as AuthlyScopes and the first migration say."""

from collections.abc import Mapping

from authly_server.model.scope import Scope as Known
from authly_server.storage import scopes
from authly_server.web.admin import content
from authly_server.web.admin.operation import Call, Shape
from authly_server.web.response import Response


class Scope(Shape):
    """A scope."""

    name: str
    description: str
    descriptions: Mapping[str, str]
    """By language tag, for people who read another language than that of the description."""
    is_default: bool
    """Whether clients get it that ask for none."""
    is_sensitive: bool
    """Whether people are asked for it each time."""
    claims: tuple[str, ...]
    """Claims that /userinfo answers to tokens with it."""


async def find_all(call: Call[Shape]) -> Response:
    """GET /scopes, by name; they are few, and read in one piece."""
    after = call.page.after or ""
    known = await scopes.find_all(call.services.database)
    found = [scope for scope in known if scope.name > after][: call.page.limit + 1]
    return content.answer_list(call.page, found, _show, lambda scope: scope.name)


def _show(scope: Known) -> Scope:
    return Scope(
        name=scope.name,
        description=scope.description,
        descriptions=dict(scope.descriptions),
        is_default=scope.is_default,
        is_sensitive=scope.is_sensitive,
        claims=tuple(sorted(scope.claims)),
    )
