import base64
import json
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509 import oid

from cluster import certificates


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("pki") / "certificates"
    certificates.ensure(made)
    return made


def load(directory: Path, name: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate((directory / f"{name}.crt").read_bytes())


@pytest.mark.parametrize("holder", certificates.HOLDERS, ids=lambda holder: holder.file)
def test_every_holder_is_certified_by_the_authority(
    directory: Path, holder: certificates.Holder
) -> None:
    certificate = load(directory, holder.file)
    certificate.verify_directly_issued_by(load(directory, "ca"))
    (name,) = certificate.subject.get_attributes_for_oid(oid.NameOID.COMMON_NAME)
    assert name.value == holder.user


def test_the_authority_may_sign_and_nobody_else(directory: Path) -> None:
    def is_authority(name: str) -> bool:
        found = load(directory, name).extensions.get_extension_for_class(x509.BasicConstraints)
        return found.value.ca

    assert is_authority("ca")
    assert not is_authority("admin")


def test_what_is_there_stays(directory: Path) -> None:
    before = {path: path.read_bytes() for path in directory.iterdir()}
    certificates.ensure(directory)
    assert {path: path.read_bytes() for path in directory.iterdir()} == before


def test_nobody_else_can_read_the_keys(directory: Path) -> None:
    assert directory.stat().st_mode & 0o077 == 0
    assert all(path.stat().st_mode & 0o077 == 0 for path in directory.glob("*.key"))


def test_the_certificate_for_localhost_serves(directory: Path) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(directory / "localhost.crt", directory / "localhost.key")


def test_a_kubeconfig_needs_no_other_file(directory: Path) -> None:
    document = json.loads(certificates.kubeconfig(directory, "admin", "https://x:1", "here"))
    user = document["users"][0]["user"]
    assert document["current-context"] == "here"
    assert base64.b64decode(user["client-key-data"]) == (directory / "admin.key").read_bytes()
