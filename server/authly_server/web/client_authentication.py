"""Which client a request comes from, proved."""

from aiohttp import web

from authly_server.clients import authentication
from authly_server.clients.recent_proofs import Proof
from authly_server.model.client import AuthMethod, Client, ClientOrigin
from authly_server.protocol import security_profile
from authly_server.protocol.errors import ErrorCode, OAuthError
from authly_server.protocol.parameters import Parameters
from authly_server.web import cors, forms, rate_limit, services
from authly_server.web.services import Services


async def authenticate(request: web.Request, parameters: Parameters) -> Client:
    """The client of the Authorization header, of the form, or of the assertion in it.

    Anybody can claim to be a public one, and so its requests are counted.

    Raises:
        OAuthError: invalid_client or invalid_request; TooManyRequests.
        storage.errors.Unavailable: it is not cached, and the database does not answer.
    """
    found, header = services.of(request), forms.authorization(request)
    client = None if header is None else _proved_before(found, header, parameters)
    if client is None:
        client = await _authenticate(found, header, parameters)
    cors.note(request, client)
    if client.auth_method is AuthMethod.NONE:
        await rate_limit.count(request)
    else:
        await rate_limit.prove(request)
    return client


def _proved_before(found: Services, header: str, parameters: Parameters) -> Client | None:
    """The client that the header proves, if nothing beside it says anything else."""
    proof = found.recent_proofs.find(header)
    if proof is None or not authentication.is_alone(proof.client.client_id, parameters):
        return None
    note_use(found, proof.client, proof.secret_digest)
    return proof.client


async def _authenticate(found: Services, header: str | None, parameters: Parameters) -> Client:
    presented = authentication.parse_credentials(header, parameters)
    security_profile.check_method(found.profile, has_assertion=presented.assertion is not None)
    client = await found.directory.client(presented.client_id)
    if presented.assertion is not None:
        return await found.assertions.authenticate(client, presented)
    proved = authentication.authenticate(client, presented)
    if (digest := authentication.proved_by(proved, presented)) is not None:
        note_use(found, proved, digest)
        if header is not None:
            found.recent_proofs.keep(Proof(proved, digest, None), header)
    return proved


def note_use(found: Services, client: Client, digest: bytes) -> None:
    """Of the operator's clients it is told which of their secrets are in use."""
    if client.origin is ClientOrigin.OPERATOR:
        found.secret_uses.note((client.id, digest))


async def authenticate_confidential(request: web.Request, parameters: Parameters) -> Client:
    """As `authenticate`, but a public client, which anybody can claim to be, is refused."""
    client = await authenticate(request, parameters)
    if client.auth_method is AuthMethod.NONE:
        raise OAuthError(ErrorCode.INVALID_CLIENT, "client authentication failed")
    return client
