"""Client authentication at the token, introspection and revocation endpoints, RFC 6749 section 2.3.

First what a request presents (`parse_credentials`, no client known yet), then whether that proves
the client of that name (`authenticate`). An unknown client, a disabled one and a wrong secret cost
the same time and get the same answer.
"""

import hashlib
import hmac
from dataclasses import dataclass, field

from authly_server.clients import client_assertion
from authly_server.clients.client_assertion import AssertionRefused
from authly_server.model.client import AuthMethod, Client
from authly_server.protocol import basic, characters, errors
from authly_server.protocol.compact_jws import CompactJws
from authly_server.protocol.errors import ErrorCode, OAuthError
from authly_server.protocol.parameters import Parameters


MOST_CLIENT_ID_CHARACTERS = 255
# What a form says that authenticates in another way than by the Authorization header.
_OTHER_METHODS = frozenset({"client_secret", "client_assertion", "client_assertion_type"})
# Compared with what an unknown client presents; nobody knows a text of that digest.
_NOBODY = (bytes(32), bytes(32))


@dataclass(frozen=True, slots=True)
class Presented:
    """What a request says about its client.

    `secrets` are the readings of one secret (see `basic`), the standard's first; none for method
    `none`. With an `assertion` the method is private_key_jwt, which stands here for every method
    that has one: which it is, the client has registered.
    """

    client_id: str
    method: AuthMethod
    secrets: tuple[str, ...] = field(default=(), repr=False)
    assertion: CompactJws | None = field(default=None, repr=False)


def parse_credentials(authorization: str | None, parameters: Parameters) -> Presented:
    """What the Authorization header and the form say, which must be one method only.

    RFC 6749 section 2.3: "The client MUST NOT use more than one authentication method in each
    request."

    Raises:
        OAuthError: invalid_request for several methods, invalid_client for none or a malformed one.
    """
    assertion = _assertion(parameters)
    if assertion is not None and authorization is not None:
        raise errors.invalid_request("the client authenticates in more than one way")
    if authorization is not None:
        return _of_header(authorization, parameters)
    client_id = parameters.get("client_id")
    if assertion is not None:
        return _of_assertion(assertion, client_id)
    if client_id is None:
        raise invalid_client()
    _check_client_id(client_id)
    secret = parameters.get("client_secret")
    if secret is None:
        return Presented(client_id, AuthMethod.NONE)
    return Presented(client_id, AuthMethod.CLIENT_SECRET_POST, (secret,))


def is_alone(client_id: str, parameters: Parameters) -> bool:
    """Whether a form has nothing that could differ from a header that has proved that client."""
    values = parameters.values
    return values.keys().isdisjoint(_OTHER_METHODS) and (
        "client_id" not in values or values["client_id"] == (client_id,)
    )


def authenticate(client: Client | None, presented: Presented) -> Client:
    """The client, if what was presented proves it by itself; None stands for an unknown one.

    Assertions take more than that to judge: see `assertion_verifier`.

    The method must be the one that the client has registered (RFC 7591 section 2), so that
    neither a public client gains by a secret nor a confidential one passes without.

    Raises:
        OAuthError: invalid_client, the same for every reason (RFC 6749 section 5.2).
    """
    secret_matches = _is_secret_of(client, presented.secrets)
    if client is None or not client.enabled or client.auth_method is not presented.method:
        raise invalid_client()
    if client.auth_method is not AuthMethod.NONE and not secret_matches:
        raise invalid_client()
    return client


def check_may_use_grant(client: Client, grant_type: str) -> None:
    """RFC 6749 section 5.2: the client is authorized to use this grant type.

    Raises:
        OAuthError: unauthorized_client.
    """
    if grant_type not in client.grant_types:
        raise OAuthError(ErrorCode.UNAUTHORIZED_CLIENT, "this client may not use this grant_type")


def _of_header(authorization: str, parameters: Parameters) -> Presented:
    if parameters.get("client_secret") is not None:
        raise errors.invalid_request("the client authenticates in more than one way")
    credentials = basic.parse(authorization)
    _check_client_id(credentials.client_id)
    if parameters.get("client_id") not in {None, credentials.client_id}:
        raise errors.invalid_request("client_id differs from the one in the Authorization header")
    return Presented(credentials.client_id, AuthMethod.CLIENT_SECRET_BASIC, credentials.secrets)


def _assertion(parameters: Parameters) -> str | None:
    """RFC 7521 section 4.2: type and assertion belong together; there is one type here."""
    kind = parameters.get("client_assertion_type")
    assertion = parameters.get("client_assertion")
    if kind is None and assertion is None:
        return None
    if kind is None or assertion is None:
        raise errors.invalid_request("client_assertion and client_assertion_type belong together")
    if parameters.get("client_secret") is not None:
        raise errors.invalid_request("the client authenticates in more than one way")
    if kind != client_assertion.TYPE:
        raise invalid_client()
    return assertion


def _of_assertion(assertion: str, client_id: str | None) -> Presented:
    """The client is the subject, unless client_id names it (RFC 7521 section 4.2)."""
    try:
        read = client_assertion.read(assertion)
    except AssertionRefused as error:
        raise invalid_client() from error
    named = client_assertion.subject(read) if client_id is None else client_id
    if named is None:
        raise invalid_client()
    _check_client_id(named)
    return Presented(named, AuthMethod.PRIVATE_KEY_JWT, assertion=read)


def _check_client_id(client_id: str) -> None:
    """client-id = *VSCHAR (RFC 6749 appendix A.1), of a length that a row can have."""
    if len(client_id) > MOST_CLIENT_ID_CHARACTERS or not characters.is_vschar(client_id):
        raise invalid_client()


def proved_by(client: Client, presented: Presented) -> bytes | None:
    """Which of its secrets an authenticated client has shown, by its digest; None for no secret."""
    shown = _digests(presented.secrets)
    return next((digest for digest in client.secret_digests if digest in shown), None)


def _digests(secrets: tuple[str, ...]) -> list[bytes]:
    return [hashlib.sha256(secret.encode("utf-8")).digest() for secret in secrets]


def _is_secret_of(client: Client | None, secrets: tuple[str, ...]) -> bool:
    """Whether a reading has one of the digests; all are compared, each in constant time."""
    known = _NOBODY if client is None or not client.secret_digests else client.secret_digests
    digests = _digests(secrets)
    matches = [hmac.compare_digest(one, other) for one in digests for other in known]
    return any(matches) and client is not None


def invalid_client() -> OAuthError:
    """The one answer to whoever cannot prove which client it is."""
    return OAuthError(ErrorCode.INVALID_CLIENT, "client authentication failed")
