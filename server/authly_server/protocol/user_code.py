"""User codes, RFC 8628 section 6.1: eight letters without vowels, as people read and type them."""

LETTERS = "BCDFGHJKLMNPQRSTVWXZ"
LENGTH = 8
COUNT = len(LETTERS) ** LENGTH
# What people put between the letters, and what keyboards make of a hyphen.
_SEPARATORS = str.maketrans("", "", " -.\t\u2010\u2011\u2012\u2013\u2014\u00a0")
_MOST_CHARACTERS = 64


def write(number: int) -> str:
    """The code of that number, which is below COUNT, else ValueError."""
    if not 0 <= number < COUNT:
        message = "no user code has that number"
        raise ValueError(message)
    letters = ""
    for _ in range(LENGTH):
        number, index = divmod(number, len(LETTERS))
        letters += LETTERS[index]
    return letters


def parse(text: str | None) -> str | None:
    """The code that was typed, in whatever case and however divided; None if it can be none."""
    letters = (text or "")[:_MOST_CHARACTERS].translate(_SEPARATORS)
    if not letters.isascii() or len(letters) != LENGTH:
        return None
    code = letters.upper()
    return code if set(code) <= set(LETTERS) else None


def display(code: str) -> str:
    """The code as it is shown, in two halves."""
    return f"{code[: LENGTH // 2]}-{code[LENGTH // 2 :]}"
