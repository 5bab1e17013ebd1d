"""The two fetchers of a server: one for what strangers name, one for its own cluster."""

import ipaddress
import ssl
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from authly_server.client_settings import ClientSettings
from authly_server.outbound import fetcher
from authly_server.outbound.fetcher import Fetcher, Rules
from authly_server.outbound.refusal import Refused
from authly_server.outbound.target import HTTPS_PORT
from authly_server.settings import SettingsError


_EVERYWHERE: Final = (ipaddress.ip_network("0.0.0.0/0"), ipaddress.ip_network("::/0"))


def for_clients(settings: ClientSettings) -> AbstractAsyncContextManager[Fetcher]:
    """Asks public addresses, and those that a setting allows.

    Raises:
        SettingsError: OUTBOUND_CA_FILE cannot be read.
    """
    rules = Rules(settings.outbound_allowed_networks, settings.outbound_allowed_ports)
    return fetcher.opened(rules, _trust("OUTBOUND_CA_FILE", settings.outbound_ca_file))


def for_cluster(settings: ClientSettings) -> AbstractAsyncContextManager[Fetcher]:
    """Asks the one host that a setting names, be its address private, with a token where needed.

    Raises:
        SettingsError: KUBERNETES_CA_FILE cannot be read.
    """
    url = urlsplit(settings.kubernetes_jwks_url or "")
    token = settings.kubernetes_token_file
    rules = Rules(
        allowed_networks=_EVERYWHERE,
        ports=(url.port or HTTPS_PORT,),
        authorization=None if token is None else _bearer(Path(token)),
    )
    return fetcher.opened(rules, _trust("KUBERNETES_CA_FILE", settings.kubernetes_ca_file))


def _trust(name: str, certificates: str | None) -> ssl.SSLContext:
    try:
        return fetcher.trust(certificates)
    except OSError as error:
        raise SettingsError((f"{name}: no certificate can be read from {certificates}",)) from error


def _bearer(path: Path) -> Callable[[], str]:
    """The token in a file, which the kubelet replaces."""

    def read() -> str:
        try:
            return f"Bearer {path.read_text('ascii').strip()}"
        except (OSError, ValueError) as error:
            raise Refused(f"no token can be read from {path}") from error

    return read
