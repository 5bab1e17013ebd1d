"""The metadata of the issuer, RFC 8414 and OpenID Connect Discovery section 3.

One document under each of its well-known names.
"""

from collections.abc import Mapping

import orjson
from aiohttp import web

from authly_server.authorization.checks import Policy
from authly_server.client_settings import ClientSettings
from authly_server.model.client import AuthMethod
from authly_server.model.session import ACRS
from authly_server.protocol import authorization_request, security_profile, token_request
from authly_server.protocol.claims_request import COVERED_BY
from authly_server.protocol.security_profile import Profile
from authly_server.tokens import id_token
from authly_server.tokens.id_token import DECIDED
from authly_server.tokens.keyring import KeyRing
from authly_server.web.prepared import PreparedByKeys
from authly_server.web.response import Response
from authly_server.web.services import Services


MAX_AGE = 3600
DOCUMENT = web.RequestKey("metadata", PreparedByKeys)
_SCOPES = ("openid", "profile", "email", "offline_access")
_BY_KEY = "private_key_jwt"
_ENDPOINTS = ("token", "introspection", "revocation")
_CLIENT_METHODS = ("client_secret_basic", "client_secret_post", _BY_KEY)


def prepare(found: Services) -> PreparedByKeys:
    """The document; it depends on settings and keys only, so that it needs no database."""
    issuer, policy, settings = found.issuer, found.policy, found.settings
    profile = found.profile

    def make(ring: KeyRing) -> bytes:
        every = metadata(issuer, policy, profile)
        document = (
            every
            | service_account_metadata(every, settings, profile)
            | openid_metadata(
                issuer, id_token.algorithms(ring, profile.algorithms), scopes(settings)
            )
            | self_registration_metadata(issuer, settings)
        )
        return orjson.dumps(
            document if settings.device_flow_enabled else _without_devices(document)
        )

    return PreparedByKeys(found.keys, MAX_AGE, make)


def scopes(settings: ClientSettings) -> list[str]:
    """The scopes that every client may try; where strangers are clients, those that they may have.

    RFC 8414 section 2 lets a server keep others to itself. Section 3 of Discovery does not for
    openid.
    """
    is_for_strangers = bool(self_registration_metadata("", settings))
    may = settings.dynamic_client_scopes if is_for_strangers else _SCOPES
    return [scope for scope in _SCOPES if scope in {"openid", *may}]


def openid_metadata(
    issuer: str, algorithms: tuple[str, ...], scopes_supported: list[str]
) -> dict[str, object]:
    """What is there for people who sign in; nothing where no key can sign ID tokens.

    `algorithms` are those that ID tokens can be signed with now: without an RS256 key in the ring
    that one is not promised, although section 3 would have it.
    """
    if not algorithms:
        return {}
    return {
        "scopes_supported": scopes_supported,
        "id_token_signing_alg_values_supported": list(algorithms),
        "userinfo_signing_alg_values_supported": list(algorithms),
        "acr_values_supported": list(ACRS),
        "claim_types_supported": ["normal"],
        "claims_supported": sorted({*DECIDED, *COVERED_BY}),
        "claims_parameter_supported": True,
        "end_session_endpoint": f"{issuer}/logout",
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
    }


def self_registration_metadata(issuer: str, settings: ClientSettings) -> dict[str, object]:
    """What is there for clients that no operator registered, and only that.

    RFC 7591 section 3, draft-ietf-oauth-client-id-metadata-document section 5.
    """
    told: dict[str, object] = {}
    if settings.dynamic_registration != "off":
        told["registration_endpoint"] = f"{issuer}/register"
    if settings.client_id_metadata_documents:
        told["client_id_metadata_document_supported"] = True
    return told


def service_account_metadata(
    document: Mapping[str, object], settings: ClientSettings, profile: Profile
) -> dict[str, object]:
    """A method of our own, told where it is taken (RFC 8414 section 2)."""
    if settings.kubernetes_issuer is None or profile.proves_by_key:
        return {}
    names = (f"{endpoint}_endpoint_auth_methods_supported" for endpoint in _ENDPOINTS)
    known = {name: document[name] for name in names}
    return {
        name: [*methods, AuthMethod.SERVICE_ACCOUNT]
        for name, methods in known.items()
        if isinstance(methods, list)
    }


def metadata(
    issuer: str, policy: Policy, profile: Profile = security_profile.OAUTH21
) -> dict[str, object]:
    """RFC 8414 section 2, RFC 9207 section 3, RFC 9126 section 5."""
    methods = [_BY_KEY] if profile.proves_by_key else list(_CLIENT_METHODS)
    anybody = methods if profile.proves_by_key else [*methods, "none"]
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/authorize",
        "token_endpoint": f"{issuer}/token",
        "pushed_authorization_request_endpoint": f"{issuer}/par",
        "require_pushed_authorization_requests": policy.pushed_required,
        "jwks_uri": f"{issuer}/jwks",
        "userinfo_endpoint": f"{issuer}/userinfo",
        "introspection_endpoint": f"{issuer}/introspect",
        "revocation_endpoint": f"{issuer}/revoke",
        "response_types_supported": list(authorization_request.RESPONSE_TYPES),
        "response_modes_supported": list(authorization_request.RESPONSE_MODES),
        "device_authorization_endpoint": f"{issuer}/device_authorization",
        "grant_types_supported": [
            "authorization_code",
            "client_credentials",
            "refresh_token",
            token_request.DEVICE_CODE,
            token_request.TOKEN_EXCHANGE,
        ],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": anybody,
        "introspection_endpoint_auth_methods_supported": methods,
        "revocation_endpoint_auth_methods_supported": anybody,
        **{
            f"{endpoint}_endpoint_auth_signing_alg_values_supported": list(profile.algorithms)
            for endpoint in _ENDPOINTS
        },
        "authorization_response_iss_parameter_supported": True,
        "dpop_signing_alg_values_supported": list(profile.algorithms),
        "subject_types_supported": ["public"],
        "prompt_values_supported": sorted(authorization_request.PROMPTS),
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
        "ui_locales_supported": ["en"],
    }


def _without_devices(document: Mapping[str, object]) -> dict[str, object]:
    """RFC 8628 section 4: an endpoint is named where there is one."""
    grants = document["grant_types_supported"]
    known = grants if isinstance(grants, list) else []
    left = [grant for grant in known if grant != token_request.DEVICE_CODE]
    rest = {key: told for key, told in document.items() if key != "device_authorization_endpoint"}
    return {**rest, "grant_types_supported": left}


async def get(request: web.Request) -> Response:
    """GET a well-known name."""
    return request[DOCUMENT].current().answer(request)
