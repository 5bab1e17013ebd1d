"""Authorizations that nobody has to be asked about: read, judged and written by one statement.

Most of all requests are such: somebody who is signed in comes back to a client that they know. What
the statement does not find makes no difference, for the long way then judges the same again.
"""

from aiohttp import web

from authly_server.authorization import interaction, issuance
from authly_server.authorization.pushed import Asked
from authly_server.storage import errors as storage_errors
from authly_server.tokens import digest
from authly_server.web import answers, cookies, services
from authly_server.web.admitted import Admitted
from authly_server.web.response import Response
from authly_server.web.services import Services


async def grant(request: web.Request, asked: Asked, entered: Admitted) -> Response | None:
    """The client's answer with a code; None if somebody may have to be asked for anything.

    Raises:
        storage.errors.Unavailable: the database does not answer.
    """
    found, session = services.of(request), cookies.session(request)
    if session is None or not await _may_be_granted(found, asked, entered):
        return None
    code = await _issue(found, entered, digest.sha256(session))
    return None if code is None else answers.grant(found, entered.recipient, code)


async def _may_be_granted(found: Services, asked: Asked, entered: Admitted) -> bool:
    """Whether it depends on a live session and a remembered consent alone.

    Not where more than grant and code is to be written: who was pushed is answered, and who
    registered itself is kept.
    """
    if asked.pushed is not None or not entered.recipient.is_trusted:
        return False
    if not interaction.is_indifferent(entered.request, entered.subjects):
        return False
    known = await found.registry.scopes() if entered.consent_required else ()
    return not any(scope.is_sensitive and scope.name in entered.scopes for scope in known)


async def _issue(found: Services, entered: Admitted, session_digest: bytes) -> str | None:
    try:
        return await issuance.issue_in_session(
            found.database,
            entered.client,
            entered.request,
            entered.entitlement,
            session_digest=session_digest,
            consent_required=entered.consent_required,
            ttl=found.settings.authorization_code_ttl,
        )
    except storage_errors.Vanished:
        return None
