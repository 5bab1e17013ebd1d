"""A request whose parameters are percent-encoded already, so that they may be anything."""

from dataclasses import dataclass, replace
from urllib.parse import quote_plus

import httpx


FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Request:
    """Parameters are percent-encoded already, so that they may be anything."""

    method: str
    path: str
    pairs: tuple[tuple[str, str], ...]
    headers: tuple[tuple[str, str], ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The parameters that can be spoiled."""
        return tuple(name for name, _ in self.pairs)

    def with_value(self, name: str, value: str) -> "Request":
        """Another value, encoded already, in place of the right one."""
        return replace(self, pairs=tuple((n, value if n == name else v) for n, v in self.pairs))

    def with_pair(self, name: str, value: str) -> "Request":
        """One more parameter."""
        return replace(self, pairs=(*self.pairs, (name, value)))

    def without(self, name: str) -> "Request":
        """One parameter less."""
        return replace(self, pairs=tuple(pair for pair in self.pairs if pair[0] != name))

    def send(self, http: httpx.Client) -> httpx.Response:
        """Send it as it is."""
        encoded = "&".join(f"{name}={value}" for name, value in self.pairs)
        headers = dict(self.headers)
        if self.method == "GET":
            return http.get(f"{self.path}?{encoded}", headers=headers)
        headers = {"Content-Type": FORM} | headers
        return http.request(self.method, self.path, content=encoded, headers=headers)


def request(method: str, path: str, parameters: dict[str, str], **headers: str) -> Request:
    pairs = tuple((name, quote_plus(value)) for name, value in parameters.items())
    return Request(method, path, pairs, tuple(headers.items()))
