"""Settings about clients that prove themselves by keys, or register themselves."""

import ipaddress

import pytest

from authly_server import settings


DATABASE = {"DATABASE_URL": "postgresql://authly@127.0.0.1/authly"}


def refused(**environ: str) -> tuple[str, ...]:
    with pytest.raises(settings.SettingsError) as caught:
        settings.load(DATABASE | environ)
    return caught.value.lines


def test_nothing_is_open_where_nothing_is_set() -> None:
    loaded = settings.load(DATABASE)
    assert loaded.outbound_allowed_networks == ()
    assert loaded.outbound_allowed_ports == (443,)
    assert loaded.kubernetes_issuer is None
    assert loaded.client_id_metadata_documents is False
    assert loaded.dynamic_registration == "off"


def test_networks_and_ports_are_lists() -> None:
    loaded = settings.load(
        DATABASE
        | {
            "OUTBOUND_ALLOWED_NETWORKS": "10.0.0.0/8, fd00::/8",
            "OUTBOUND_ALLOWED_PORTS": "443,8443",
        }
    )
    networks = tuple(map(ipaddress.ip_network, ("10.0.0.0/8", "fd00::/8")))
    assert loaded.outbound_allowed_networks == networks
    assert loaded.outbound_allowed_ports == (443, 8443)


@pytest.mark.parametrize(
    ("named", "environ"),
    [
        ("OUTBOUND_ALLOWED_NETWORKS", {"OUTBOUND_ALLOWED_NETWORKS": "everywhere"}),
        ("OUTBOUND_ALLOWED_NETWORKS", {"OUTBOUND_ALLOWED_NETWORKS": "10.0.0.1/8"}),
        ("OUTBOUND_ALLOWED_PORTS", {"OUTBOUND_ALLOWED_PORTS": "443,0"}),
        ("OUTBOUND_ALLOWED_PORTS", {"OUTBOUND_ALLOWED_PORTS": "https"}),
        ("KUBERNETES_JWKS_URL", {"KUBERNETES_JWKS_URL": "http://kubernetes/jwks"}),
        ("KUBERNETES_ISSUER", {"KUBERNETES_ISSUER": "https://kubernetes"}),
        (
            "KUBERNETES_ISSUER",
            {
                "KUBERNETES_ISSUER": "https://kubernetes",
                "KUBERNETES_JWKS_FILE": "/keys",
                "KUBERNETES_JWKS_URL": "https://kubernetes/jwks",
            },
        ),
        ("CLIENT_ID_METADATA_DOCUMENTS", {"CLIENT_ID_METADATA_DOCUMENTS": "maybe"}),
        ("DYNAMIC_REGISTRATION", {"DYNAMIC_REGISTRATION": "everybody"}),
        ("INITIAL_ACCESS_TOKEN", {"DYNAMIC_REGISTRATION": "token"}),
        ("INITIAL_ACCESS_TOKEN", {"INITIAL_ACCESS_TOKEN": "short"}),
        ("DYNAMIC_CLIENT_LIMIT", {"DYNAMIC_CLIENT_LIMIT": "0"}),
        ("DYNAMIC_REGISTRATIONS_PER_HOUR", {"DYNAMIC_REGISTRATIONS_PER_HOUR": "0"}),
    ],
)
def test_a_wrong_setting_is_told_in_one_line(named: str, environ: dict[str, str]) -> None:
    (line,) = refused(**environ)
    assert named in line


def test_the_initial_access_token_is_in_no_representation() -> None:
    token = "a-secret-token-of-enough-characters"
    assert token not in repr(settings.load(DATABASE | {"INITIAL_ACCESS_TOKEN": token}))
    assert "tiny-secret" not in "".join(refused(INITIAL_ACCESS_TOKEN="tiny-secret"))
