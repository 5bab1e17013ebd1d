from datetime import timedelta

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from authly_operator import clock, entropy


def test_no_two_draws_are_alike() -> None:
    assert entropy.draw(32) != entropy.draw(32)
    assert len(entropy.draw(48)) == 48


def test_an_rsa_key_is_an_unencrypted_pem_of_the_stated_size() -> None:
    key = serialization.load_pem_private_key(entropy.draw_rsa_key().encode(), password=None)

    assert isinstance(key, rsa.RSAPrivateKey)
    assert key.key_size == entropy.RSA_BITS


def test_the_clock_is_aware_and_in_utc() -> None:
    assert clock.SystemClock().now().utcoffset() == timedelta(0)
