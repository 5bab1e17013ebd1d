"""A device authorization request, RFC 8628 section 3.1."""

from dataclasses import dataclass

from authly_server.protocol import resource_indicator, scope
from authly_server.protocol.parameters import Parameters


@dataclass(frozen=True, slots=True)
class DeviceAuthorizationRequest:
    """What a device asks for; `scopes` is empty when the client's default ones are meant."""

    scopes: frozenset[str]
    resources: tuple[str, ...]


def parse(parameters: Parameters) -> DeviceAuthorizationRequest:
    """Read the request.

    Raises:
        OAuthError: invalid_scope or invalid_target.
    """
    text = parameters.get("scope")
    return DeviceAuthorizationRequest(
        scopes=frozenset() if text is None else scope.parse(text),
        resources=resource_indicator.parse(parameters.get_all("resource")),
    )
