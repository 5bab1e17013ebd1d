"""Whether two http URIs are the same, normalised by syntax and scheme (RFC 3986 section 6.2)."""

from urllib.parse import SplitResult, urlsplit

from authly_server.protocol import characters


MOST_CHARACTERS = 2048
_DEFAULT_PORTS = {"https": 443, "http": 80}
_HEX = frozenset("0123456789abcdefABCDEF")


def normalise(uri: str) -> str | None:
    """Scheme, authority and path in their one form, without query and fragment.

    None for what is no absolute http URI, or has user information in it.
    """
    if len(uri) > MOST_CHARACTERS or not characters.consists_of(uri, characters.URI):
        return None
    try:
        parts = urlsplit(uri)
        authority = _authority(parts)
    except ValueError:
        return None
    path = _escapes(parts.path)
    if authority is None or path is None:
        return None
    return f"{parts.scheme}://{authority}{_without_dots(path)}"


def _authority(parts: SplitResult) -> str | None:
    """The host in lower case, and the port unless it is the scheme's own; raises ValueError."""
    default = _DEFAULT_PORTS.get(parts.scheme)
    if default is None or not parts.hostname or "@" in parts.netloc or "%" in parts.netloc:
        return None
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return host if parts.port in {None, default} else f"{host}:{parts.port}"


def _escapes(path: str) -> str | None:
    """Section 6.2.2.2: what need not be escaped is not, and the digits are capitals."""
    first, *rest = path.split("%")
    pieces = [first]
    for piece in rest:
        if len(piece) < 2 or not _HEX.issuperset(piece[:2]):  # noqa: PLR2004  # two digits
            return None
        character = chr(int(piece[:2], 16))
        is_plain = character in characters.UNRESERVED
        pieces.append((character if is_plain else f"%{piece[:2].upper()}") + piece[2:])
    return "".join(pieces)


def _without_dots(path: str) -> str:
    """Section 5.2.4, for a path that follows an authority."""
    kept: list[str] = []
    segments = path.split("/")[1:]
    for segment in segments:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    is_directory = segments[-1:] in ([".."], ["."])
    return "/" + "/".join(kept) + ("/" if is_directory and kept else "")
