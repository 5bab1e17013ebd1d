"""The keys of a Kubernetes cluster's service accounts: from a mounted file, or from its JWKS URL.

The API server publishes them at /openid/v1/jwks (Kubernetes: service account issuer discovery).
"""

from pathlib import Path

from authly_server.clients import key_sets
from authly_server.clients.documents import Documents
from authly_server.clients.key_sets import NoKeys, Source
from authly_server.protocol import json_object
from authly_server.protocol.public_key import PublicKey


def of_file(path: Path) -> Source:
    """Read the file each time: it is small, and whoever mounts it may replace it."""

    async def load(_: float | None) -> tuple[PublicKey, ...]:
        return _read(path)

    return load


def _read(path: Path) -> tuple[PublicKey, ...]:
    try:
        return key_sets.read(json_object.parse(path.read_text("utf-8")))
    except (OSError, ValueError) as error:
        raise NoKeys(f"{path} holds no set of keys") from error


def of_url(url: str, documents: Documents) -> Source:
    """Fetch the set; `documents` may ask the API server, which has a private address."""

    async def load(max_age: float | None) -> tuple[PublicKey, ...]:
        return await key_sets.fetch(documents, url, max_age)

    return load
