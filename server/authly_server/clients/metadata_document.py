"""Clients whose identifier is the URL of a document that describes them.

draft-ietf-oauth-client-id-metadata-document: nothing is registered, and what proves the client's
name is that it can publish something there. The document is asked for again when its copy expires.
"""

import hashlib
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

from authly_server.clients import client_metadata, metadata_fields
from authly_server.clients.client_metadata import Identity, Terms
from authly_server.model.client import AuthMethod, Client, ClientOrigin
from authly_server.protocol import characters, json_object, redirect_uri
from authly_server.protocol.errors import ErrorCode, OAuthError


MOST_BYTES: Final = 5 * 1024
MOST_CLIENT_ID_CHARACTERS: Final = 255
# No shared secret: there was no moment at which one could have been handed over.
METHODS: Final = (AuthMethod.NONE, AuthMethod.PRIVATE_KEY_JWT)
_SECRETS: Final = ("client_secret", "client_secret_expires_at")


def is_client_id(client_id: str) -> bool:
    """Whether it is such a URL: https with a path, and nothing that could be read in two ways."""
    if not client_id.startswith("https://") or len(client_id) > MOST_CLIENT_ID_CHARACTERS:
        return False
    if not characters.consists_of(client_id, characters.URI) or "#" in client_id:
        return False
    try:
        parts = urlsplit(client_id)
        port = parts.port
    except ValueError:
        return False
    is_plain = parts.netloc == parts.netloc.lower() and "@" not in parts.netloc
    return (
        is_plain
        and bool(parts.hostname and parts.path)
        and port != 0
        and not redirect_uri.has_dot_segment(parts.path)
    )


def parse(content: bytes, client_id: str, terms: Terms) -> Client:
    """The client that the document of that URL describes.

    Raises:
        OAuthError: invalid_client_metadata or invalid_redirect_uri.
    """
    members = read_object(content)
    # Compared as strings: this is what binds the document to its URL.
    if members.get("client_id") != client_id:
        raise metadata_fields.invalid("client_id is not the URL of the document")
    if any(members.get(name) is not None for name in _SECRETS):
        raise metadata_fields.invalid("a public document cannot hold a secret")
    identity = Identity(_id(client_id), client_id, ClientOrigin.DOCUMENT)
    return client_metadata.parse(members, identity, terms)


def read_object(content: bytes) -> dict[str, object]:
    """An object of JSON that has one meaning and that the database can hold.

    Raises:
        OAuthError: invalid_client_metadata.
    """
    try:
        return json_object.read(content)
    except ValueError as error:
        raise metadata_fields.invalid(str(error)) from error


def host(client_id: str) -> str:
    """Who vouches for the client: the host of its URL."""
    return urlsplit(client_id).netloc


def unusable(reason: str) -> OAuthError:
    """The client cannot be used now, and why."""
    return OAuthError(ErrorCode.INVALID_CLIENT, f"the client's metadata document: {reason}", 400)


def _id(client_id: str) -> UUID:
    """The row that it has, or will have, on every replica."""
    return UUID(bytes=hashlib.sha256(client_id.encode()).digest()[:16], version=4)
