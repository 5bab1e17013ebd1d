"""Settings about mail, which are read so that the deployment guide's configuration can stay."""

from pydantic import BaseModel, ConfigDict, Field

from authly_server.setting_types import Port


class MailSettings(BaseModel):
    """A part of `settings.Settings`; nothing sends mail yet."""

    model_config = ConfigDict(
        frozen=True, extra="ignore", hide_input_in_errors=True, use_attribute_docstrings=True
    )

    smtp_host: str | None = None
    """No effect yet: no mail is sent."""
    smtp_port: Port = 587
    """No effect yet: no mail is sent."""
    smtp_username: str | None = None
    """No effect yet: no mail is sent."""
    smtp_password: str | None = Field(default=None, repr=False)
    """No effect yet: no mail is sent."""
    smtp_from_email: str | None = None
    """No effect yet: no mail is sent."""
