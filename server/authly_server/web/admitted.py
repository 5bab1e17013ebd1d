"""An authorization request that its client may make; nobody has looked yet who sits there."""

from dataclasses import dataclass

from authly_server.authorization import admission, claims, hint, pushed
from authly_server.authorization.claims import Entitlement
from authly_server.authorization.pushed import Asked
from authly_server.authorization.response import Recipient, Refused
from authly_server.model.client import Client
from authly_server.protocol.authorization_request import AuthorizationRequest
from authly_server.protocol.errors import OAuthError, PageError
from authly_server.web.services import Services


@dataclass(frozen=True, slots=True)
class Admitted:
    """Who asks for what, and whom it may be about: `subjects` is None for anybody."""

    client: Client
    recipient: Recipient
    request: AuthorizationRequest
    subjects: frozenset[str] | None
    entitlement: Entitlement
    consent_required: bool

    @property
    def scopes(self) -> frozenset[str]:
        """What a person has to have agreed to, those that cover claims included."""
        return self.request.scopes | self.entitlement.scopes


async def admit(found: Services, asked: Asked) -> Admitted:
    """Check a request as it came, and all that it says of itself.

    Raises:
        PageError: nobody is known whom the answer could be sent to.
        Refused: the client learns what is wrong.
    """
    client, recipient = await admission.recognise(found.directory, asked.parameters)
    policy = found.policy
    try:
        pushed.check_pushed(client, policy, asked.pushed)
        wanted = await admission.admit(found.default_scopes, client, asked.parameters, policy)
        subjects = hint.subjects(wanted, client, found.keys.ring, found.issuer)
    except PageError:
        raise
    except OAuthError as error:
        raise Refused(recipient, error) from error
    return Admitted(
        client=client,
        recipient=recipient,
        request=wanted,
        subjects=subjects,
        entitlement=claims.entitle(wanted, client),
        consent_required=found.settings.require_user_consent or not recipient.is_trusted,
    )
