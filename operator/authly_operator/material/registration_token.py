"""The initial access token, without which a client may not register itself (RFC 7591 section 3)."""

from collections.abc import Callable
from typing import Final

from authly_operator.api import authly_server, registration
from authly_operator.observed import SecretData, ServerObserved


KEY: Final = "INITIAL_ACCESS_TOKEN"
MINIMUM: Final = 32
"""Characters; the server refuses less."""


def asks_for_token(spec: authly_server.Spec) -> bool:
    """Whether registration asks for one."""
    return spec.oauth.dynamic_registration.mode is registration.RegistrationMode.TOKEN


def draw(
    spec: authly_server.Spec, seen: ServerObserved, text: Callable[[str], str]
) -> dict[str, str]:
    """What the credentials Secret holds of it; `text` is the token, drawn or as it was.

    Raises:
        LookupError: with the sentence that says what is missing.
    """
    if not asks_for_token(spec):
        return {}
    reference = spec.oauth.dynamic_registration.token_secret_ref
    if reference is None:
        return {KEY: text(KEY)}
    place = (
        f"key {reference.key} of Secret {reference.name} (oauth.dynamicRegistration.tokenSecretRef)"
    )
    found = seen.secrets.get(reference.name, SecretData({})).get(reference.key)
    if found is None:
        message = f"{place} does not exist or is empty"
        raise LookupError(message)
    if len(found) < MINIMUM:
        message = f"{place} cannot be used: it must have at least {MINIMUM} characters"
        raise LookupError(message)
    return {KEY: found}


def references(spec: authly_server.Spec) -> tuple[str, ...]:
    """The Secrets that `draw` reads."""
    reference = spec.oauth.dynamic_registration.token_secret_ref
    return (reference.name,) if reference else ()
