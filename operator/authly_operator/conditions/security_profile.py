"""What spec.oauth.profile of a server demands of its clients, as the server itself does."""

from authly_operator.api.policy import SecurityProfile
from authly_operator.condition_names import Reason
from authly_operator.conditions.applicant import Applicant, Refusal
from authly_operator.observed import ServerView


def proof(server: ServerView, applicant: Applicant) -> Refusal | None:
    """FAPI 2.0 section 5.3.2.1, 3 and 6: a client proves itself by a key of its own."""
    demanded = server.spec.oauth.profile is SecurityProfile.FAPI2
    if not demanded or applicant.client is None or applicant.client.proves_by_key:
        return None
    return Refusal(
        Reason.AUTH_METHOD_NOT_ALLOWED,
        f"AuthlyServer {server.identity.owner} has spec.oauth.profile FAPI2, by which clients prove"
        " themselves by a key of their own: set the client's spec.auth.method to PrivateKeyJwt with"
        " jwks or jwksUri",
    )
