"""Which languages a person reads: Accept-Language, RFC 9110 section 12.5.4."""

from aiohttp import web


MOST = 10
"""Languages that are looked at."""


def of(request: web.Request) -> tuple[str, ...]:
    """Language tags in lower case, those liked best first; what is malformed is left out."""
    header = request.headers.get("Accept-Language", "")
    weighted = [_weighted(part) for part in header.split(",")[:MOST]]
    liked = sorted((one for one in weighted if one[0] > 0 and one[1]), key=lambda one: -one[0])
    return tuple(tag for _, tag in liked)


def _weighted(part: str) -> tuple[float, str]:
    tag, _, quality = part.strip().lower().partition(";")
    name, _, number = quality.strip().partition("=")
    if not quality:
        return 1.0, tag.strip()
    try:
        return (float(number) if name == "q" else 0.0), tag.strip()
    except ValueError:
        return 0.0, ""
