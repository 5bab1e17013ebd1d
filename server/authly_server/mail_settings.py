"""Settings about mail to people; without SMTP_HOST none is sent."""

from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from authly_server.setting_types import Email, Port


_IMPLICIT_TLS_PORT: Final = 465
Security = Literal["starttls", "tls", "none"]


class MailSettings(BaseModel):
    """A part of `settings.Settings`."""

    model_config = ConfigDict(
        frozen=True, extra="ignore", hide_input_in_errors=True, use_attribute_docstrings=True
    )

    smtp_host: str | None = None
    """The SMTP server that mail to people is handed to; with it they can choose a new password."""
    smtp_port: Port = 587
    """Its port; 465 means TLS from the first byte (RFC 8314)."""
    smtp_security: Security | None = None
    """How the way there is kept private: starttls, tls, or none; by the port where it is not set.
    Nothing is sent where the server does not offer it."""
    smtp_username: str | None = None
    """Whom the server signs in as there."""
    smtp_password: str | None = Field(default=None, repr=False)
    """The password of SMTP_USERNAME."""
    smtp_from_email: Email | None = None
    """Whom mail comes from. Needed with SMTP_HOST."""
    smtp_ca_file: str | None = None
    """Certificates by which the SMTP server is verified, instead of the system's."""
    password_minimum_length: int = Field(default=12, ge=8, le=128)
    """How many characters a password has at least that people choose."""

    @property
    def mail_security(self) -> Security:
        """What SMTP_SECURITY says, or the port where it says nothing."""
        by_port: Security = "tls" if self.smtp_port == _IMPLICIT_TLS_PORT else "starttls"
        return self.smtp_security or by_port
