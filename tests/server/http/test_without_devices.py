"""DEVICE_FLOW_ENABLED=false: no device is served, and none is promised to be."""

import pytest

from authly_server.protocol import token_request
from throwaway.instance import Instance


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    return {"DEVICE_FLOW_ENABLED": "false"}


@pytest.mark.parametrize("path", ["/device", "/device_authorization", "/device/login"])
def test_the_endpoints_of_devices_are_not_there(instance: Instance, path: str) -> None:
    assert instance.http.post(path).status_code == 404


def test_metadata_promise_no_devices_and_everything_else(instance: Instance) -> None:
    document = instance.http.get("/.well-known/oauth-authorization-server").json()

    assert "device_authorization_endpoint" not in document
    assert token_request.DEVICE_CODE not in document["grant_types_supported"]
    assert token_request.TOKEN_EXCHANGE in document["grant_types_supported"]


def test_browsers_are_served_as_before(instance: Instance) -> None:
    assert instance.exchange(instance.code(instance.shop), instance.shop).status_code == 200
