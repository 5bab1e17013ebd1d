"""The device authorization grant, RFC 8628 section 3.4: a device asks until a person decides."""

from authly_server.grants import authorization_code, opaque
from authly_server.grants.issuing import Issue, Issuing, Outcome, Refuse, Replayed
from authly_server.model.client import Client
from authly_server.model.device_authorization import (
    DeviceRedeemed,
    DeviceRedemption,
    DeviceRefused,
    DeviceReplayed,
    Waiting,
)
from authly_server.protocol.errors import ErrorCode, OAuthError
from authly_server.protocol.token_request import DeviceCodeRequest
from authly_server.storage import device_authorizations
from authly_server.tokens import device_code
from authly_server.tokens.refusal import TokenRefused


# Section 3.5.
_ERRORS = {
    Waiting.PENDING: (ErrorCode.AUTHORIZATION_PENDING, "nobody has decided about the device yet"),
    Waiting.TOO_FAST: (ErrorCode.SLOW_DOWN, "wait five seconds longer than before, each time"),
    Waiting.DENIED: (ErrorCode.ACCESS_DENIED, "the device was denied access"),
    Waiting.EXPIRED: (ErrorCode.EXPIRED_TOKEN, "the device code has expired; begin anew"),
}


async def exchange(
    issuing: Issuing, client: Client, request: DeviceCodeRequest, dpop_jkt: str | None
) -> Outcome:
    """Redeem the code of a device that was allowed, and start its refresh family.

    Raises:
        OAuthError: authorization_pending, slow_down, access_denied or expired_token.
    """
    try:
        code = device_code.read(request.device_code)
    except TokenRefused:
        return Refuse("malformed")
    token, family = authorization_code.start_family(issuing, client, code.grant_id, dpop_jkt)
    redemption = DeviceRedemption(code.digest, client.id)
    drawn = opaque.draw(issuing, client, dpop_jkt)
    match await device_authorizations.redeem(issuing.database, redemption, family, drawn.due):
        case DeviceRedeemed(grant):
            subject = str(grant.user_id)
            return Issue(
                subject,
                grant.scopes,
                grant.resources,
                grant.id,
                token,
                grant,
                opaque_token=drawn.text,
            )
        case DeviceReplayed(grant_id):
            return Replayed(grant_id)
        case DeviceRefused(reason):
            return Refuse(reason)
        case Waiting() as waiting:
            raise OAuthError(*_ERRORS[waiting])
