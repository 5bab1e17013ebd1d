"""Where the API server is, and how this process proves who it is: found once, for `connection`.

In a pod by its service account, as Kubernetes mounts it; elsewhere by a kubeconfig (`kubeconfig`).
"""

import os
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from authly_operator.cluster import errors, kubeconfig
from authly_operator.cluster.kubeconfig import Context


SERVICE_ACCOUNT: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount")
TOKEN_SECONDS: Final = 60.0
"""How long a token is used before its file is read again: the kubelet writes another in time."""

Authorize = Callable[[], str]
"""Answers the Authorization header of a request that is sent now; empty for none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """One API server.

    Attributes:
        host: scheme, name and port, without a path.
        server_name: whom its certificate is for, where that is not the host.
    """

    host: str
    trust: ssl.SSLContext
    authorize: Authorize
    server_name: str | None = None


def find(path: str | None) -> Access:
    """The access that a kubeconfig's current context names, or the pod's where None is named.

    Raises:
        errors.Unconfigured: there is none, or it cannot be used; one line.
    """
    try:
        return of_pod(SERVICE_ACCOUNT) if path is None else of_context(kubeconfig.read(path))
    except (ValueError, OSError) as failure:
        message = f"no API server is configured: {' '.join(str(failure).split())}"
        raise errors.Unconfigured(message) from failure


def of_pod(account: Path) -> Access:
    """By the directory that Kubernetes mounts into each pod.

    Raises:
        ValueError: this is no pod.
        OSError: a file cannot be read.
    """
    host = os.environ.get("KUBERNETES_SERVICE_HOST")
    port = os.environ.get("KUBERNETES_SERVICE_PORT")
    if not host or not port:
        message = "KUBECONFIG is not set, and this is no pod: KUBERNETES_SERVICE_HOST is not either"
        raise ValueError(message)
    token = TokenFile(account / "token")
    token.header()
    trust = ssl.create_default_context(cafile=str(account / "ca.crt"))
    place = f"[{host}]" if ":" in host else host
    return Access(host=f"https://{place}:{port}", trust=trust, authorize=token.header)


def of_context(context: Context) -> Access:
    """By the cluster and the user of a kubeconfig's context.

    Raises:
        ValueError: a certificate or a key cannot be used.
        OSError: a file that it names cannot be read.
    """
    token = context.token_file
    return Access(
        host=context.cluster.server.rstrip("/"),
        trust=context.trust(),
        authorize=TokenFile(token).header if token else lambda: context.authorization,
        server_name=context.cluster.tls_server_name,
    )


@dataclass(slots=True)
class TokenFile:
    """A token in a file that somebody else writes anew from time to time."""

    path: Path
    _header: str = field(default="", repr=False)
    _since: float = 0.0

    def header(self) -> str:
        """The Authorization header; that of before where the file is of no use for a moment.

        Raises:
            OSError: there never was one.
        """
        if self._header and time.monotonic() - self._since < TOKEN_SECONDS:
            return self._header
        try:
            token = self.path.read_text().strip()
        except OSError:
            token = ""
        if token:
            self._header, self._since = f"Bearer {token}", time.monotonic()
        if not self._header:
            message = f"{self.path} holds no token"
            raise OSError(message)
        return self._header
