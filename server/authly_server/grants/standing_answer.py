"""What the same request for client credentials is answered with when it comes again.

Nothing about it can have changed but what is asked each time: who the client is (see
`clients.recent_proofs`), and which keys sign. Nothing is consumed, so nothing is read or written.
"""

from dataclasses import dataclass

import orjson

from authly_server import entropy
from authly_server.grants import JTI_BYTES, TokenResponse
from authly_server.grants.issuing import Issuing
from authly_server.tokens.keyring import KeyRing
from authly_server.tokens.token_series import TokenSeries


@dataclass(frozen=True, slots=True)
class StandingAnswer:
    """A token response as JSON, but for the token."""

    series: TokenSeries
    closing: bytes

    def is_of(self, ring: KeyRing) -> bool:
        """Whether those keys sign it still."""
        return self.series.ring is ring

    def answer(self, issuing: Issuing) -> bytes:
        """The response with another token, issued now (RFC 6749 section 5.1)."""
        now = int(issuing.clock.now().timestamp())
        text = self.series.issue(entropy.draw(JTI_BYTES).hex(), now)
        return b'{"access_token":"%b%b' % (text.encode(), self.closing)


def of(issuing: Issuing, response: TokenResponse) -> StandingAnswer | None:
    """What follows a response to client credentials; None where each token is a row of its own."""
    if response.told is None:
        return None
    members = response.members()
    del members["access_token"]
    series = TokenSeries(issuing.keys.ring, response.told, response.expires_in)
    return StandingAnswer(series, b'",' + orjson.dumps(members)[1:])
