"""What a client gets that asks for no scope: of what is given by default, what it may have.

By default are given the scopes that say so themselves, and those that a setting names. The latter
have no effect while there is no such scope, nor for one that people are asked for each time: it is
given to nobody who did not ask for it.
"""

from collections.abc import Iterable, Mapping

from authly_server import telemetry
from authly_server.model.client import Client
from authly_server.model.scope import Scope
from authly_server.protocol.errors import ErrorCode, OAuthError
from authly_server.storage.registry import Registry


_log = telemetry.logger(__name__)


class DefaultScopes:
    """`names` are those of the setting; of each that has no effect the log tells once."""

    def __init__(self, registry: Registry, names: Iterable[str]) -> None:
        self._registry = registry
        self._names = frozenset(names)
        self._told: set[str] = set()

    async def of(self, client: Client) -> frozenset[str]:
        """RFC 6749 section 3.3: "a pre-defined default value or fail the request".

        Raises:
            OAuthError: invalid_scope if the client has none.
            storage.errors.Unavailable: the scopes are not known and the database does not answer.
        """
        known = {scope.name: scope for scope in await self._registry.scopes()}
        if found := client.scopes & self._given(known):
            return found
        message = "scope is missing and the client has no default one"
        raise OAuthError(ErrorCode.INVALID_SCOPE, message)

    def _given(self, known: Mapping[str, Scope]) -> frozenset[str]:
        own = {name for name, scope in known.items() if scope.is_default}
        without_effect = {
            name for name in self._names if name not in known or known[name].is_sensitive
        }
        self._tell(without_effect)
        return frozenset(own | (self._names - without_effect))

    def _tell(self, names: set[str]) -> None:
        for name in sorted(names - self._told):
            _log.warning(
                "default scope without effect", scope=name, reason="not registered, or sensitive"
            )
        self._told |= names
