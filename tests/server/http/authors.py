"""Who publishes metadata documents of clients, in the words of tests."""

import json
from dataclasses import dataclass
from typing import Any

import httpx
from lxml import html

from throwaway.publisher import Publisher
from throwaway.registration import RegisteredClient


@dataclass
class Author:
    """Who publishes documents; each at a path of its own, for copies are kept."""

    host: Publisher
    count: int = 0

    def url(self) -> str:
        self.count += 1
        return f"{self.host.url}/clients/{self.count}.json"

    def publish(self, **members: object) -> RegisteredClient:
        """A document that is right but for these members; None leaves one out."""
        client_id = self.url()
        document = self.document(client_id, **members)
        self.write(client_id, json.dumps(document).encode())
        return self.client(client_id, document)

    def document(self, client_id: str, /, **members: object) -> dict[str, Any]:
        document: dict[str, object] = {
            "client_id": client_id,
            "client_name": "Tool user",
            "redirect_uris": ["https://client.example/callback"],
            "grant_types": ["authorization_code", "refresh_token"],
            "token_endpoint_auth_method": "none",
            **members,
        }
        return {name: value for name, value in document.items() if value is not None}

    def write(self, client_id: str, content: bytes, **how: Any) -> None:
        self.host.publish(client_id.removeprefix(self.host.url), content, **how)

    def client(self, client_id: str, document: dict[str, Any] | None = None) -> RegisteredClient:
        uris = (document or {}).get("redirect_uris") or ["https://client.example/callback"]
        spec = {"client_id": client_id, "auth_method": "none", "redirect_uris": uris}
        return RegisteredClient(spec, "")


def way_on(page: httpx.Response) -> str:
    """Where a refused person can go on to, if they want."""
    (link,) = html.fromstring(page.text).cssselect("#continue")
    return str(link.get("href"))


def text_at(page: httpx.Response, selector: str) -> str:
    (found,) = html.fromstring(page.text).cssselect(selector)
    return " ".join(str(found.xpath("string()")).split())
