"""What a person has to do before a client gets its code: sign in, consent, or nothing any more."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from uuid import UUID

from authly_server.authorization import authentication_class
from authly_server.model.session import Session
from authly_server.protocol.authorization_request import AuthorizationRequest
from authly_server.protocol.errors import ErrorCode, OAuthError


class Step(Enum):
    """The next thing to happen."""

    LOGIN = auto()
    CONSENT = auto()
    ISSUE = auto()


@dataclass(frozen=True, slots=True)
class Situation:
    """What is known of the person in front of the browser.

    `fresh_session` is the session that was started in this very transaction; `consented` are the
    scopes agreed to for this client so far, `claim_scopes` those that cover claims asked for one
    by one. `subjects` are whom the client expects, None for anybody.
    """

    session: Session | None
    fresh_session: UUID | None
    consented: frozenset[str]
    consent_required: bool
    now: datetime
    subjects: frozenset[str] | None = None
    claim_scopes: frozenset[str] = frozenset()


def decide(request: AuthorizationRequest, situation: Situation) -> Step:
    """The next step (OpenID Connect Core section 3.1.2.3).

    Raises:
        OAuthError: login_required or consent_required, if the client forbade to ask (prompt=none);
            login_required also if somebody else than the client expects has just signed in;
            unmet_authentication_requirements if whoever has signed in has no second factor, and
            the client insists on one.
    """
    if needs_login(request, situation):
        _check_may_ask(request, ErrorCode.LOGIN_REQUIRED, "the person has to sign in")
        _check_not_asked_already(situation)
        return Step.LOGIN
    _check_class(request, situation)
    if _needs_consent(request, situation):
        _check_may_ask(request, ErrorCode.CONSENT_REQUIRED, "the person has to consent")
        return Step.CONSENT
    return Step.ISSUE


def is_indifferent(request: AuthorizationRequest, subjects: frozenset[str] | None) -> bool:
    """Whether any live session will do, whoever signed in and however long ago.

    Then `decide` depends on nothing but that there is one, and on what its person agreed to.
    """
    is_anybody = request.max_age is None and subjects is None
    is_anyhow = authentication_class.demanded(request) is None
    return not request.prompt - {"none"} and is_anybody and is_anyhow


def needs_login(request: AuthorizationRequest, situation: Situation) -> bool:
    """Whether there is no session, or none of the right person, young enough for this request."""
    session = situation.session
    if session is None or _is_somebody_else(session, situation):
        return True
    if session.id == situation.fresh_session:
        return False
    if request.prompt & {"login", "select_account"}:
        return True
    if request.max_age is None:
        return False
    # Compared as ages: a max_age of three hundred years has no date to subtract it from.
    return situation.now - session.authenticated_at >= timedelta(seconds=request.max_age)


def _is_somebody_else(session: Session, situation: Situation) -> bool:
    return situation.subjects is not None and str(session.user_id) not in situation.subjects


def _needs_consent(request: AuthorizationRequest, situation: Situation) -> bool:
    if "consent" in request.prompt:
        return True
    asked = request.scopes | situation.claim_scopes
    return situation.consent_required and not asked <= situation.consented


def _check_may_ask(request: AuthorizationRequest, error: ErrorCode, description: str) -> None:
    if "none" in request.prompt:
        raise OAuthError(error, description)


def _check_class(request: AuthorizationRequest, situation: Situation) -> None:
    """OpenID Connect Core section 5.5.1.1; who has a second factor cannot be signed in without."""
    session = situation.session
    if session is not None and authentication_class.told(request, session.acr) is None:
        message = "the person cannot prove who they are in the way that acr asks for"
        raise OAuthError(ErrorCode.UNMET_AUTHENTICATION_REQUIREMENTS, message)


def _check_not_asked_already(situation: Situation) -> None:
    """OpenID Connect Core section 3.1.2.1, id_token_hint: "otherwise, it MUST return an error"."""
    session = situation.session
    if session is not None and session.id == situation.fresh_session:
        raise OAuthError(ErrorCode.LOGIN_REQUIRED, "somebody else has signed in")
