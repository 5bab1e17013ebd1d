"""Tokens of Kubernetes service accounts as client assertions: no secret has to be handed out.

A pod mounts a projected token for an audience of the client's, and the kubelet renews it. Such a
token is presented again and again until it expires, so it has no single use; its short life and
its audience are what bounds it (Kubernetes: service account token volume projection).
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from authly_server.clients.client_assertion import AssertionRefused
from authly_server.clients.key_sets import Source
from authly_server.protocol import compact_jws
from authly_server.protocol.compact_jws import CompactJws


LEEWAY: Final = 10
# The kubelet renews a token that is older than a day, whatever lifetime was asked for.
LONGEST_LIFETIME: Final = 2 * 86_400


@dataclass(frozen=True, slots=True)
class Cluster:
    """The cluster whose service accounts are believed: its issuer, and where its keys are."""

    issuer: str
    keys: Source


def check_claims(
    token: CompactJws, *, cluster: str, service_account: str, audience: str, now: datetime
) -> None:
    """The token is of that account (`namespace/name`), of that cluster, for that audience, and now.

    Raises:
        AssertionRefused: it is not.
    """
    namespace, _, name = service_account.partition("/")
    moment = now.timestamp()
    try:
        if compact_jws.text_of(token.claims, "iss") != cluster:
            raise AssertionRefused("it is not of this cluster")
        expected = f"system:serviceaccount:{namespace}:{name}"
        if compact_jws.text_of(token.claims, "sub") != expected:
            raise AssertionRefused("it is of another service account")
        if audience not in compact_jws.audiences_of(token.claims):
            raise AssertionRefused("it is for another audience")
        _check_times(token, moment)
    except compact_jws.MalformedJws as error:
        raise AssertionRefused(str(error)) from error


def _check_times(token: CompactJws, now: float) -> None:
    expires_at = compact_jws.seconds_of(token.claims, "exp")
    not_before = compact_jws.seconds_of(token.claims, "nbf")
    if expires_at is None or expires_at <= now - LEEWAY:
        raise AssertionRefused("it has expired, or never does")
    if expires_at > now + LONGEST_LIFETIME:
        raise AssertionRefused("it lives too long: mount a projected token")
    if not_before is not None and not_before > now + LEEWAY:
        raise AssertionRefused("it is of the future")
