"""A header that has proved a client is believed while the client is the very same, no longer."""

import dataclasses
import hashlib
from uuid import UUID

import pytest
from hypothesis import given, strategies as st

from authly_server.clients.recent_proofs import LONGEST_CONTENT, Proof, RecentProofs
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


PROOF = Proof(WEB, DIGEST, "what it came to")


@pytest.fixture(name="known")
def _known() -> dict[str, Client]:
    """The clients in memory, by their identifiers."""
    return {"web": WEB}


@pytest.fixture(name="proofs")
def _proofs(known: dict[str, Client]) -> RecentProofs[str]:
    proofs = RecentProofs[str](known.get)
    proofs.keep(PROOF, "Basic right")
    return proofs


def test_a_header_that_has_proved_a_client_proves_it_again(
    proofs: RecentProofs[str],
) -> None:
    assert proofs.find("Basic right") is PROOF


@given(st.text(st.characters()) | st.sampled_from(["Basic right ", "basic right", "Basic \udcff"]))
def test_any_other_text_proves_nothing(text: str) -> None:
    proofs = RecentProofs[str]({"web": WEB}.get)
    proofs.keep(PROOF, "Basic right")
    assert (proofs.find(text) is None) is (text != "Basic right")


@given(
    st.tuples(st.text(st.characters()), st.binary())
    | st.sampled_from([("Basic right", b""), ("Basic ", b"rightform"), ("Basic right5:", b"form")])
)
def test_nor_does_a_header_with_another_content(asked: tuple[str, bytes]) -> None:
    proofs = RecentProofs[str]({"web": WEB}.get)
    proofs.keep(PROOF, "Basic right", b"form")
    assert proofs.find("Basic right", b"form") is PROOF
    assert (proofs.find(*asked) is None) is (asked != ("Basic right", b"form"))


def test_a_long_content_is_not_remembered(proofs: RecentProofs[str]) -> None:
    for length, is_kept in ((LONGEST_CONTENT, True), (LONGEST_CONTENT + 1, False)):
        proofs.keep(PROOF, "Basic right", bytes(length))
        assert (proofs.find("Basic right", bytes(length)) is PROOF) is is_kept


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
    proofs: RecentProofs[str], known: dict[str, Client], now: Client | None
) -> None:
    known.clear()
    if now is not None:
        known["web"] = now
    assert proofs.find("Basic right") is None
    assert len(proofs) == 0


def test_of_too_many_the_one_not_asked_for_the_longest_leaves(known: dict[str, Client]) -> None:
    proofs = RecentProofs[str](known.get, most=2)
    for header in ("first", "second"):
        proofs.keep(PROOF, header)
    assert proofs.find("first") is not None
    proofs.keep(PROOF, "third")
    assert [proofs.find(each) is not None for each in ("first", "second", "third")] == [
        True,
        False,
        True,
    ]


def test_neither_header_nor_secret_is_in_what_is_kept(
    proofs: RecentProofs[str],
) -> None:
    proofs.keep(PROOF, "Basic right", b"a form that is right")
    assert "right" not in repr(vars(proofs))
