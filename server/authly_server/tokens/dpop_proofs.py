"""DPoP proofs judged (RFC 9449 section 4.3): each is good once, whichever replica it comes to."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime

from authly_server.clock import Clock
from authly_server.protocol import dpop
from authly_server.protocol.dpop import Proof
from authly_server.protocol.errors import ErrorCode, OAuthError
from authly_server.storage import used_jtis
from authly_server.storage.pool import Database
from authly_server.tokens.dpop_nonce import Nonces


@dataclass(frozen=True)
class ProofVerifier:
    """What proofs are judged with; `nonce_required` is for every proof or for none."""

    database: Database
    clock: Clock
    nonces: Nonces
    nonce_required: bool
    algorithms: Collection[str] = dpop.ALGORITHMS

    async def verify(
        self, text: str, *, method: str, uri: str, access_token: str | None = None
    ) -> str:
        """The thumbprint of the key that has signed for this request, used up by that.

        Raises:
            OAuthError: invalid_dpop_proof, or use_dpop_nonce (section 8).
            storage.errors.Unavailable: whether it was used before cannot be known now.
        """
        proof = dpop.read(text, self.algorithms)
        now = self.clock.now()
        dpop.check_request(proof, method=method, uri=uri, now=now.timestamp())
        if access_token is not None:
            dpop.check_access_token(proof, access_token)
        self._check_nonce(proof, now)
        await self._use(proof)
        return proof.thumbprint

    def _check_nonce(self, proof: Proof, now: datetime) -> None:
        if not self.nonce_required:
            return
        if proof.nonce is None or not self.nonces.is_fresh(proof.nonce, now):
            message = "the DPoP proof needs the nonce of the DPoP-Nonce header"
            raise OAuthError(ErrorCode.USE_DPOP_NONCE, message)

    async def _use(self, proof: Proof) -> None:
        """Section 11.1: remembered for as long as it would be accepted."""
        expires_at = datetime.fromtimestamp(proof.issued_at + dpop.LEEWAY, UTC)
        if not await used_jtis.use(self.database, proof.digest, expires_at):
            raise dpop.invalid("its jti was used before")
