"""Settings about how often something may be done, and where that is counted."""

from pydantic import BaseModel, ConfigDict, Field


class LimitSettings(BaseModel):
    """A part of `settings.Settings`."""

    model_config = ConfigDict(
        frozen=True, extra="ignore", hide_input_in_errors=True, use_attribute_docstrings=True
    )

    rate_limit_enabled: bool = True
    """Whether requests are counted by the address they come from (see TRUSTED_PROXIES)."""
    rate_limit_requests_per_minute: int = Field(default=100, ge=1, le=1_000_000)
    """Requests a minute from one address; a whole minute's may come at once. Not counted: probes,
    metadata, keys, and whoever proves to be a client or has a valid token."""
    auth_rate_limit_requests_per_minute: int = Field(default=10, ge=1, le=1_000_000)
    """The same for what people and programs prove who they are at: the authorization, sign-in,
    token, PAR, device and registration endpoints."""
    auth_rate_limit_burst: int = Field(default=5, ge=0, le=1_000_000)
    """How many of these requests may come at once, beyond the one that is due."""
    login_throttle_enabled: bool = True
    """Whether wrong passwords make the next attempt wait, longer and longer."""
    redis_url: str | None = Field(default=None, repr=False, pattern=r"^rediss?://")
    """A Redis in which replicas and processes count together (redis://:password@host:6379/0);
    without it, or while it does not answer, each process counts alone."""
