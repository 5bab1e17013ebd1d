"""A client of the token endpoint and of what answers about tokens."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote_plus

from demo.browser import Browser
from demo.sign_in import Request


@dataclass(frozen=True)
class Client:
    """A confidential client as its Secret has it."""

    http: Browser
    metadata: Mapping[str, Any]
    client_id: str
    client_secret: str = field(repr=False)

    def _post(self, endpoint: str, **form: str) -> dict[str, Any]:
        """Authenticated by Basic (RFC 6749 section 2.3.1)."""
        pair = f"{quote_plus(self.client_id)}:{quote_plus(self.client_secret)}"
        basic = f"Basic {base64.b64encode(pair.encode()).decode()}"
        url = self.metadata[f"{endpoint}_endpoint"]
        return self.http.post(url, form, {"Authorization": basic}).json()

    def exchange(self, code: str, request: Request) -> dict[str, Any]:
        """A code for tokens."""
        return self._post(
            "token",
            grant_type="authorization_code",
            code=code,
            redirect_uri=request.redirect_uri,
            code_verifier=request.verifier,
        )

    def refresh(self, refresh_token: str) -> dict[str, Any]:
        """A refresh token for new tokens."""
        return self._post("token", grant_type="refresh_token", refresh_token=refresh_token)

    def credentials(self, scope: str) -> dict[str, Any]:
        """A token for the client itself."""
        return self._post("token", grant_type="client_credentials", scope=scope)

    def introspect(self, token: str) -> dict[str, Any]:
        """What the server says of a token."""
        return self._post("introspection", token=token)

    def userinfo(self, token: str) -> dict[str, Any]:
        """Who signed in."""
        url = self.metadata["userinfo_endpoint"]
        return self.http.get(url, {"Authorization": f"Bearer {token}"}).json()


def claims(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims of a JWT, to show; nothing is verified here."""
    parts = token.split(".")[:2]
    decoded = [
        json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))) for part in parts
    ]
    return decoded[0], decoded[1]


def short(token: str) -> str:
    """The beginning of a token: enough to recognise it, too little to use it."""
    return f"{token[:8]}… ({len(token)} characters)"
