"""People who can sign in: /users and what becomes of one of them."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import AfterValidator, Field

from authly_server.model.account import Account, Changed, Refusal
from authly_server.protocol import errors, precondition
from authly_server.protocol.errors import ErrorCode, OAuthError
from authly_server.storage import accounts, second_factors, users
from authly_server.storage.accounts import Change
from authly_server.users import letters, names, profiles
from authly_server.web import answers
from authly_server.web.admin import chosen_password, content, keyset
from authly_server.web.admin.operation import Call, Shape
from authly_server.web.response import Response
from authly_server.web.services import Services


Address = Annotated[str, Field(max_length=255), AfterValidator(names.parse_address)]
Name = Annotated[str, Field(max_length=255), AfterValidator(names.parse)]
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
# Nobody signs in by it: bcrypt makes no such hash.
_NO_PASSWORD: Final = "!"  # noqa: S105  # none


class User(Shape):
    """A person who can sign in; a password is never told."""

    id: UUID
    """The subject of tokens about this person."""
    email: str
    username: str
    """What this person may sign in with beside the address."""
    is_verified: bool
    """Whether the address is known to be this person's."""
    is_admin: bool
    """Whether a token of this person with the scope admin is good here."""
    enabled: bool
    """Whether this person can sign in, and tokens about them are good."""
    created_at: datetime
    updated_at: datetime
    has_second_factor: bool
    """Whether one-time passwords are asked of this person beside the password."""
    is_bootstrapped: bool
    """Whether ADMIN_EMAIL is the address: each migration sees to this account. It keeps that, and
    is not deleted; as an administrator it has the password of the settings."""


class NewUser(Shape):
    """Somebody who will be able to sign in."""

    email: Address
    username: Name | None = None
    """The address where it is left out; an @ is only in that."""
    password: chosen_password.Password | None = Field(default=None, repr=False)
    """Where it is left out, the person has to choose one by the mail of a forgotten password."""
    is_verified: bool = False
    is_admin: bool = False
    enabled: bool = True


class UserChange(Shape):
    """What is to be another; whatever is left out stays.

    Whoever is disabled, or enabled again, is signed out everywhere. A username that is the address
    goes with it, and another address is not verified unless it is said to be.
    """

    email: Address = Field(default_factory=str)
    username: Name = Field(default_factory=str)
    is_verified: bool = Field(default_factory=bool)
    is_admin: bool = Field(default_factory=bool)
    enabled: bool = Field(default_factory=bool)


async def find_all(call: Call[Shape]) -> Response:
    """GET /users: in the order of their ids, or the one who signs in by a name."""
    login = call.filters.get("login")
    found = await accounts.find_after(
        call.services.database,
        keyset.after(call.page),
        call.page.limit + 1,
        login=None if login is None else _login(login),
    )
    return content.answer_list(call.page, found, _show, keyset.key)


async def create(call: Call[NewUser]) -> Response:
    """POST /users: answers the new one, and where it is."""
    given = call.body.model_dump(exclude={"password"}, exclude_none=True)
    try:
        profile = profiles.new(given)
    except names.InvalidName as error:
        raise errors.invalid_request(str(error)) from error
    password = call.body.password
    hashed = _NO_PASSWORD
    if password is not None:
        of_person = (profile.email, profile.username)
        hashed = await chosen_password.hashed(call.services, password, of_person)
    made = await accounts.create(
        call.services.database, profile, password_hash=hashed, by=call.actor
    )
    if isinstance(made, Refusal):
        raise _refused(made)
    answer = _answer(made, status=201)
    path = f"/admin/v1/users/{made.id}"
    answer.headers["Location"] = answers.local(call.services.issuer, path)
    return answer


async def find(call: Call[Shape]) -> Response:
    """GET /users/{id}."""
    return _answer(await _find(call))


async def change(call: Call[UserChange]) -> Response:
    """PATCH /users/{id}: answers what the person is now."""
    account = await _find(call)
    _check_version(call, account)
    given = call.body.model_dump(include=call.body.model_fields_set)
    try:
        profile = profiles.changed(account, given)
    except names.InvalidName as error:
        raise errors.invalid_request(str(error)) from error
    if account.is_bootstrapped and users.fold(profile.email) != users.fold(account.email):
        raise _seen_to("email")
    wanted = Change(account, profile)
    if not wanted.changed:
        return _answer(account)
    outcome = await accounts.change(call.services.database, wanted, by=call.actor)
    return _answer(_done(call.services, outcome))


async def remove(call: Call[Shape]) -> Response:
    """DELETE /users/{id}, with all that the person has here."""
    account = await _find(call)
    if account.is_bootstrapped:
        raise _seen_to("disable it instead: it")
    outcome = await accounts.remove(call.services.database, account.id, by=call.actor)
    _done(call.services, outcome)
    return Response(status=204)


async def set_password(call: Call[chosen_password.NewPassword]) -> Response:
    """PUT /users/{id}/password: whoever knew the former one is signed out."""
    account = await _find(call)
    if account.password_is_kept:
        raise _seen_to("password")
    hashed = await chosen_password.hashed(
        call.services, call.body.password, (account.email, account.username)
    )
    outcome = await accounts.set_password(call.services.database, account.id, hashed, by=call.actor)
    chosen_password.tell(call.services, letters.changed(_done(call.services, outcome)))
    return Response(status=204)


async def remove_second_factor(call: Call[Shape]) -> Response:
    """DELETE /users/{id}/second-factor: for who has lost it, and all recovery codes with it."""
    account, database = await _find(call), call.services.database
    if not await second_factors.remove(database, account.id, by=call.actor):
        raise errors.not_found()
    chosen_password.tell(call.services, letters.second_factor_off(account))
    return Response(status=204)


def _login(text: str) -> str:
    try:
        return names.parse(text)
    except names.InvalidName as error:
        raise errors.invalid_request(f"login: {error}") from error


async def _find(call: Call[Any]) -> Account:
    found = await accounts.find(call.services.database, keyset.identifier(call.name))
    if found is None:
        raise errors.not_found()
    return found


def _version(account: Account) -> str:
    """Microseconds since 1970."""
    return str((account.updated_at - _EPOCH) // timedelta(microseconds=1))


def _check_version(call: Call[UserChange], account: Account) -> None:
    if _version(account) not in call.versions:
        raise precondition.changed()


def _done(services: Services, outcome: Changed | Refusal) -> Account:
    """The account as it is now; clients that have to be told are."""
    if isinstance(outcome, Refusal):
        raise _refused(outcome)
    if outcome.notices:
        services.logout_bell.set()
    return outcome.account


_CONFLICTS: Final = {
    Refusal.LAST_ADMINISTRATOR: "this is the last administrator who can sign in",
    Refusal.EMAIL_TAKEN: "email: somebody has this address, or one that is read as the same",
    Refusal.USERNAME_TAKEN: "username: somebody has this name, or one that is read as the same",
}


def _refused(refusal: Refusal) -> OAuthError:
    if refusal is Refusal.ABSENT:
        return errors.not_found()
    if refusal is Refusal.STALE:
        return precondition.changed()
    return OAuthError(ErrorCode.INVALID_REQUEST, _CONFLICTS[refusal], 409)


def _seen_to(what: str) -> OAuthError:
    message = f"{what} is as ADMIN_EMAIL and ADMIN_PASSWORD say, again with each migration"
    return OAuthError(ErrorCode.INVALID_REQUEST, message, 409)


def _answer(account: Account, *, status: int = 200) -> Response:
    return content.answer(_show(account), _version(account), status=status)


def _show(account: Account) -> User:
    return User(**{name: getattr(account, name) for name in Account.__slots__})
