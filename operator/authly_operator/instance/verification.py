"""Whether the token endpoint takes a client's credentials, asked through the server's Service.

A client of client_credentials is given a token. Any other shows a refresh token that nobody issued:
what is wrong with that is said only to whoever has proved who they are (RFC 6749 section 5.2).
"""

import asyncio
import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote_plus, urlsplit

import aiohttp


SECONDS: Final = 5.0
PATIENCE: Final = (0.0, 0.3, 1.0)
"""Seconds before each attempt: a replica hears of a change a moment after the database."""
MAXIMUM_BYTES: Final = 64 * 1024
PROVED: Final = frozenset(
    {
        "invalid_dpop_proof",
        "invalid_grant",
        "invalid_scope",
        "invalid_target",
        "unauthorized_client",
        "use_dpop_nonce",
    }
)
"""Errors that come after authentication."""
ASSERTION: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_REFUSED: Final = "invalid_client"
_OK: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What a client's pods have, and how they are to show it."""

    client_id: str
    client_secret: str = field(default="", repr=False)
    assertion: Callable[[], str] | None = field(default=None, repr=False)
    """Signs another one each time it is called (private_key_jwt), in place of a secret."""
    in_form: bool = False
    """client_secret_post rather than client_secret_basic."""
    may_use_client_credentials: bool = False


class Refused(Exception):  # noqa: N818 - says what happened
    """The token endpoint does not take the credentials; one line, its own words."""


class Unanswered(Exception):  # noqa: N818 - says what happened
    """The token endpoint did not say; one line."""


async def verify(
    session: aiohttp.ClientSession, url: str, issuer: str, credentials: Credentials
) -> bool:
    """Authenticate at `url`, where the issuer is reached inside the cluster; whether for a token.

    Raises:
        Refused: the server does not take the credentials.
        Unanswered: it is away, or too busy to say.
    """
    refusal = ""
    for seconds in PATIENCE:
        await asyncio.sleep(seconds)
        status, told = await _ask(session, f"{url}/token", urlsplit(issuer).netloc, credentials)
        if status == _OK or told.get("error") in PROVED:
            return status == _OK
        refusal = _line(status, told)
        if told.get("error") != _REFUSED:
            raise Unanswered(refusal)
    raise Refused(refusal)


async def _ask(
    session: aiohttp.ClientSession, target: str, host: str, credentials: Credentials
) -> tuple[int, Mapping[str, Any]]:
    headers = {"Host": host, "Accept": "application/json", "Accept-Encoding": "identity"}
    if not credentials.in_form and credentials.assertion is None:
        headers["Authorization"] = _basic(credentials)
    try:
        async with session.post(
            target,
            data=_form(credentials),
            headers=headers,
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(total=SECONDS),
        ) as response:
            body = await response.content.read(MAXIMUM_BYTES)
            return response.status, _object(body)
    except TimeoutError:
        message = f"it did not answer within {SECONDS:.0f} s"
    except (aiohttp.ClientError, OSError) as failure:
        message = " ".join(str(failure).split())[:200] or type(failure).__name__
    raise Unanswered(message)


def _form(credentials: Credentials) -> dict[str, str]:
    if credentials.may_use_client_credentials:
        form = {"grant_type": "client_credentials"}
    else:
        form = {"grant_type": "refresh_token", "refresh_token": "issued-by-nobody"}
    if credentials.assertion is not None:
        form["client_id"] = credentials.client_id
        form["client_assertion_type"] = ASSERTION
        form["client_assertion"] = credentials.assertion()
    elif credentials.in_form:
        form["client_id"] = credentials.client_id
        form["client_secret"] = credentials.client_secret
    return form


def _basic(credentials: Credentials) -> str:
    """RFC 6749 section 2.3.1: both are form-urlencoded first."""
    pair = f"{quote_plus(credentials.client_id)}:{quote_plus(credentials.client_secret)}"
    return f"Basic {base64.b64encode(pair.encode()).decode()}"


def _object(body: bytes) -> Mapping[str, Any]:
    try:
        told: Any = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def _line(status: int, told: Mapping[str, Any]) -> str:
    words = [told.get("error"), told.get("error_description")]
    said = ": ".join(word[:200] for word in words if isinstance(word, str))
    return f"HTTP {status} {said}".strip()
