"""Whether an authorization server answers through its Service, and as which issuer (RFC 8414)."""

import json
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp

from authly_operator.observed import EndpointProbe


WELL_KNOWN: Final = "/.well-known/oauth-authorization-server"
SECONDS: Final = 3.0
MAXIMUM_BYTES: Final = 64 * 1024
_MAXIMUM_ISSUER: Final = 2048
_OK: Final = 200


class Unfit(Exception):  # noqa: N818 - says what it is
    """The answer is not that of an authorization server; one line."""


async def probe(session: aiohttp.ClientSession, url: str, issuer: str) -> EndpointProbe:
    """Read the metadata document at `url`, the Service, as a client of `issuer` would.

    The answer's issuer is told as it is, also where it is another one; `error` is one line.
    """
    try:
        return EndpointProbe(issuer=_issuer(await _metadata(session, url, issuer)))
    except Unfit as unfit:
        return EndpointProbe(error=f"{_target(url, issuer)} {unfit}")


async def auth_methods(session: aiohttp.ClientSession, url: str, issuer: str) -> frozenset[str]:
    """How clients may prove themselves there, by the same document.

    Raises:
        Unfit: it does not say.
    """
    try:
        told = (await _metadata(session, url, issuer)).get("token_endpoint_auth_methods_supported")
    except Unfit as unfit:
        message = f"{_target(url, issuer)} {unfit}"
        raise Unfit(message) from unfit
    return frozenset(map(str, told)) if isinstance(told, list) else frozenset()


def _target(url: str, issuer: str) -> str:
    return f"{url.rstrip('/')}{WELL_KNOWN}{urlsplit(issuer).path.rstrip('/')}"


async def _metadata(session: aiohttp.ClientSession, url: str, issuer: str) -> dict[str, Any]:
    """The document (RFC 8414, section 2); Unfit with why there is none."""
    try:
        return _object(await _read(session, _target(url, issuer), urlsplit(issuer).netloc))
    except TimeoutError:
        reason = f"did not answer within {SECONDS:.0f} s"
    except (aiohttp.ClientError, OSError, ValueError) as failure:
        told = " ".join(str(failure).split())[:200] or type(failure).__name__
        reason = f"cannot be reached: {told}"
    raise Unfit(reason)


async def _read(session: aiohttp.ClientSession, target: str, host: str) -> bytes:
    """The document's bytes, asked for under the issuer's own host name."""
    headers = {"Host": host, "Accept": "application/json", "Accept-Encoding": "identity"}
    limit = aiohttp.ClientTimeout(total=SECONDS)
    async with session.get(
        target, headers=headers, allow_redirects=False, timeout=limit
    ) as response:
        if response.status != _OK:
            raise Unfit(f"answered HTTP {response.status} instead of 200")  # noqa: EM102
        document = bytearray()
        async for chunk in response.content.iter_any():
            document += chunk
            if len(document) > MAXIMUM_BYTES:
                raise Unfit(f"answered with more than {MAXIMUM_BYTES} bytes")  # noqa: EM102
        return bytes(document)


def _object(document: bytes) -> dict[str, Any]:
    try:
        metadata: Any = json.loads(document)
    except (ValueError, RecursionError):
        raise Unfit("answered with what is no JSON") from None  # noqa: EM101
    return metadata if isinstance(metadata, dict) else {}


def _issuer(metadata: dict[str, Any]) -> str:
    """Answer the issuer of a metadata document (RFC 8414, section 2)."""
    issuer = metadata.get("issuer")
    if not isinstance(issuer, str) or not 0 < len(issuer) <= _MAXIMUM_ISSUER:
        raise Unfit("answered with a document that names no issuer")  # noqa: EM101
    return issuer
