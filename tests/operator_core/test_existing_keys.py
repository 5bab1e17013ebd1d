"""Keys of the user's own: how they come, what is refused, and what that costs."""

import base64
import json
import textwrap
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from tests.operator_core.test_key_rotation import ROTATE, Server, rsa_key

from authly_operator.api import authly_server, policy
from authly_operator.material import keyring, rotation, signing_key
from authly_operator.observed import ServerObserved


Spec = Callable[..., authly_server.Spec]
Seen = Callable[..., ServerObserved]
REFERENCE = {"name": "own", "key": "key.pem"}


def pem(number: int, algorithm: str = "ES256") -> str:
    return signing_key.draw(
        policy.Algorithm(algorithm), lambda _, count: bytes([number]) * count, rsa_key
    )


def entry(kid: str, number: int, state: str = "Active", alg: str = "ES256") -> dict[str, Any]:
    return {"kid": kid, "alg": alg, "state": state, "privateKey": pem(number, alg)}


def ring(*entries: dict[str, Any]) -> str:
    return json.dumps({"keys": entries})


@pytest.fixture
def own(server_spec: Spec, seen: Seen) -> Callable[[str], Server]:
    """A server that takes its keys from a Secret with that text."""

    def build(text: str) -> Server:
        spec = server_spec(signingKeys={"source": "Existing", "secretRef": REFERENCE})
        made = Server(spec, seen)
        made.secrets["own"] = {"key.pem": text}
        return made

    return build


def test_a_key_of_ones_own_signs_and_an_rsa_key_is_drawn_beside_it(
    own: Callable[[str], Server],
) -> None:
    server = own(pem(1))
    server.look()
    assert [(key["alg"], key["privateKey"]) for key in server.keys] == [
        ("ES256", pem(1)),
        ("RS256", rsa_key()),
    ]


def test_another_key_of_ones_own_is_published_first(own: Callable[[str], Server]) -> None:
    server = own(pem(1))
    server.look()
    first = server.signer()
    server.secrets["own"] = {"key.pem": pem(2)}
    server.look()
    assert (server.states(), server.signer()) == (["Active", "Published"], first)
    server.look(after=rotation.PUBLISHED_FOR)
    assert server.states() == ["Retiring", "Active"]


def test_a_key_that_comes_back_while_it_retires_signs_again(own: Callable[[str], Server]) -> None:
    server = own(pem(1))
    server.look()
    first = server.signer()
    server.secrets["own"] = {"key.pem": pem(2)}
    server.look()
    server.look(after=rotation.PUBLISHED_FOR)
    server.secrets["own"] = {"key.pem": pem(1)}
    server.look(after=timedelta(hours=1))
    assert server.signer() == first
    assert sorted(server.states()) == ["Active", "Retiring"]


def test_a_drawn_key_is_relieved_by_one_of_ones_own_as_by_any_other(
    server_spec: Spec, seen: Seen
) -> None:
    server = Server(server_spec(), seen)
    server.look()
    server.spec = server_spec(signingKeys={"source": "Existing", "secretRef": REFERENCE})
    server.secrets["own"] = {"key.pem": pem(1)}
    server.look()
    assert server.states() == ["Active", "Published"]


def test_a_request_for_rotation_draws_no_key_where_there_is_one_of_ones_own(
    own: Callable[[str], Server],
) -> None:
    server = own(pem(1))
    server.look()
    server.annotations[ROTATE] = "please"
    server.look()
    assert (server.states(), server.states("RS256")) == (["Active"], ["Active", "Published"])


def test_states_of_a_ring_of_ones_own_are_taken_over_at_once(own: Callable[[str], Server]) -> None:
    server = own(ring(entry("a", 1), entry("b", 2, "Published")))
    server.look()
    assert server.signer() == "a"
    server.secrets["own"] = {"key.pem": ring(entry("a", 1, "Retiring"), entry("b", 2))}
    server.look(after=timedelta(seconds=1))
    assert server.signer() == "b"
    assert server.states() == ["Retiring", "Active"]
    server.look(after=timedelta(days=400))
    assert server.states() == ["Retiring", "Active"]


def test_a_key_that_left_a_ring_of_ones_own_still_verifies_for_a_day(
    own: Callable[[str], Server],
) -> None:
    server = own(ring(entry("a", 1)))
    server.look()
    server.secrets["own"] = {"key.pem": ring(entry("b", 2))}
    server.look()
    assert server.states() == ["Retiring", "Active"]
    server.look(after=rotation.RETIRING_FOR)
    assert server.states() == ["Active"]


def test_another_key_under_the_kid_of_before_is_refused(own: Callable[[str], Server]) -> None:
    server = own(ring(entry("a", 1)))
    server.look()
    server.secrets["own"] = {"key.pem": ring(entry("a", 2))}
    assert "'a' is another one than before" in (server.look().signing_keys_missing or "")


CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
TORN = pem(1)[:-40]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("", "does not exist or is empty", id="nothing"),
        pytest.param("hunter2", "one private key in PEM, or a key ring", id="neither"),
        pytest.param(pem(1) + CERTIFICATE, "one private key in PEM", id="key and certificate"),
        pytest.param(CERTIFICATE, "not an unencrypted private key", id="certificate"),
        pytest.param(TORN, "not an unencrypted private key", id="torn"),
        pytest.param(pem(1, "EdDSA"), "no key for ES256", id="another algorithm"),
        pytest.param("{", "malformed: the document", id="no JSON"),
        pytest.param('{"keys": []}', "1 to 32 keys", id="no key"),
        pytest.param('{"keys": {}}', "malformed: keys", id="no list"),
        pytest.param('{"keys": [], "more": 1}', "malformed: more", id="another member"),
        pytest.param(ring({**entry("a", 1), "use": "sig"}), "keys.0.use", id="another field"),
        pytest.param(ring({**entry("a", 1), "kid": ""}), "keys.0.kid", id="empty kid"),
        pytest.param(ring({**entry("a", 1), "state": "active"}), "keys.0.state", id="no state"),
        pytest.param(ring(entry("a", 1), entry("a", 2, "Retiring")), "kid twice", id="kid twice"),
        pytest.param(ring(entry("a", 1), entry("b", 2)), "it has 2", id="two active"),
        pytest.param(ring(entry("a", 1, "Published")), "it has 0", id="none active"),
        pytest.param(ring(entry("a", 1, alg="EdDSA")), "of ES256, it has 0", id="others only"),
        pytest.param(
            ring({**entry("a", 1), "privateKey": pem(1, "EdDSA")}), "key 'a': it is no", id="no fit"
        ),
    ],
)
def test_what_cannot_be_used_is_told_and_changes_nothing(
    own: Callable[[str], Server], text: str, words: str
) -> None:
    server = own(pem(7))
    server.look()
    before = server.secrets["main-signing-keys"]
    server.secrets["own"] = {"key.pem": text}
    made = server.look()
    assert made.signing_keys_missing is not None
    assert made.complete, "everything else goes on"
    assert words in made.signing_keys_missing
    assert made.keyring == before[keyring.KEY]
    for secret in ("PRIVATE KEY", "hunter2", *pem(1).splitlines()[1:2]):
        assert secret not in made.signing_keys_missing


def test_a_secret_that_is_gone_is_told_of_by_name(own: Callable[[str], Server]) -> None:
    server = own(pem(1))
    del server.secrets["own"]
    assert server.look().signing_keys_missing == (
        "key key.pem of Secret own (signingKeys.secretRef) does not exist or is empty"
    )


def test_an_rsa_key_with_wrong_numbers_is_refused(server_spec: Spec, seen: Seen) -> None:
    spec = server_spec(
        signingKeys={"algorithm": "RS256", "source": "Existing", "secretRef": REFERENCE}
    )
    server = Server(spec, seen)
    server.secrets["own"] = {"key.pem": broken_rsa_key()}
    (sentence,) = server.look().missing
    assert "not an unencrypted private key" in sentence


def broken_rsa_key() -> str:
    """A key whose primes are not those of its modulus, as PEM that reads well."""
    key = serialization.load_pem_private_key(rsa_key().encode(), password=None)
    assert isinstance(key, rsa.RSAPrivateKey)
    der = key.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    p = key.private_numbers().p
    width = (p.bit_length() + 7) // 8
    spoilt = der.replace(p.to_bytes(width, "big"), (p + 2).to_bytes(width, "big"))
    assert spoilt != der
    body = "\n".join(textwrap.wrap(base64.b64encode(spoilt).decode(), 64))
    return f"-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n"
