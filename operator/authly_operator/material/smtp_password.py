"""The password by which a server hands its mail over, out of somebody else's Secret."""

from typing import Final

from authly_operator.api import authly_server
from authly_operator.observed import SecretData, ServerObserved


KEY: Final = "SMTP_PASSWORD"


def draw(spec: authly_server.Spec, seen: ServerObserved) -> dict[str, str]:
    """What the credentials Secret holds of it.

    Raises:
        LookupError: with the sentence that says what is missing.
    """
    reference = spec.email.smtp.password_secret_ref if spec.email else None
    if reference is None:
        return {}
    found = seen.secrets.get(reference.name, SecretData({})).get(reference.key)
    if not found:
        message = (
            f"key {reference.key} of Secret {reference.name} (email.smtp.passwordSecretRef)"
            " does not exist or is empty"
        )
        raise LookupError(message)
    return {KEY: found}


def references(spec: authly_server.Spec) -> tuple[str, ...]:
    """The Secrets that `draw` reads."""
    reference = spec.email.smtp.password_secret_ref if spec.email else None
    return (reference.name,) if reference else ()
