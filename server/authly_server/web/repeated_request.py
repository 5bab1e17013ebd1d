"""Client credentials asked for again, byte for byte, as machines do: answered from what stands.

The way of any other token request is the first's. Whatever a request has beside header and form
that could make a difference sends it that way again.
"""

from functools import partial

from aiohttp import web

from authly_server.clients import authentication
from authly_server.clients.recent_proofs import Proof
from authly_server.grants import TokenResponse, standing_answer
from authly_server.model.client import Client, ClientOrigin
from authly_server.protocol import dpop
from authly_server.protocol.parameters import Parameters
from authly_server.protocol.token_request import CLIENT_CREDENTIALS
from authly_server.web import client_authentication, cors, rate_limit, services
from authly_server.web.response import JSON, Response


# Others consume something, and are never the same twice: they are not even looked up.
_MARK = CLIENT_CREDENTIALS.encode()


async def answer(request: web.Request, body: bytes) -> Response | None:
    """The response to a request that has been answered before; None for every other one."""
    header = _header(request)
    if header is None or _MARK not in body:
        return None
    found = services.of(request)
    proof = found.standing_answers.find(header, body)
    if proof is None or not proof.outcome.is_of(found.keys.ring):
        return None
    client = proof.client
    client_authentication.note_use(found, client, proof.secret_digest)
    cors.note(request, client)
    await rate_limit.prove(request)
    found.token_uses.note(client.id)
    found.metrics.count_issued(CLIENT_CREDENTIALS)
    issuing = found.issuing
    return Response(await issuing.turn.run(partial(proof.outcome.answer, issuing)), JSON)


def expect(
    request: web.Request, parameters: Parameters, body: bytes, client: Client, issued: TokenResponse
) -> None:
    """Remember what client credentials came to, if the same request can come to the same again.

    Only of the operator's clients: the day on which another was used last is written.
    """
    found, header = services.of(request), _header(request)
    if header is None or client.origin is not ClientOrigin.OPERATOR:
        return
    proof, standing = found.recent_proofs.find(header), standing_answer.of(found.issuing, issued)
    if proof is None or standing is None or proof.client is not client:
        return
    if authentication.is_alone(client.client_id, parameters):
        found.standing_answers.keep(Proof(client, proof.secret_digest, standing), header, body)


def _header(request: web.Request) -> str | None:
    """What may have proved a client; None beside a proof of a key, which is good once."""
    if dpop.HEADER in request.headers:
        return None
    values = request.headers.getall("Authorization", ())
    return values[0] if len(values) == 1 else None
