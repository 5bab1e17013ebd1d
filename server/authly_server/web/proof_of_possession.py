"""The DPoP header of a request, RFC 9449: which key its sender has."""

from urllib.parse import urlsplit

from aiohttp import web

from authly_server.protocol import dpop
from authly_server.web import services


async def find(request: web.Request, access_token: str | None = None) -> str | None:
    """The thumbprint of the key that the request proves; None if it does not try to.

    The URI is the issuer's with this path, whatever the Host header says. With an `access_token`
    the proof must be made for it.

    Raises:
        OAuthError: invalid_dpop_proof or use_dpop_nonce.
        storage.errors.Unavailable: whether it was used before cannot be known now.
    """
    proofs = request.headers.getall(dpop.HEADER, [])
    if not proofs:
        return None
    if len(proofs) > 1:
        raise dpop.invalid("there is more than one DPoP header")  # section 4.3, 1
    found = services.of(request)
    issuer = urlsplit(found.issuer)
    return await found.proofs.verify(
        proofs[0],
        method=request.method,
        uri=f"{issuer.scheme}://{issuer.netloc}{request.path}",
        access_token=access_token,
    )
