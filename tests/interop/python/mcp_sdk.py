"""The MCP SDK's OAuth client, which authorizes itself for a server that it knows the URL of."""

import asyncio
import json
import ssl
import sys
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2  # type: ignore[import-not-found]
from mcp.client.auth import (  # type: ignore[import-not-found]
    AuthorizationCodeResult,
    OAuthClientProvider,
)
from mcp.shared.auth import OAuthClientMetadata  # type: ignore[import-not-found]


class Memory:
    """What an application keeps between its runs."""

    def __init__(self) -> None:
        self.tokens: Any = None
        self.client: Any = None
        self.scopes: list[str] = []

    async def get_tokens(self) -> Any:
        return self.tokens

    async def set_tokens(self, tokens: Any) -> None:
        self.tokens = tokens
        self.scopes.append(tokens.scope)

    async def get_client_info(self) -> Any:
        return self.client

    async def set_client_info(self, client_info: Any) -> None:
        self.client = client_info


class Browser:
    """The dialogue with the test, which opens URLs and says where it came."""

    def __init__(self, home: str) -> None:
        self.home = home
        self.asked: list[dict[str, str]] = []
        self.arrived = ""

    async def open(self, url: str) -> None:
        pairs = parse_qs(urlsplit(url).query)
        self.asked.append({name: value for name, (value,) in pairs.items()})
        sys.stdout.write(json.dumps({"visit": url, "home": self.home}) + "\n")
        sys.stdout.flush()
        self.arrived = json.loads(sys.stdin.readline())["arrived"]

    async def result(self) -> Any:
        told = {name: value for name, (value,) in parse_qs(urlsplit(self.arrived).query).items()}
        return AuthorizationCodeResult(**told)


async def use(configuration: dict[str, Any], client: dict[str, Any]) -> dict[str, Any]:
    """Read, read with tokens that have expired, and post."""
    memory, browser = Memory(), Browser(client["home"])
    metadata = {"client_name": "MCP client", "redirect_uris": [client["home"]]}
    provider = OAuthClientProvider(
        configuration["resource"],
        OAuthClientMetadata(**metadata, **client["metadata"]),
        memory,
        browser.open,
        browser.result,
        client_metadata_url=client.get("document"),
    )
    trust = ssl.create_default_context()
    async with httpx2.AsyncClient(auth=provider, verify=trust, timeout=60) as http:
        read = (await http.get(configuration["resource"])).raise_for_status().json()
        first = memory.tokens
        provider.context.token_expiry_time = 1.0  # in 1970
        again = (await http.get(configuration["resource"])).raise_for_status().json()
        rotated = memory.tokens.refresh_token != first.refresh_token
        posted = await http.post(configuration["resource"], json={}) if client["posts"] else None
    return {
        "client": memory.client.model_dump(mode="json"),
        "asked": browser.asked,
        "read": read,
        "again": again,
        "rotated": rotated,
        "scopes": memory.scopes,
        "posted": None if posted is None else posted.raise_for_status().json(),
    }


async def main() -> None:
    configuration = json.loads(sys.stdin.readline())
    used = {
        name: await use(configuration, client) for name, client in configuration["clients"].items()
    }
    sys.stdout.write(json.dumps({"result": used}) + "\n")


asyncio.run(main())
