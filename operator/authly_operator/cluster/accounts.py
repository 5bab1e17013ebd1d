"""Who signs the tokens of the cluster's service accounts, and by which keys: asked once a minute.

The API server publishes both for every service account (Kubernetes: service account issuer
discovery), by a ClusterRole of its own that a cluster binds to all of them.
"""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

from authly_operator.cluster import client, errors
from authly_operator.observed import AccountsProbe


SECONDS: Final = 60.0
"""How long an answer holds."""
DISCOVERY: Final = "/.well-known/openid-configuration"
KEYS: Final = "/openid/v1/jwks"
ROLE: Final = "system:service-account-issuer-discovery"
_MAXIMUM_ISSUER: Final = 2048
_MAXIMUM_BYTES: Final = 64 * 1024
_MAXIMUM_KEYS: Final = 20
"""What a server reads of a set of keys."""
_PUBLIC: Final = frozenset({"alg", "crv", "e", "kid", "kty", "n", "use", "x", "y"})


@dataclass(slots=True)
class Accounts:
    """The last answer of one API server; one that it did not give replaces none that it gave."""

    api: client.Client
    seconds: float = SECONDS
    _found: AccountsProbe = field(default_factory=AccountsProbe)
    _until: float = float("-inf")
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def find(self) -> AccountsProbe:
        """Who signs, or why nobody knows: never an error, since servers do without."""
        async with self._lock:
            if asyncio.get_running_loop().time() >= self._until:
                found = await self._ask()
                if found.error is None or self._found.issuer is None:
                    self._found = found
                self._until = asyncio.get_running_loop().time() + self.seconds
        return self._found

    async def _ask(self) -> AccountsProbe:
        try:
            told, keys = await asyncio.gather(
                self.api.published(DISCOVERY), self.api.published(KEYS)
            )
        except errors.Refused as refused:
            return AccountsProbe(error=_refusal(refused))
        except errors.Unavailable as unavailable:
            return AccountsProbe(error=str(unavailable))
        return read(told, keys)


def _refusal(refused: errors.Refused) -> str:
    if refused.status == HTTPStatus.FORBIDDEN:
        return (
            "this operator may not read who signs the cluster's service accounts: bind the"
            f" ClusterRole {ROLE} to its service account"
        )
    return f"the API server does not tell who signs its service accounts: {refused}"


def read(told: Mapping[str, Any], keys: Mapping[str, Any]) -> AccountsProbe:
    """Read both documents; the same keys are the same text, in whatever order they come."""
    issuer, listed = told.get("issuer"), keys.get("keys")
    if not isinstance(issuer, str) or not 0 < len(issuer) <= _MAXIMUM_ISSUER:
        return AccountsProbe(error=f"{DISCOVERY} of the API server names no issuer")
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        return AccountsProbe(error=f"{KEYS} of the API server is no set of keys")
    written = sorted(json.dumps(_public(one), sort_keys=True) for one in listed)
    text = f'{{"keys": [{", ".join(written)}]}}'
    if not 0 < len(written) <= _MAXIMUM_KEYS or len(text) > _MAXIMUM_BYTES:
        return AccountsProbe(error=f"{KEYS} of the API server has no keys, or too many")
    return AccountsProbe(issuer=issuer, keys=text)


def _public(key: Mapping[str, Any]) -> dict[str, Any]:
    """Nothing else is published, whatever the document has."""
    return {name: part for name, part in key.items() if name in _PUBLIC}
