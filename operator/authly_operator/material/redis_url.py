"""The URL of the Redis that the replicas share, with its password where that is ours."""

import re
from collections.abc import Callable
from typing import Final
from urllib.parse import quote

from authly_operator import naming
from authly_operator.api import redis
from authly_operator.observed import Identity, SecretData, ServerObserved


URL: Final = "REDIS_URL"
PASSWORD: Final = "redis-password"  # noqa: S105 - the name of a key
PORT: Final = 6379
_FORM: Final = re.compile(r"rediss?://[^\s/?#]+(/[^\s]*)?")


def draw(
    wanted: redis.Redis | None, seen: ServerObserved, text: Callable[[str], str]
) -> dict[str, str]:
    """What the credentials Secret holds of it; `text` is the password, drawn or as it was.

    Raises:
        LookupError: with the sentence that says what is missing.
    """
    if wanted is None:
        return {}
    if wanted.external is None:
        password = text(PASSWORD)
        return {PASSWORD: password, URL: _managed(seen.identity, password)}
    reference = wanted.external.url_secret_ref
    place = f"key {reference.key} of Secret {reference.name} (redis.external.urlSecretRef)"
    found = seen.secrets.get(reference.name, SecretData({})).get(reference.key)
    if found is None:
        message = f"{place} does not exist or is empty"
        raise LookupError(message)
    if not _FORM.fullmatch(found.strip()):
        message = f"{place} cannot be used: it must be redis://:password@host:6379/0"
        raise LookupError(message)
    return {URL: found.strip()}


def references(wanted: redis.Redis | None) -> tuple[str, ...]:
    """The Secrets that `draw` reads."""
    external = wanted.external if wanted else None
    return (external.url_secret_ref.name,) if external else ()


def _managed(identity: Identity, password: str) -> str:
    host = naming.redis_host(identity.name, identity.namespace)
    return f"redis://:{quote(password, safe='')}@{host}:{PORT}/0"
