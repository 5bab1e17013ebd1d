"""The current context of a kubeconfig: a cluster and a user, parsed once.

Programs that sign in (exec, auth-provider) are told of and not run: the operator's own place is a
pod, and tests and developers have certificates or tokens.
https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/
"""

import os
import ssl
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, TypeVar

import aiohttp
import yaml
from pydantic import AliasGenerator, Base64Bytes, BaseModel, ConfigDict, Field, ValidationError


class _Part(BaseModel):
    model_config = ConfigDict(
        frozen=True,
        alias_generator=AliasGenerator(validation_alias=lambda name: name.replace("_", "-")),
    )


class Cluster(_Part):
    """Where an API server is, and what it is believed by."""

    server: Annotated[str, Field(pattern=r"^https?://[^/]+/?$")]
    certificate_authority: str | None = None
    certificate_authority_data: Base64Bytes | None = None
    insecure_skip_tls_verify: bool = False
    tls_server_name: str | None = None


class User(_Part):
    """How one says who he is."""

    client_certificate: str | None = None
    client_certificate_data: Base64Bytes | None = None
    client_key: str | None = None
    client_key_data: Annotated[Base64Bytes | None, Field(repr=False)] = None
    token: Annotated[str | None, Field(repr=False)] = None
    token_file: Annotated[str | None, Field(validation_alias="tokenFile")] = None
    username: str | None = None
    password: Annotated[str | None, Field(repr=False)] = None
    exec: object = None
    auth_provider: object = None


_P = TypeVar("_P", bound=_Part)


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """A cluster and a user, and the directories from which each names its files."""

    cluster: Cluster
    user: User
    cluster_directory: Path
    user_directory: Path

    @property
    def token_file(self) -> Path | None:
        """The file with the user's token, which goes before a token."""
        return self.user_directory / self.user.token_file if self.user.token_file else None

    @property
    def authorization(self) -> str:
        """The Authorization header of a user without a file; empty for one of a certificate."""
        user = self.user
        if user.token:
            return f"Bearer {user.token}"
        return (
            aiohttp.encode_basic_auth(user.username, user.password or "") if user.username else ""
        )

    def trust(self) -> ssl.SSLContext:
        """What to believe the API server by, and to be believed by.

        Raises:
            ValueError: a certificate or a key is none.
            OSError: a file cannot be read.
        """
        cluster, user = self.cluster, self.user
        pem = _content(
            cluster.certificate_authority_data,
            cluster.certificate_authority,
            self.cluster_directory,
        )
        context = ssl.create_default_context(cadata=pem.decode("ascii") if pem else None)
        if cluster.insecure_skip_tls_verify:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        place = self.user_directory
        certificate = _content(user.client_certificate_data, user.client_certificate, place)
        if certificate:
            key = _content(user.client_key_data, user.client_key, place)
            _prove(context, certificate, key)
        return context


def read(paths: str) -> Context:
    """The context of a file, or of several of which the first that says something counts.

    Raises:
        ValueError: what there is makes no context, or one that this program cannot use.
        OSError: a file cannot be read.
    """
    merged = _Merged()
    for path in filter(None, paths.split(os.pathsep)):
        merged.add(Path(path).expanduser())
    context = merged.named("contexts", "context", merged.current)[1]
    cluster_directory, cluster = merged.named("clusters", "cluster", context.get("cluster"))
    user_directory, user = merged.named("users", "user", context.get("user"))
    found = Context(
        cluster=_parsed(Cluster, cluster, f"cluster {context.get('cluster')}"),
        user=_parsed(User, user, f"user {context.get('user')}"),
        cluster_directory=cluster_directory,
        user_directory=user_directory,
    )
    if found.user.exec or found.user.auth_provider:
        message = (
            f"user {context.get('user')} of the kubeconfig signs in by a program, which is not run"
            " here: name one with a certificate, a token or a tokenFile"
        )
        raise ValueError(message)
    return found


@dataclass(slots=True)
class _Merged:
    """What several files say together."""

    current: object = None
    entries: dict[tuple[str, object], tuple[Path, Mapping[str, Any]]] = field(default_factory=dict)

    def add(self, path: Path) -> None:
        try:
            document = yaml.safe_load(path.read_bytes())
        except yaml.YAMLError:
            message = f"{path} is no YAML"
            raise ValueError(message) from None
        if not isinstance(document, dict):
            message = f"{path} is no kubeconfig"
            raise ValueError(message)  # noqa: TRY004 - of what a person wrote, not of a type
        self.current = self.current or document.get("current-context")
        for kinds, kind in (("contexts", "context"), ("clusters", "cluster"), ("users", "user")):
            for name, entry in _entries(document.get(kinds), kind):
                self.entries.setdefault((kinds, name), (path.parent, entry))

    def named(self, kinds: str, kind: str, name: object) -> tuple[Path, Mapping[str, Any]]:
        try:
            return self.entries[kinds, name]
        except (KeyError, TypeError):
            message = f"the kubeconfig has no {kind} {name!r}" if name else f"it names no {kind}"
            raise ValueError(message) from None


def _entries(listed: object, kind: str) -> Iterator[tuple[object, Mapping[str, Any]]]:
    for one in listed if isinstance(listed, list) else ():
        if isinstance(one, dict) and isinstance(entry := one.get(kind) or {}, dict):
            yield str(one.get("name")), entry


def _parsed(model: type[_P], entry: Mapping[str, Any], what: str) -> _P:
    try:
        return model.model_validate(entry)
    except ValidationError as error:
        wrong = ", ".join(str(one["loc"][0]) for one in error.errors(include_input=False))
        message = f"{what} of the kubeconfig: wrong value of {wrong}"
        raise ValueError(message) from None


def _content(data: bytes | None, file: str | None, directory: Path) -> bytes:
    """Data goes before a file, as kubectl has it."""
    return data or ((directory / file).read_bytes() if file else b"")


def _prove(context: ssl.SSLContext, certificate: bytes, key: bytes) -> None:
    """OpenSSL reads a key from a file only; this one is gone before anything is sent."""
    with tempfile.NamedTemporaryFile(prefix="authly-") as file:
        file.write(certificate.rstrip() + b"\n" + key)
        file.flush()
        context.load_cert_chain(file.name)
