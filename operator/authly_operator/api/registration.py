"""Whether clients may register themselves with an AuthlyServer, and what they may then."""

from enum import StrEnum
from typing import Annotated

from pydantic import ConfigDict, Field

from authly_operator.api import reference, value


class RegistrationMode(StrEnum):
    """Who may register a client."""

    OFF = "Off"
    OPEN = "Open"
    TOKEN = "Token"  # noqa: S105 - the name of a mode


Audiences = Annotated[
    tuple[Annotated[str, Field(min_length=1, max_length=512, pattern=r"^[^\s,]+$")], ...],
    Field(max_length=64, json_schema_extra=reference.SET),
]
Scopes = Annotated[
    tuple[
        Annotated[
            str,
            Field(min_length=1, max_length=128, pattern=r"^[\x21\x23-\x2B\x2D-\x5B\x5D-\x7E]+$"),
        ],
        ...,
    ],
    Field(max_length=64, json_schema_extra=reference.SET),
]


class Registration(value.Value):
    """Dynamic client registration (RFC 7591)."""

    model_config = ConfigDict(
        json_schema_extra=value.rules(
            value.rule(
                "self.mode == 'Token' || !has(self.tokenSecretRef)",
                "tokenSecretRef is what registration asks for: set mode to Token",
            )
        )
    )

    mode: RegistrationMode = RegistrationMode.OFF
    """Off; Open to everybody, within limits; or Token, to those who have the initial access
    token."""
    token_secret_ref: reference.SecretKeyReference | None = None
    """With mode Token, the key of a Secret with the initial access token, at least 32 characters;
    INITIAL_ACCESS_TOKEN of the Secret <name>-credentials is generated where omitted."""
    scopes: Scopes = ()
    """What clients may ask for that no AuthlyClient registered; openid, profile, email and
    offline_access where omitted."""
    audiences: Audiences = ()
    """Resources that such clients may ask tokens for."""
    limit: Annotated[int, Field(ge=1, le=1_000_000)] = 1_000
    """How many clients may have registered themselves."""
