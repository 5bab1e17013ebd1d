"""Small resources that each test widens by what it is about."""

from collections.abc import Callable
from typing import Any

import pytest

from authly_operator.api import authly_client, authly_scope, authly_server
from authly_operator.observed import Identity, SecretData, ServerObserved


@pytest.fixture
def server_spec() -> Callable[..., authly_server.Spec]:
    """A spec with a managed database; arguments in the words of the custom resource."""

    def build(**fields: Any) -> authly_server.Spec:
        given = {"issuer": "https://auth.example.com", "database": {"managed": {}}, **fields}
        return authly_server.Spec.model_validate(given)

    return build


@pytest.fixture
def client_spec() -> Callable[..., authly_client.Spec]:
    """A confidential client of the server `main`."""

    def build(**fields: Any) -> authly_client.Spec:
        given = {"serverRef": {"name": "main"}, "grantTypes": ["client_credentials"], **fields}
        return authly_client.Spec.model_validate(given)

    return build


@pytest.fixture
def scope_spec() -> Callable[..., authly_scope.Spec]:
    """The scope `reports` of the server `main`."""

    def build(**fields: Any) -> authly_scope.Spec:
        given = {"serverRef": {"name": "main"}, "name": "reports", **fields}
        return authly_scope.Spec.model_validate(given)

    return build


@pytest.fixture
def identity() -> Identity:
    """The AuthlyServer `main` in the namespace `auth`."""
    return Identity(name="main", namespace="auth", uid="uid-of-main", generation=3)


@pytest.fixture
def seen(identity: Identity) -> Callable[..., ServerObserved]:
    """What was seen around `main`: nothing but the fields given; Secrets as plain dicts."""

    def build(secrets: dict[str, dict[str, str]] | None = None, **fields: Any) -> ServerObserved:
        data = {name: SecretData(values) for name, values in (secrets or {}).items()}
        return ServerObserved(**{"identity": identity, "secrets": data, **fields})

    return build
