import dataclasses
import hashlib
from collections.abc import Callable

import pytest

from authly_operator import naming
from authly_operator.api import authly_client
from authly_operator.material import client_secret
from authly_operator.observed import Identity, SecretData
from authly_operator.observed_clients import ClientObserved, SecretSeen


Spec = Callable[..., authly_client.Spec]
ENTROPY = bytes(range(32))
EXISTING = {"secret": {"source": "Existing", "ref": {"name": "given", "key": "password"}}}


def test_a_new_confidential_client_gets_a_secret_of_256_bits(
    client_spec: Spec, identity: Identity
) -> None:
    secret = client_secret.draw(client_spec(), ClientObserved(identity=identity), ENTROPY)

    assert secret == "acs_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"


def test_the_secret_in_its_own_secret_is_kept(client_spec: Spec, identity: Identity) -> None:
    kept = SecretSeen(data=SecretData({"client_secret": "kept"}), owner_uid=identity.uid)

    assert client_secret.draw(
        client_spec(), ClientObserved(identity=identity, secret=kept), ENTROPY
    ) == ("kept")


def test_the_secret_of_a_stranger_is_not_read(client_spec: Spec, identity: Identity) -> None:
    strange = SecretSeen(data=SecretData({"client_secret": "strange"}), owner_uid="somebody")

    drawn = client_secret.draw(
        client_spec(), ClientObserved(identity=identity, secret=strange), ENTROPY
    )

    assert drawn != "strange"


def test_a_secret_moves_with_its_client_to_another_name(
    client_spec: Spec, identity: Identity
) -> None:
    former = SecretSeen(data=SecretData({"client_secret": "kept"}), owner_uid=identity.uid)
    observed = ClientObserved(identity=identity, former=former)

    assert client_secret.draw(client_spec(), observed, ENTROPY) == "kept"


def test_a_secret_that_an_orphaned_client_left_is_taken_up_again(
    client_spec: Spec, identity: Identity
) -> None:
    labels = naming.labels("main", naming.Component.CLIENT)
    left = SecretSeen(data=SecretData({"client_secret": "left"}), labels=labels)
    unmarked = dataclasses.replace(left, labels={})

    def drawn(found: SecretSeen) -> str | None:
        observed = ClientObserved(identity=identity, secret=found)
        return client_secret.draw(client_spec(), observed, ENTROPY)

    assert drawn(left) == "left"
    assert drawn(unmarked) != "left"


def test_a_public_client_has_no_secret(client_spec: Spec, identity: Identity) -> None:
    spec = client_spec(
        type="Public", grantTypes=["authorization_code"], redirectUris=["https://a.example/cb"]
    )

    assert client_secret.draw(spec, ClientObserved(identity=identity), ENTROPY) is None


def test_an_existing_secret_is_read_from_its_reference(
    client_spec: Spec, identity: Identity
) -> None:
    source = SecretSeen(data=SecretData({"password": "given"}))
    observed = ClientObserved(identity=identity, source=source)

    assert client_secret.draw(client_spec(auth=EXISTING), observed, ENTROPY) == "given"


def test_nothing_is_made_up_for_a_missing_reference(client_spec: Spec, identity: Identity) -> None:
    observed = ClientObserved(identity=identity)

    assert client_secret.draw(client_spec(auth=EXISTING), observed, ENTROPY) is None


def test_too_little_entropy_makes_no_secret() -> None:
    with pytest.raises(ValueError, match="32 random bytes"):
        client_secret.generate(b"short")


def test_the_digest_is_that_of_the_bytes_on_the_wire() -> None:
    assert client_secret.digest("ä") == hashlib.sha256(b"\xc3\xa4").hexdigest()
