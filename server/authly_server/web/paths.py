"""What is at a path: whole paths, and those whose last segment is somebody's name."""

from collections.abc import Mapping
from typing import Generic, TypeVar

from aiohttp import web


LAST_SEGMENT = web.RequestKey("last_segment", str)
T = TypeVar("T")


class Paths(Generic[T]):
    """Values by path; one like `/register/{client_id}` is below `/register`, whatever follows."""

    def __init__(self, values: Mapping[str, T]) -> None:
        self._whole = {path: value for path, value in values.items() if not path.endswith("}")}
        self._below = {
            path.rpartition("/")[0]: value for path, value in values.items() if path.endswith("}")
        }

    def find(self, request: web.Request) -> T | None:
        """The value for a request, which then knows its last segment if it is a name."""
        # As nearly everybody writes it: neither escaped nor a whole URL, which take a parser.
        value = self._whole.get(request.raw_path.partition("?")[0])
        if value is not None:
            return value
        path = request.rel_url.path_safe
        return self._whole.get(path) or self._named(request, path)

    def _named(self, request: web.Request, path: str) -> T | None:
        parent, _, last = path.rpartition("/")
        if not last or parent not in self._below:
            return None
        request[LAST_SEGMENT] = last.replace("%2F", "/").replace("%25", "%")
        return self._below[parent]
