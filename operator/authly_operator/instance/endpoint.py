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
    place = urlsplit(issuer)
    target = f"{url.rstrip('/')}{WELL_KNOWN}{place.path.rstrip('/')}"
    try:
        return EndpointProbe(issuer=_issuer(await _read(session, target, place.netloc)))
    except Unfit as failure:
        reason = str(failure)
    except TimeoutError:
        reason = f"did not answer within {SECONDS:.0f} s"
    except (aiohttp.ClientError, OSError, ValueError) as failure:
        told = " ".join(str(failure).split())[:200] or type(failure).__name__
        reason = f"cannot be reached: {told}"
    return EndpointProbe(error=f"{target} {reason}")


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


def _issuer(document: bytes) -> str:
    """Answer the issuer of a metadata document (RFC 8414, section 2)."""
    try:
        metadata: Any = json.loads(document)
    except (ValueError, RecursionError):
        raise Unfit("answered with what is no JSON") from None  # noqa: EM101
    issuer = metadata.get("issuer") if isinstance(metadata, dict) else None
    if not isinstance(issuer, str) or not 0 < len(issuer) <= _MAXIMUM_ISSUER:
        raise Unfit("answered with a document that names no issuer")  # noqa: EM101
    return issuer
