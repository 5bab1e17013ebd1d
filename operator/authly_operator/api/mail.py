"""How an AuthlyServer writes to people."""

from enum import StrEnum
from typing import Annotated

from pydantic import ConfigDict, Field

from authly_operator.api import reference, value


Address = Annotated[str, Field(min_length=3, max_length=254, pattern=r"^[^@\s,]+@[^@\s,]+$")]


class MailSecurity(StrEnum):
    """How the way to the SMTP server is kept private."""

    STARTTLS = "StartTLS"
    TLS = "TLS"
    NONE = "None"


class Smtp(value.Value):
    """The SMTP server that mail is handed over to."""

    model_config = ConfigDict(
        json_schema_extra=value.rules(
            value.rule(
                "has(self.username) == has(self.passwordSecretRef)",
                "set both of smtp.username and smtp.passwordSecretRef, or neither",
            ),
            value.rule(
                "!(has(self.security) && self.security == 'None') || !has(self.username)",
                "smtp.security None would send the password for everybody to read: StartTLS or TLS",
            ),
        )
    )

    host: Annotated[str, Field(min_length=1, max_length=253, pattern=r"^[A-Za-z0-9.:-]+$")]
    """Its name or address."""
    port: Annotated[int, Field(ge=1, le=65_535)] = 587
    """Its port."""
    security: MailSecurity | None = None
    """StartTLS, TLS from the first byte, or None; TLS for port 465 and StartTLS for others where
    omitted. Nothing is sent where the server does not offer it."""
    username: Annotated[str, Field(min_length=1, max_length=254)] | None = None
    """Whom the server signs in as there."""
    password_secret_ref: reference.SecretKeyReference | None = None
    """The key of a Secret that holds the password."""


class Email(value.Value):
    """Mail to people: with it they can choose a new password when they have forgotten theirs."""

    smtp: Smtp
    """The SMTP server that mail is handed over to."""
    from_: Annotated[Address, Field(alias="from")]
    """Whom mail comes from, for example accounts@example.com."""
