"""How the operator signs in: by a pod's service account, and by what a kubeconfig may say."""

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from authly_operator.cluster import access, connection, errors, kubeconfig as kubeconfigs


Document = dict[str, Any]
READ = connection.Request(method="GET", path="/api/v1/namespaces/default")


@pytest.fixture
def document(kubeconfig: Path) -> Document:
    """The kubeconfig of the control plane's administrator, who has a certificate."""
    found: Document = yaml.safe_load(kubeconfig.read_text())
    return found


def write(path: Path, document: Document) -> str:
    path.write_text(yaml.safe_dump(document))
    return str(path)


def user(document: Document) -> Document:
    found: Document = document["users"][0]["user"]
    return found


def cluster(document: Document) -> Document:
    found: Document = document["clusters"][0]["cluster"]
    return found


async def name_of_default(found: access.Access) -> str:
    wire = connection.Connection(found)
    try:
        return str((await wire.request(READ))["metadata"]["name"])
    finally:
        await wire.close()


@pytest.fixture
def account(
    tmp_path: Path, document: Document, control_plane: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """What Kubernetes mounts into a pod whose service account may read namespaces."""
    control_plane.kubectl("create", "serviceaccount", "reader")
    control_plane.kubectl(
        "create", "clusterrolebinding", "reader", "--clusterrole=view",
        "--serviceaccount=default:reader",
    )  # fmt: skip
    host, _, port = cluster(document)["server"].removeprefix("https://").rpartition(":")
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", host)
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", port)
    authority = base64.b64decode(cluster(document)["certificate-authority-data"])
    (tmp_path / "ca.crt").write_bytes(authority)
    token = control_plane.kubectl("create", "token", "reader")
    (tmp_path / "token").write_text(f"{token.strip()}\n")
    yield tmp_path
    control_plane.kubectl("delete", "clusterrolebinding", "reader")
    control_plane.kubectl("delete", "serviceaccount", "reader")


@pytest.mark.control_plane
async def test_a_pod_signs_in_by_its_service_account_and_by_the_token_that_follows(
    account: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = access.of_pod(account)
    token = (account / "token").read_text()
    assert await name_of_default(found) == "default"
    (account / "token").write_text("another")
    assert await name_of_default(found) == "default"
    monkeypatch.setattr(access, "TOKEN_SECONDS", 0.0)
    with pytest.raises(errors.Refused) as refused:
        await name_of_default(found)
    assert refused.value.status == 401
    (account / "token").write_text(token)
    assert await name_of_default(found) == "default"
    (account / "token").write_text("")  # for a moment
    assert await name_of_default(found) == "default"


@pytest.mark.control_plane
@pytest.mark.parametrize("lacks", ["token", "ca.crt"])
async def test_a_service_account_by_half_is_told_of(account: Path, lacks: str) -> None:
    (account / lacks).unlink()
    with pytest.raises(OSError, match=r"token|No such file"):
        access.of_pod(account)


def test_an_address_with_colons_is_put_in_brackets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "fd00::1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")
    (tmp_path / "token").write_text("t")
    (tmp_path / "ca.crt").write_bytes(Path("/etc/ssl/certs/ca-certificates.crt").read_bytes())
    assert access.of_pod(tmp_path).host == "https://[fd00::1]:443"


@pytest.mark.control_plane
async def test_certificates_and_keys_may_be_files_beside_the_kubeconfig(
    document: Document, tmp_path: Path
) -> None:
    for part, key in (
        (cluster(document), "certificate-authority"),
        (user(document), "client-certificate"),
        (user(document), "client-key"),
    ):
        (tmp_path / key).write_bytes(base64.b64decode(part.pop(f"{key}-data")))
        part[key] = key
    assert await name_of_default(access.find(write(tmp_path / "config", document))) == "default"


@pytest.mark.control_plane
async def test_a_certificate_for_another_name_or_of_nobody_is_believed_only_where_it_says_so(
    document: Document, tmp_path: Path
) -> None:
    server = cluster(document)["server"].replace("127.0.0.1", "localhost")
    cluster(document)["server"] = server
    cluster(document)["tls-server-name"] = "elsewhere.example.com"
    found = access.find(write(tmp_path / "config", document))
    with pytest.raises(errors.Unavailable, match=r"elsewhere\.example\.com"):
        await name_of_default(found)
    cluster(document)["tls-server-name"] = "kubernetes.default.svc"
    assert await name_of_default(access.find(write(tmp_path / "config", document))) == "default"
    del cluster(document)["tls-server-name"], cluster(document)["certificate-authority-data"]
    with pytest.raises(errors.Unavailable, match=r"CERTIFICATE_VERIFY_FAILED|certificate verify"):
        await name_of_default(access.find(write(tmp_path / "config", document)))
    cluster(document)["insecure-skip-tls-verify"] = True
    assert await name_of_default(access.find(write(tmp_path / "config", document))) == "default"


@pytest.mark.control_plane
async def test_several_kubeconfigs_are_one_and_the_first_counts(
    document: Document, tmp_path: Path
) -> None:
    first = write(tmp_path / "first", {"current-context": document["current-context"]})
    other = {**document, "current-context": "another"}
    paths = f"{first}:{write(tmp_path / 'second', other)}"
    assert await name_of_default(access.find(paths)) == "default"


def plain(**said: Any) -> Document:
    return {
        "current-context": "it",
        "contexts": [{"name": "it", "context": {"cluster": "there", "user": "me"}}],
        "clusters": [{"name": "there", "cluster": {"server": "https://127.0.0.1:6443/"}}],
        "users": [{"name": "me", "user": said}],
    }


@pytest.mark.parametrize(
    ("said", "header"),
    [
        ({}, ""),
        ({"token": "t"}, "Bearer t"),
        ({"token": "t", "tokenFile": "file"}, "Bearer of-file"),
        ({"username": "u", "password": "p"}, "Basic dTpw"),
    ],
)
def test_a_user_signs_in_by_what_he_has(tmp_path: Path, said: Document, header: str) -> None:
    (tmp_path / "file").write_text("of-file\n")
    found = access.find(write(tmp_path / "config", plain(**said)))
    assert (found.host, found.authorize()) == ("https://127.0.0.1:6443", header)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"current-context": None}, "it names no context"),
        ({"current-context": "gone"}, "has no context 'gone'"),
        ({"clusters": []}, "has no cluster 'there'"),
        ({"users": "canary"}, "has no user 'me'"),
        ({"contexts": [{"name": "it", "context": {"user": "me"}}]}, "it names no cluster"),
        ({"clusters": [{"name": "there", "cluster": {"server": "canary"}}]}, "value of server"),
        (
            {"users": [{"name": "me", "user": {"exec": {"command": "aws"}}}]},
            "signs in by a program",
        ),
        (
            {"users": [{"name": "me", "user": {"client-key-data": "canary!"}}]},
            "user me of the kubeconfig: wrong value of client-key-data",
        ),
    ],
)
def test_what_a_kubeconfig_lacks_is_told_in_one_line_that_repeats_no_secret(
    tmp_path: Path, change: Document, says: str
) -> None:
    path = write(tmp_path / "config", {**plain(), **change})
    with pytest.raises(errors.Unconfigured) as told:
        access.find(path)
    assert says in str(told.value)
    assert "canary" not in str(told.value)
    assert "\n" not in str(told.value)


def test_no_secret_of_a_user_is_shown() -> None:
    said = {"token": "canary", "password": "canary", "client-key-data": "Y2FuYXJ5"}
    assert "canary" not in repr(kubeconfigs.User.model_validate(said))
