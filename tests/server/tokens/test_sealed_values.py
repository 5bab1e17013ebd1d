"""Cookies, nonces, codes and hints: whatever a browser sends back is what we wrote, or nothing."""

import json
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, strategies as st

from authly_server.authorization import transaction
from authly_server.authorization.transaction import Seal, Transaction
from authly_server.protocol.parameters import Parameters
from authly_server.tokens import (
    authorization_code,
    device_code,
    id_token,
    keyring,
    sealed_text,
    signed_jwt,
    strict_json,
)
from authly_server.tokens.dpop_nonce import Nonces
from authly_server.tokens.refusal import TokenRefused
from authly_server.users.devices import MOST, Device, Devices


NOW = datetime(2026, 1, 2, tzinfo=UTC)
SECONDS = int(NOW.timestamp())
SECRET = "a secret of at least thirty-two characters"
SEAL, DEVICES, NONCES = Seal(SECRET), Devices(SECRET), Nonces(SECRET)
# A cookie's value is of one byte a character; lone surrogates stand for what was no UTF-8.
ANY_TEXT = st.text(st.characters(codec=None))
ANY_VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=6,
)
BASE64 = st.text("ABCxyz019-_=.")
_PEM = ec.generate_private_key(ec.SECP256R1()).private_bytes(
    serialization.Encoding.PEM,
    serialization.PrivateFormat.PKCS8,
    serialization.NoEncryption(),
)
KEY = {"kid": "k", "alg": "ES256", "state": "Active", "privateKey": _PEM.decode()}
RING = keyring.parse(json.dumps({"keys": [KEY]}).encode())


TWELVE_BYTES = st.binary(min_size=12, max_size=12)


NO_NUL = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=200)


@given(st.uuids(), NO_NUL, TWELVE_BYTES)
def test_a_transaction_is_read_back_by_its_own_name_only(
    name: UUID, state: str, nonce: bytes
) -> None:
    started = Transaction(name, Parameters({"state": (state,), "resource": ("a", "b")}), SECONDS)
    sealed = SEAL.close(started, nonce)
    assert SEAL.open(name, sealed, SECONDS) == started
    assert SEAL.open(UUID(int=name.int ^ 1), sealed, SECONDS) is None
    assert SEAL.open(name, sealed, SECONDS + transaction.LIFETIME + 1) is None
    assert Seal("another" + SECRET).open(name, sealed, SECONDS) is None


@given(st.uuids(), ANY_TEXT | BASE64)
def test_any_text_is_no_transaction(name: UUID, value: str) -> None:
    assert SEAL.open(name, value, SECONDS) is None


@given(ANY_TEXT)
def test_any_text_names_a_transaction_or_none(text: str) -> None:
    found = transaction.identify(text)
    assert found is None or found.hex == text
    assert transaction.readable({f"x{text}": ""}, "x") == ((found,) if found else ())


@given(st.lists(st.builds(Device, st.uuids(), st.uuids(), st.integers(0, SECONDS)), max_size=6))
def test_the_devices_of_people_are_read_back_but_the_oldest(devices: list[Device]) -> None:
    kept = tuple(each for each in devices[:MOST] if each.since + 365 * 86_400 >= SECONDS)
    assert DEVICES.read(DEVICES.write(devices), SECONDS) == kept
    assert Devices("another" + SECRET).read(DEVICES.write(devices), SECONDS) == ()


@given(ANY_TEXT | BASE64 | st.text("A", min_size=72, max_size=72))
def test_any_text_is_no_device(value: str) -> None:
    assert DEVICES.read(value, SECONDS) == ()


@given(st.integers(0, 10**6), st.text(st.characters(codec="utf-8")))
def test_a_nonce_is_fresh_for_two_to_four_minutes_and_nothing_else_is(age: int, text: str) -> None:
    nonce = NONCES.current(NOW - timedelta(seconds=age))
    assert NONCES.is_fresh(nonce, NOW) or age > 120
    assert not NONCES.is_fresh(nonce, NOW) or age < 240
    assert not NONCES.is_fresh(text, NOW)


@given(ANY_TEXT | st.sampled_from(["ac_", "adc_"]).flatmap(lambda p: BASE64.map(lambda t: p + t)))
def test_any_text_is_no_code_that_we_wrote(text: str) -> None:
    for read in (authorization_code.read, device_code.read):
        with pytest.raises(TokenRefused):
            read(text)


@given(st.uuids(), st.binary(min_size=32, max_size=32))
def test_a_device_code_carries_its_grant(grant_id: UUID, entropy: bytes) -> None:
    created = device_code.create(grant_id, entropy)
    assert device_code.read(created.text) == created


@given(st.text("abc_", max_size=4), ANY_TEXT | BASE64, st.integers(1, 40))
def test_any_text_is_of_the_right_size_or_refused(prefix: str, text: str, size: int) -> None:
    try:
        content = sealed_text.read(prefix, text, size)
    except TokenRefused:
        return
    assert len(content) == size
    assert sealed_text.write(prefix, content) == text


@given(ANY_TEXT | st.lists(BASE64, min_size=3, max_size=3).map(".".join))
def test_any_text_is_no_hint(text: str) -> None:
    with pytest.raises(TokenRefused):
        id_token.read_hint(RING, text, "https://login.example.com")


@given(ANY_VALUE)
def test_any_value_of_a_claim_is_of_its_type_or_refused(value: object) -> None:
    for read in (signed_jwt.read_text, signed_jwt.read_texts, signed_jwt.read_time):
        try:
            found = read(value)
        except ValueError:
            continue
        assert found == value or isinstance(found, datetime | tuple)


@given(st.binary())
def test_any_bytes_are_an_object_or_refused(content: bytes) -> None:
    try:
        found = strict_json.read_object(content)
    except TokenRefused:
        return
    assert isinstance(found, dict)
