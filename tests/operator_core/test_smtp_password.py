"""The password of the SMTP server: taken over, or told to be missing; gone when nobody asks."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from authly_operator import entropy, material
from authly_operator.api import authly_server
from authly_operator.observed import ServerObserved


NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
KEY = "SMTP_PASSWORD"
REFERENCE = {"name": "mail", "key": "password"}
SMTP: dict[str, Any] = {"host": "smtp.example.com"}
SIGNED_IN = {**SMTP, "username": "authly", "passwordSecretRef": REFERENCE}
Draw = Callable[..., material.Material]


@pytest.fixture
def draw(
    server_spec: Callable[..., authly_server.Spec], seen: Callable[..., ServerObserved]
) -> Draw:
    def drawn(smtp: dict[str, Any], **secrets: dict[str, str]) -> material.Material:
        spec = server_spec(
            email={"smtp": smtp, "from": "accounts@example.com"},
            signingKeys={"algorithm": "EdDSA"},
        )
        named = {name.replace("_", "-"): data for name, data in secrets.items()}
        return material.draw(spec, seen(named), NOW, bytes(64), entropy.draw_rsa_key)

    return drawn


def test_the_password_is_taken_over(draw: Draw) -> None:
    made = draw(SIGNED_IN, mail={"password": "hunter2"})
    assert made.credentials[KEY] == "hunter2"
    assert made.missing == ()


@pytest.mark.parametrize("secret", [{}, {"password": ""}, {"pass": "hunter2"}])
def test_a_password_that_is_not_there_is_told(draw: Draw, secret: dict[str, str]) -> None:
    made = draw(SIGNED_IN, mail=secret)
    assert made.missing == (
        "key password of Secret mail (email.smtp.passwordSecretRef) does not exist or is empty",
    )
    assert KEY not in made.credentials


def test_a_password_that_nobody_asks_for_is_gone(draw: Draw) -> None:
    had = dict(draw(SIGNED_IN, mail={"password": "hunter2"}).credentials)
    assert KEY not in draw(SMTP, main_credentials=had).credentials
