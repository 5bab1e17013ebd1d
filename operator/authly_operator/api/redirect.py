"""Redirect URIs a client may register (OAuth 2.1 section 2.3, RFC 8252)."""

from typing import Annotated

from pydantic import Field

from authly_operator.api import value


RedirectUri = Annotated[
    str,
    Field(
        min_length=1,
        max_length=512,
        json_schema_extra=value.rules(
            value.rule(
                "!self.contains('*')",
                "a redirect URI must not contain a wildcard: list each URI in full",
            ),
            value.rule("!self.contains('#')", "a redirect URI must not have a fragment (#...)"),
            value.rule(
                r"self.matches('^[\\x21-\\x7e]+$')",
                "a redirect URI must be ASCII without spaces: percent-encode the rest",
            ),
            value.rule(
                r"self.matches('^https://[^/?#@\\\\]+([/?].*)?$')"
                r" || self.matches('^http://(127\\.0\\.0\\.1|\\[::1\\]|localhost)(:[0-9]+)?([/?].*)?$')"
                r" || self.matches('^[a-z][a-z0-9+-]*(\\.[a-z0-9+-]+)+:/.*$')",
                "a redirect URI must be https://host/..., http:// on a loopback address, or a"
                " private-use scheme such as com.example.app:/callback; without user or password",
            ),
        ),
    ),
]
