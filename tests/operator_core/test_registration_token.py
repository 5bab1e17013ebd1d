"""The initial access token: drawn, or taken over, or told to be missing; gone when nobody asks."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from authly_operator import entropy, material
from authly_operator.api import authly_server
from authly_operator.observed import ServerObserved


NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
KEY = "INITIAL_ACCESS_TOKEN"
OWN = {"mode": "Token", "tokenSecretRef": {"name": "registration", "key": "token"}}
Draw = Callable[..., material.Material]


@pytest.fixture
def draw(
    server_spec: Callable[..., authly_server.Spec], seen: Callable[..., ServerObserved]
) -> Draw:
    def drawn(dynamic: dict[str, Any], **secrets: dict[str, str]) -> material.Material:
        spec = server_spec(
            oauth={"dynamicRegistration": dynamic}, signingKeys={"algorithm": "EdDSA"}
        )
        named = {name.replace("_", "-"): data for name, data in secrets.items()}
        return material.draw(spec, seen(named), NOW, bytes(64), entropy.draw_rsa_key)

    return drawn


def test_a_token_is_drawn_once(draw: Draw) -> None:
    first = draw({"mode": "Token"})
    again = draw({"mode": "Token"}, main_credentials=dict(first.credentials))

    assert len(first.credentials[KEY]) >= 32
    assert again.credentials[KEY] == first.credentials[KEY]


def test_a_token_of_ones_own_is_taken_over(draw: Draw) -> None:
    assert draw(OWN, registration={"token": "t" * 32}).credentials[KEY] == "t" * 32


@pytest.mark.parametrize(
    ("secret", "says"),
    [({}, "does not exist or is empty"), ({"token": "hunter2"}, "at least 32 characters")],
)
def test_a_token_that_cannot_be_used_is_told_without_its_value(
    draw: Draw, secret: dict[str, str], says: str
) -> None:
    made = draw(OWN, registration=secret)

    assert says in made.missing[0]
    assert "hunter2" not in made.missing[0]
    assert KEY not in made.credentials


@pytest.mark.parametrize("mode", ["Off", "Open"])
def test_a_token_that_nobody_asks_for_is_gone(draw: Draw, mode: str) -> None:
    had = dict(draw({"mode": "Token"}).credentials)

    assert KEY not in draw({"mode": mode}, main_credentials=had).credentials
