"""Pushed authorization requests, RFC 9126: told by the client directly, taken up by a browser."""

from dataclasses import dataclass

from authly_server import entropy
from authly_server.authorization.checks import Policy
from authly_server.model.client import Client
from authly_server.protocol import authorization_request, dpop, errors, parameters
from authly_server.protocol.errors import ErrorCode, PageError
from authly_server.protocol.parameters import Parameters
from authly_server.storage import pushed_requests
from authly_server.storage.pool import Database
from authly_server.tokens import digest


PREFIX = "urn:ietf:params:oauth:request_uri:"
# Section 2.2: "relatively short (e.g., between 5 and 600 seconds)".
LIFETIME = 90


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as its client made it; `pushed` is the digest of its request_uri, if it has one."""

    parameters: Parameters
    pushed: bytes | None = None


def own(request: Parameters, client: Client, dpop_jkt: str | None) -> Parameters:
    """What an authenticated client pushes: its own request, bound to the key that it proves.

    Raises:
        OAuthError: invalid_request for a request_uri ("MUST NOT be provided", section 2.1),
            invalid_dpop_proof where dpop_jkt names another key (RFC 9449 section 10.1).
    """
    if request.get("request_uri") is not None:
        raise errors.invalid_request("request_uri cannot be pushed")
    values = {**request.values, "client_id": (client.client_id,)}
    if dpop_jkt is None:
        return Parameters(values)
    if request.get("dpop_jkt") not in {None, dpop_jkt}:
        raise dpop.invalid("its key is not the one that dpop_jkt names")
    return Parameters({**values, "dpop_jkt": (dpop_jkt,)})


async def push(database: Database, client: Client, query: str) -> str:
    """Keep a request that was checked, and answer its request_uri.

    Raises:
        storage.errors.Vanished: the client is gone.
    """
    request_uri = entropy.draw_token(PREFIX)
    await pushed_requests.keep(
        database,
        digest=digest.sha256(request_uri),
        client_id=client.id,
        query=query,
        ttl=LIFETIME,
    )
    return request_uri


async def take_up(database: Database, request: Parameters) -> Asked:
    """The request that a request_uri of ours stands for; any other request as it is.

    Only what was pushed counts, and parameters beside it do not (RFC 9101 section 5). It can be
    taken up again until it is answered, for people load pages anew (RFC 9126 section 4).

    Raises:
        PageError: invalid_request_uri; it is not this client's, is over, or never was.
    """
    request_uri = request.get("request_uri")
    if request_uri is None or not request_uri.startswith(PREFIX):
        return Asked(request)
    origin = authorization_request.identify(request)
    if "request_uri" in request.repeated:
        raise PageError("request_uri was sent more than once")
    named = digest.sha256(request_uri)
    query = await pushed_requests.find(database, digest=named, client_id=origin.client_id)
    if query is None:
        message = "request_uri is unknown, expired, used, or of another client"
        raise PageError(message, ErrorCode.INVALID_REQUEST_URI)
    return Asked(parameters.parse_query(query, repeats=True), named)


def check_pushed(client: Client, policy: Policy, pushed: bytes | None) -> None:
    """RFC 9126 section 5: a client, or all of them, may have to push their requests.

    Raises:
        OAuthError: invalid_request.
    """
    if pushed is None and (policy.pushed_required or client.require_pushed_authorization):
        raise errors.invalid_request("the request must be pushed to the server first (RFC 9126)")
