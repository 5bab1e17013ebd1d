"""Every client that there is: registered ones, and those that only a document describes.

Who asks for an authorization may be new, so the document is fetched. Everywhere else a client must
have been here before: a person has consented to it, and its row is there.
"""

from dataclasses import dataclass

from authly_server import telemetry
from authly_server.clients import metadata_document
from authly_server.clients.client_metadata import Terms
from authly_server.clients.documents import Documents, DocumentUnavailable
from authly_server.model.client import AuthMethod, Client, ClientOrigin
from authly_server.protocol.errors import OAuthError
from authly_server.protocol.security_profile import OAUTH21, Profile
from authly_server.storage.registry import Registry


_log = telemetry.logger(__name__)


@dataclass(frozen=True)
class Directory:
    """Looks clients up; `documents` is None where metadata documents are not accepted.

    `scopes` and `audiences` are what clients may have that no operator registered.
    """

    registry: Registry
    documents: Documents | None
    scopes: frozenset[str]
    audiences: tuple[str, ...]
    profile: Profile = OAUTH21

    async def client(self, client_id: str) -> Client | None:
        """A client that has been here before, enabled or not, as it describes itself now.

        Raises:
            storage.errors.Unavailable: it is not cached and the database does not answer.
        """
        known = await self.registry.client(client_id)
        if known is None or known.origin is not ClientOrigin.DOCUMENT:
            return known
        if self.documents is None:
            return None
        if not known.enabled:
            return known
        try:
            return await self._described(self.documents, client_id)
        except OAuthError as error:
            # What was good when a person consented is good enough while the document is away.
            _log.info("document not usable", client_id=client_id, reason=error.description)
            return known

    async def visitor(self, client_id: str) -> Client | None:
        """A client that may come for the first time.

        Raises:
            OAuthError: invalid_client, if its document cannot be used.
            storage.errors.Unavailable: as for `client`.
        """
        known = await self.registry.client(client_id)
        if known is not None and (known.origin is not ClientOrigin.DOCUMENT or not known.enabled):
            return known
        if self.documents is None or not metadata_document.is_client_id(client_id):
            return None
        return await self._described(self.documents, client_id)

    async def terms(self, methods: tuple[AuthMethod, ...]) -> Terms:
        """What such a client may have now; raises as `client` does."""
        existing = {scope.name for scope in await self.registry.scopes()}
        if self.profile.proves_by_key:
            methods = (AuthMethod.PRIVATE_KEY_JWT,)
        return Terms(self.scopes & existing, self.audiences, methods)

    async def _described(self, documents: Documents, client_id: str) -> Client:
        terms = await self.terms(metadata_document.METHODS)
        try:
            content = await documents.fetch(client_id, limit=metadata_document.MOST_BYTES)
            return metadata_document.parse(content, client_id, terms)
        except DocumentUnavailable as error:
            raise metadata_document.unusable(str(error)) from error
        except OAuthError as error:
            raise metadata_document.unusable(error.description) from error
