"""The quick way to know a set of characters says what the set says."""

import sys

from authly_server.protocol import characters


def test_printable_ascii_is_vschar() -> None:
    everything = map(chr, range(sys.maxunicode + 1))
    assert {c for c in everything if characters.is_vschar(c)} == characters.VSCHAR


def test_one_character_outside_spoils_a_text() -> None:
    assert characters.is_vschar("a secret ~")
    assert not characters.is_vschar("a secret\x7f")
    assert not characters.is_vschar("a \u00e9clair")
    assert characters.is_vschar("") == characters.consists_of("", characters.VSCHAR)
