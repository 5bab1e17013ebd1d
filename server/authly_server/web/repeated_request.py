"""Requests that come again, byte for byte, as machines send them: recognised, not worked out anew.

The way of any other request is the first's. Whatever a request has beside header and form that
could make a difference sends it that way again.
"""

from typing import TypeVar

from aiohttp import web

from authly_server.clients import authentication
from authly_server.clients.recent_proofs import Proof, RecentProofs
from authly_server.model.client import Client
from authly_server.protocol import dpop
from authly_server.protocol.parameters import parse_form
from authly_server.web import client_authentication, cors, rate_limit, services


V = TypeVar("V")


async def recognise(
    request: web.Request, known: RecentProofs[V], body: bytes
) -> tuple[Client, V] | None:
    """Who sends it, proved, and what it came to before; None for one that has to be worked out."""
    header = _header(request)
    proof = None if header is None else known.find(header, body)
    if proof is None:
        return None
    client_authentication.note_use(services.of(request), proof.client, proof.secret_digest)
    cors.note(request, proof.client)
    await rate_limit.prove(request)
    return proof.client, proof.outcome


def remember(
    request: web.Request, known: RecentProofs[V], body: bytes, client: Client, outcome: V
) -> None:
    """Recognise it the next time, if it is the header alone that has proved its client."""
    header = _header(request)
    proof = None if header is None else services.of(request).recent_proofs.find(header)
    if header is None or proof is None or proof.client is not client:
        return
    if authentication.is_alone(client.client_id, parse_form(body)):
        known.keep(Proof(client, proof.secret_digest, outcome), header, body)


def _header(request: web.Request) -> str | None:
    """What may have proved a client; None beside a proof of a key, which is good once."""
    if dpop.HEADER in request.headers:
        return None
    values = request.headers.getall("Authorization", ())
    return values[0] if len(values) == 1 else None
