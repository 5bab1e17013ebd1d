"""Clients that prove themselves by a signed JWT: their own (RFC 7523), or their service account's.

Everything is checked before the one thing that is used up, so that a refused assertion costs its
client nothing. One answer for every reason; the log knows which it was.
"""

from dataclasses import dataclass

from authly_server import telemetry
from authly_server.clients import authentication, client_assertion, key_sets, service_account
from authly_server.clients.authentication import Presented
from authly_server.clients.client_assertion import AssertionRefused, OneTimeUse
from authly_server.clients.documents import Documents
from authly_server.clients.key_sets import NoKeys
from authly_server.clients.service_account import Cluster
from authly_server.clients.uses import Uses
from authly_server.clock import Clock
from authly_server.model.client import AuthMethod, Client, ClientOrigin
from authly_server.protocol.compact_jws import CompactJws
from authly_server.protocol.security_profile import OAUTH21, Profile
from authly_server.storage import used_jtis
from authly_server.storage.client_keys import KeyName
from authly_server.storage.pool import Database


_log = telemetry.logger(__name__)


@dataclass(frozen=True)
class AssertionVerifier:
    """What assertions are judged with.

    `audiences` are the names that a client may call this server by, the issuer first (RFC 7523
    section 3); `cluster` is None where no service accounts are believed.
    """

    audiences: tuple[str, ...]
    database: Database
    documents: Documents
    clock: Clock
    key_uses: Uses[KeyName]
    cluster: Cluster | None = None
    profile: Profile = OAUTH21

    async def authenticate(self, client: Client | None, presented: Presented) -> Client:
        """The client, if the assertion proves it; None stands for an unknown one.

        Raises:
            OAuthError: invalid_client, the same for every reason.
            storage.errors.Unavailable: whether it was used before cannot be known now.
        """
        if client is None or not client.enabled or presented.assertion is None:
            raise authentication.invalid_client()
        try:
            await self._verify(client, presented.assertion)
        except (AssertionRefused, NoKeys) as refused:
            _log.info("assertion refused", client_id=client.client_id, reason=str(refused))
            raise authentication.invalid_client() from refused
        return client

    async def _verify(self, client: Client, assertion: CompactJws) -> None:
        match client.auth_method:
            case AuthMethod.PRIVATE_KEY_JWT:
                await self._verify_own(client, assertion)
            case AuthMethod.SERVICE_ACCOUNT:
                await self._verify_service_account(client, assertion)
            case _:
                raise AssertionRefused("the client has registered another method")

    async def _verify_own(self, client: Client, assertion: CompactJws) -> None:
        use = client_assertion.check_claims(
            assertion,
            client_id=client.client_id,
            audiences=self.audiences,
            now=self.clock.now(),
            is_list_allowed=not self.profile.names_issuer_alone,
        )
        if assertion.alg not in self.profile.algorithms:
            raise AssertionRefused("its alg is not one that is accepted here")
        key = await key_sets.signer(assertion, key_sets.of_client(client, self.documents))
        if key is None:
            raise AssertionRefused("none of the client's keys has signed it")
        await self._use(use)
        if key.kid is not None and client.origin is ClientOrigin.OPERATOR:
            self.key_uses.note((client.id, key.kid))

    async def _verify_service_account(self, client: Client, assertion: CompactJws) -> None:
        if self.cluster is None or client.service_account is None:
            raise AssertionRefused("no service accounts are believed")
        service_account.check_claims(
            assertion,
            cluster=self.cluster.issuer,
            service_account=client.service_account,
            audience=client.service_account_audience or self.audiences[0],
            now=self.clock.now(),
        )
        if await key_sets.signer(assertion, self.cluster.keys) is None:
            raise AssertionRefused("none of the cluster's keys has signed it")

    async def _use(self, use: OneTimeUse) -> None:
        if not await used_jtis.use(self.database, use.digest, use.expires_at):
            raise AssertionRefused("it was used before")
