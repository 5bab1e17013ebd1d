"""Redirect URIs a client may register (OAuth 2.1 section 2.3, RFC 8252)."""

from typing import Annotated

from pydantic import ConfigDict, Field

from authly_operator.api import reference, value


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


class RedirectSource(value.Value):
    """An object of the client's own namespace by whose hosts people reach the client."""

    model_config = ConfigDict(
        json_schema_extra=value.rules(
            value.rule(
                "has(self.ingressRef) != has(self.httpRouteRef)",
                "a redirect URI follows one object: set ingressRef or httpRouteRef",
            )
        )
    )

    ingress_ref: reference.LocalReference | None = None
    """An Ingress, by the hosts of its rules."""
    http_route_ref: reference.LocalReference | None = None
    """An HTTPRoute of the Gateway API, by its hostnames."""
    path: Annotated[
        str, Field(min_length=1, max_length=256, pattern=r"^/[\x21-\x22\x24-\x29\x2b-\x7e]*$")
    ]
    """The path of the redirect URI, for example /callback: https://HOST/callback."""
