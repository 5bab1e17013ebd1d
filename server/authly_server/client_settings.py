"""Settings about clients that come with keys, accounts and documents, or register themselves."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from authly_server.setting_types import Names, Networks, Ports, Secret


class ClientSettings(BaseModel):
    """A part of `settings.Settings`; everything in it but devices is off unless it is set.

    `outbound_…` is about what is fetched for clients: keys and metadata documents.
    `dynamic_client_…` is for clients that no operator registered.
    """

    model_config = ConfigDict(
        frozen=True, extra="ignore", hide_input_in_errors=True, use_attribute_docstrings=True
    )

    device_flow_enabled: bool = True
    """Whether devices without a browser may ask for a code (RFC 8628)."""
    outbound_allowed_networks: Networks = ()
    """Private networks from which documents of clients may be fetched all the same."""
    outbound_allowed_ports: Ports = (443,)
    """Ports from which documents of clients may be fetched."""
    outbound_ca_file: str | None = None
    """Certificate authorities for what is fetched; those of the system where it is empty."""

    kubernetes_issuer: str | None = None
    """The cluster whose service accounts may be clients, by the issuer of their tokens."""
    kubernetes_jwks_file: str | None = None
    """A file with the cluster's keys."""
    kubernetes_jwks_url: str | None = Field(default=None, pattern=r"^https://")
    """Where the cluster's keys are, instead of a file."""
    kubernetes_ca_file: str | None = None
    """The certificate authority of KUBERNETES_JWKS_URL."""
    kubernetes_token_file: str | None = None
    """A token to ask KUBERNETES_JWKS_URL with."""

    client_id_metadata_documents: bool = False
    """Whether a client_id may be the URL of a document about the client."""
    dynamic_registration: Literal["off", "open", "token"] = "off"
    """Whether clients may register themselves: off, open, or token."""
    initial_access_token: Secret | None = Field(default=None, repr=False)
    """What registration asks for where it is token; at least 32 characters."""
    dynamic_client_scopes: Names = ("openid", "profile", "email", "offline_access")
    """What clients may ask for that no operator registered."""
    dynamic_client_audiences: Names = ()
    """Resources that such clients may ask tokens for."""
    dynamic_client_limit: int = Field(default=1_000, ge=1, le=1_000_000)
    """How many clients may have registered themselves."""
    dynamic_registrations_per_hour: int = Field(default=20, ge=1, le=100_000)
    """How many may do so in an hour from one address."""
