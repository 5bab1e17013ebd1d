"""One request of a browser within an authorization: who asks, who sits there, what comes next.

Used by the endpoints for people. Everything is checked again each time, for the transaction is
only what the client asked for, and clients, sessions and consents change while a person reads.
"""

from dataclasses import dataclass, replace
from uuid import UUID

from aiohttp import web

from authly_server import entropy
from authly_server.authorization import interaction, issuance, pushed, transaction
from authly_server.authorization.claims import Entitlement
from authly_server.authorization.interaction import Situation, Step
from authly_server.authorization.issuance import Approval
from authly_server.authorization.pushed import Asked
from authly_server.authorization.response import Recipient, Refused
from authly_server.authorization.transaction import Transaction
from authly_server.model.client import Client, ClientOrigin
from authly_server.model.session import Session
from authly_server.model.user import User
from authly_server.protocol import errors
from authly_server.protocol.authorization_request import AuthorizationRequest
from authly_server.protocol.errors import OAuthError, PageError
from authly_server.protocol.parameters import Parameters
from authly_server.storage import (
    described_clients,
    errors as storage_errors,
    pushed_requests,
)
from authly_server.web import admitted, answers, cookies, services, visitor
from authly_server.web.admitted import Admitted
from authly_server.web.response import Response


@dataclass(frozen=True, slots=True)
class Conversation:
    """What is known at this moment; `user` is the person of the situation's session."""

    client: Client
    recipient: Recipient
    request: AuthorizationRequest
    transaction: Transaction
    situation: Situation
    user: User | None
    entitlement: Entitlement

    @property
    def step(self) -> Step:
        """What comes next.

        Raises:
            Refused: a person would have to be asked, and the client forbade it.
        """
        try:
            return interaction.decide(self.request, self.situation)
        except OAuthError as error:
            raise Refused(self.recipient, error) from error


async def begin(request: web.Request, parameters: Parameters) -> Conversation:
    """Start a transaction for an authorization request.

    Raises:
        PageError: nobody is known whom the answer could be sent to.
        Refused: the client learns what is wrong.
    """
    found = services.of(request)
    asked = await pushed.take_up(found.database, parameters)
    return await begin_with(request, asked, await admitted.admit(found, asked))


async def begin_with(request: web.Request, asked: Asked, entered: Admitted) -> Conversation:
    """As `begin`, for a request that is admitted already; raises Refused."""
    return await _situate(request, entered, _start(request, asked))


def portable(request: web.Request, parameters: Parameters) -> str:
    """The query of a request that a browser will be able to keep.

    Raises:
        OAuthError: invalid_request; it is too long for that.
    """
    started = _start(request, Asked(parameters))
    services.of(request).seal.close(started, entropy.draw(transaction.NONCE_BYTES))
    return started.query


def _start(request: web.Request, asked: Asked) -> Transaction:
    now = int(services.of(request).clock.now().timestamp())
    return Transaction(draw_id(), transaction.carry(asked.parameters), now, pushed=asked.pushed)


async def resume(request: web.Request, transaction_id: str | None) -> Conversation:
    """Go on with the transaction of that id.

    Raises:
        PageError: this browser has none of that id, or had it too long ago.
        Refused: the client learns what is wrong.
    """
    found = services.of(request)
    now = int(found.clock.now().timestamp())
    identified = transaction.identify(transaction_id)
    opened = cookies.find_transaction(request, found.seal, identified, now)
    if opened is None:
        raise PageError(
            "this sign-in was not started in this browser, is finished, or took too long"
        )
    entered = await admitted.admit(found, Asked(opened.parameters, opened.pushed))
    return await _situate(request, entered, opened)


async def signed_in(
    request: web.Request, conversation: Conversation, session: Session, user: User
) -> Conversation:
    """The same conversation with a person who has just proved who they are."""
    consented = await visitor.consented(
        request, conversation.client, conversation.recipient, session
    )
    return replace(
        conversation,
        user=user,
        transaction=replace(conversation.transaction, session_id=session.id, awaited=None),
        situation=replace(
            conversation.situation,
            session=session,
            fresh_session=session.id,
            consented=consented,
        ),
    )


async def proceed(request: web.Request, conversation: Conversation) -> Response:
    """Send the browser to the next step, or to the client with a code.

    Raises:
        Refused: a person would have to be asked, and the client forbade it.
    """
    match conversation.step:
        case Step.LOGIN:
            return park(request, conversation, "/login")
        case Step.CONSENT:
            return park(request, conversation, "/consent")
        case Step.ISSUE:
            return await issue(request, conversation, draw_id(), remember=False)


def park(request: web.Request, conversation: Conversation, path: str) -> Response:
    """Keep the transaction in the browser and go to a page of ours.

    Raises:
        Refused: the request is too long to be kept.
    """
    found = services.of(request)
    parked = conversation.transaction
    try:
        sealed = found.seal.close(parked, entropy.draw(transaction.NONCE_BYTES))
    except OAuthError as error:
        raise Refused(conversation.recipient, error) from error
    target = f"{answers.local(found.issuer, path)}?transaction={parked.id.hex}"
    answer = answers.redirect(target)
    cookies.drop_surplus(request, answer, found.seal, int(found.clock.now().timestamp()))
    cookies.set_transaction(answer, parked.id, sealed)
    return answer


async def issue(
    request: web.Request, conversation: Conversation, grant_id: UUID, *, remember: bool
) -> Response:
    """Write the grant and send the code to the client.

    Raises:
        PageError: with status 409 if the request was answered before; 400 if someone vanished.
    """
    await finish(request, conversation)
    found = services.of(request)
    session = conversation.situation.session
    assert session is not None  # noqa: S101  # no step but login comes without one
    approval = Approval(
        conversation.client, conversation.request, session, remember, conversation.entitlement
    )
    ttl = found.settings.authorization_code_ttl
    if conversation.client.origin is ClientOrigin.DOCUMENT:
        await described_clients.keep(found.database, conversation.client)
    try:
        code = await issuance.issue(found.database, approval, grant_id=grant_id, ttl=ttl)
    except storage_errors.AlreadyIssued as error:
        raise answered() from error
    except storage_errors.Vanished as error:
        raise PageError("the client or the account does not exist any more") from error
    answer = answers.grant(found, conversation.recipient, code)
    cookies.drop_transaction(answer, conversation.transaction.id)
    return answer


async def finish(request: web.Request, conversation: Conversation) -> None:
    """The person's answer is known, and a request that was pushed is over by that.

    Raises:
        PageError: with status 409; it had been answered before, in another tab for example.
    """
    digest_of_pushed = conversation.transaction.pushed
    database = services.of(request).database
    if digest_of_pushed is not None and not await pushed_requests.answer(
        database, digest_of_pushed
    ):
        raise answered()


def answered() -> PageError:
    """What a person is told whose answer has gone to the client already."""
    refusal = PageError("you have answered this already, and the application has been told")
    refusal.status = 409
    return refusal


def draw_id() -> UUID:
    """A new id that nobody can guess."""
    return UUID(bytes=entropy.draw(16), version=4)


async def _situate(request: web.Request, entered: Admitted, started: Transaction) -> Conversation:
    """Find out who sits there, and what they have agreed to."""
    found, client, recipient = services.of(request), entered.client, entered.recipient
    session, user, consented = await visitor.find_with_consent(request, client, recipient)
    situation = Situation(
        session=session,
        fresh_session=started.session_id,
        consented=consented,
        consent_required=entered.consent_required,
        now=found.clock.now(),
        subjects=entered.subjects,
        claim_scopes=entered.entitlement.scopes,
    )
    return Conversation(
        client, recipient, entered.request, started, situation, user, entered.entitlement
    )


def check_form(
    request: web.Request, conversation: Conversation, presented: str | None, *bound: str
) -> None:
    """The form is one that we showed, in this transaction, and to this person.

    Raises:
        PageError: it is not.
    """
    seal = services.of(request).seal
    if not seal.is_form_token(presented, conversation.transaction.id, *bound):
        raise errors.PageError("the form is out of date; go back and try again")
