"""Names that people sign in with: which texts can be one at all (RFC 8265 section 3.3, in spirit).

How two spellings of one name are found equal is `storage.users.fold`.
"""

import unicodedata
from typing import Final

from authly_server import setting_types
from authly_server.storage import users


MOST_CHARACTERS: Final = 255
# Controls, invisible format characters (zero-width, bidirectional), surrogates, private use,
# unassigned, and the separators of lines and paragraphs: one name would look like another.
_REFUSED: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


class InvalidName(ValueError):  # noqa: N818  # the field's word for it
    """The text cannot be a name at all; the message says why."""


def parse(text: str) -> str:
    """The name without the spaces around it, as typed otherwise.

    Raises:
        InvalidName: nothing is left, it is too long, or it has a character that cannot be seen.
    """
    # One character may fold to eighteen, and an index holds no such names.
    if len(text) > MOST_CHARACTERS or len(users.fold(text)) > MOST_CHARACTERS:
        raise InvalidName(f"a name has at most {MOST_CHARACTERS} characters")
    name = text.strip(" ")
    if not name:
        raise InvalidName("the name is empty")
    if any(unicodedata.category(character) in _REFUSED for character in name):
        raise InvalidName("the name holds a character that cannot be seen")
    return name


def parse_address(text: str) -> str:
    """The address as typed, which mail can be sent to for all that can be seen of it.

    Raises:
        InvalidName: it cannot be a name, or no e-mail address.
    """
    try:
        return setting_types.check_email(parse(text))
    except InvalidName:
        raise
    except ValueError as error:
        raise InvalidName(str(error)) from error
