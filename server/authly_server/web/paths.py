"""What is at a path: whole paths, and those of which one segment is somebody's name."""

from collections.abc import Mapping
from typing import Generic, TypeVar

from aiohttp import web


NAMED_SEGMENT = web.RequestKey("named_segment", str)
T = TypeVar("T")


class Paths(Generic[T]):
    """Values by path; one like `/users/{id}` or `/users/{id}/sessions` has any name in braces.

    The name is the last segment, or the last but one.
    """

    def __init__(self, values: Mapping[str, T]) -> None:
        self._whole = {path: value for path, value in values.items() if "{" not in path}
        self._named = {_around(path): value for path, value in values.items() if "{" in path}

    def find(self, request: web.Request) -> T | None:
        """The value for a request, which then knows the segment that is a name, if one is."""
        # As nearly everybody writes it: neither escaped nor a whole URL, which take a parser.
        value = self._whole.get(request.raw_path.partition("?")[0])
        if value is not None:
            return value
        path = request.rel_url.path_safe
        return self._whole.get(path) or self._find_named(request, path)

    def _find_named(self, request: web.Request, path: str) -> T | None:
        parent, _, last = path.rpartition("/")
        above, _, middle = parent.rpartition("/")
        for name, around in ((last, (parent, "")), (middle, (above, last))):
            if last and name and around in self._named:
                request[NAMED_SEGMENT] = name.replace("%2F", "/").replace("%25", "%")
                return self._named[around]
        return None


def _around(path: str) -> tuple[str, str]:
    """What is before the name, and the segment after it if there is one."""
    before, _, rest = path.partition("/{")
    return before, rest.partition("}")[2].removeprefix("/")
