"""A header that has proved a client is believed while the client is the very same, no longer."""

import dataclasses
import hashlib
from uuid import UUID

import pytest
from hypothesis import given, strategies as st

from authly_server.clients.recent_proofs import RecentProofs
from authly_server.model.client import AuthMethod, Client, ClientType


DIGEST = hashlib.sha256(b"secret").digest()
WEB = Client(
    id=UUID(int=1),
    client_id="web",
    display_name="Web",
    type=ClientType.CONFIDENTIAL,
    auth_method=AuthMethod.CLIENT_SECRET_BASIC,
    secret_digests=(DIGEST,),
    grant_types=frozenset({"client_credentials"}),
    redirect_uris=(),
    scopes=frozenset({"read"}),
    audiences=(),
    require_pkce=True,
    access_token_ttl=None,
    refresh_token_ttl=None,
    enabled=True,
)


@pytest.fixture(name="known")
def _known() -> dict[str, Client]:
    """The clients in memory, by their identifiers."""
    return {"web": WEB}


@pytest.fixture(name="proofs")
def _proofs(known: dict[str, Client]) -> RecentProofs:
    proofs = RecentProofs(known.get)
    proofs.keep("Basic right", WEB, DIGEST)
    return proofs


def test_a_header_that_has_proved_a_client_proves_it_again(proofs: RecentProofs) -> None:
    found = proofs.find("Basic right")
    assert found is not None
    assert found.client is WEB
    assert found.secret_digest == DIGEST


@given(st.text(st.characters()) | st.sampled_from(["Basic right ", "basic right", "Basic \udcff"]))
def test_any_other_text_proves_nothing(text: str) -> None:
    proofs = RecentProofs({"web": WEB}.get)
    proofs.keep("Basic right", WEB, DIGEST)
    assert (proofs.find(text) is None) is (text != "Basic right")


@pytest.mark.parametrize(
    "now",
    [
        pytest.param(dataclasses.replace(WEB, enabled=False), id="disabled"),
        pytest.param(dataclasses.replace(WEB, secret_digests=()), id="without that secret"),
        pytest.param(dataclasses.replace(WEB), id="read anew, and the same"),
        pytest.param(None, id="not in memory"),
    ],
)
def test_a_client_that_is_another_value_by_now_has_to_prove_itself_anew(
    proofs: RecentProofs, known: dict[str, Client], now: Client | None
) -> None:
    known.clear()
    if now is not None:
        known["web"] = now
    assert proofs.find("Basic right") is None
    assert len(proofs) == 0


def test_of_too_many_the_one_not_asked_for_the_longest_leaves(known: dict[str, Client]) -> None:
    proofs = RecentProofs(known.get, most=2)
    for header in ("first", "second"):
        proofs.keep(header, WEB, DIGEST)
    assert proofs.find("first") is not None
    proofs.keep("third", WEB, DIGEST)
    assert [proofs.find(each) is not None for each in ("first", "second", "third")] == [
        True,
        False,
        True,
    ]


def test_neither_header_nor_secret_is_in_what_is_kept(proofs: RecentProofs) -> None:
    assert "right" not in repr(vars(proofs))
