"""A scope and a client through their whole life, and what holds of them at any moment."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
import psycopg
from tests.operator_faults import proofs
from tests.operator_faults.kubernetes_api import Object, condition, custom, is_ready
from tests.operator_faults.lives import Chapter
from tests.operator_faults.proofs import Proof
from tests.operator_faults.world import World


def is_at_rest(client: Object) -> bool:
    """Whether a client is Ready, and no rotation of its secret is under way."""
    return is_ready(client) and condition(client, "SecretRotated")["status"] == "True"


@dataclass
class Registration:
    """A scope and a client of a server that runs, seen by who asks that server for tokens."""

    world: World
    home: str
    namespace: str
    number: int
    title: str = "Shop"
    description: str = "Orders"
    proof: Proof = proofs.SECRET
    deletion_policy: str = "Delete"
    secret: dict[str, str] = field(default_factory=dict)
    """The client's Secret as it was seen first, or as somebody wrote it since."""
    former: str = ""
    """The client secret, or private key, that a rotation replaces, while it is under way."""

    def chapters(self) -> Sequence[Chapter]:
        return (
            *self.beginning(),
            *self.changes(),
            Chapter("scope edited", self.describe, self.is_described, self.check, is_optional=True),
            *self.end(),
        )

    def beginning(self) -> Sequence[Chapter]:
        return (
            Chapter("scope created", self.apply_scope, self.scope_is_ready, self.check),
            Chapter("client created", self.apply_client, self.client_is_ready, self.check),
        )

    def changes(self) -> Sequence[Chapter]:
        return (
            Chapter("client edited", self.rename, self.is_renamed, self.check, is_optional=True),
            self.rotation(),
            Chapter("secret edited", self.edit_secret, self.is_taken, self.check, is_optional=True),
        )

    def end(self) -> Sequence[Chapter]:
        return (
            Chapter("client deleted", self.delete_client, self.client_is_gone, self.check),
            Chapter("scope deleted", self.delete_scope, self.scope_is_gone, self.check),
        )

    def rotation(self) -> Chapter:
        return Chapter(
            "rotation asked for", self.rotate, self.is_rotated, self.check, is_optional=True
        )

    @property
    def name(self) -> str:
        return f"each-{self.number}"

    @property
    def client_id(self) -> str:
        return f"{self.namespace}.{self.name}"

    def find(self, kind: str) -> Object | None:
        return self.world.api.find(kind, self.namespace, self.name)

    def apply(self, kind: str, **spec: Any) -> None:
        reference = {"name": "main", "namespace": self.home}
        given = {"serverRef": reference, **spec}
        self.world.api.apply(custom(kind, self.namespace, self.name, given))

    def apply_scope(self) -> None:
        self.apply("AuthlyScope", name=self.name, description=self.description)

    def describe(self) -> None:
        self.description = "All orders"
        self.apply_scope()

    def apply_client(self) -> None:
        self.apply(
            "AuthlyClient",
            grantTypes=["client_credentials"],
            scopes=[self.name],
            displayName=self.title,
            rotation={"overlap": "1s"},
            deletionPolicy=self.deletion_policy,
            **self.proof.spec,
        )

    def rename(self) -> None:
        self.title = "Store"
        self.apply_client()

    def rotate(self) -> None:
        self.former = self.secret[self.proof.key]
        asked = {"metadata": {"annotations": {"authly.dev/rotate-at": "now"}}}
        self.world.api.merge("AuthlyClient", self.namespace, self.name, asked)

    def is_rotated(self) -> bool:
        """The new secret works, and the former one does no more."""
        found, data = self.find("AuthlyClient"), self.pods_secret()
        if data[self.proof.key] == self.former or not found or not is_at_rest(found):
            return False
        if self.former and self.gets_a_token(self.former):
            return False  # the conditions are those of before
        assert self.gets_a_token()
        self.secret, self.former = data, ""
        return True

    def edit_secret(self) -> None:
        key = self.proof.key
        self.former, self.secret[key] = self.secret[key], self.proof.another()
        text = {"stringData": {key: self.secret[key]}}
        self.world.api.merge("Secret", self.namespace, f"{self.name}-oauth", text)

    def is_taken(self) -> bool:
        return self.gets_a_token() and self.is_rotated()

    def delete_client(self) -> None:
        self.world.api.delete("AuthlyClient", self.namespace, self.name)

    def delete_scope(self) -> None:
        self.world.api.delete("AuthlyScope", self.namespace, self.name)

    def scope_is_ready(self) -> bool:
        found = self.find("AuthlyScope")
        return found is not None and is_ready(found)

    def client_is_ready(self) -> bool:
        found = self.find("AuthlyClient")
        return found is not None and is_ready(found)

    def is_renamed(self) -> bool:
        return self.client_is_ready() and self.row("client", self.client_id) is not None

    def is_described(self) -> bool:
        return self.scope_is_ready()

    def client_is_gone(self) -> bool:
        secret = self.world.api.find("Secret", self.namespace, f"{self.name}-oauth")
        stays = self.deletion_policy == "Orphan"
        return self.find("AuthlyClient") is None and (secret is not None) == stays

    def scope_is_gone(self) -> bool:
        return self.find("AuthlyScope") is None

    def pods_secret(self) -> dict[str, str]:
        return self.world.api.secret(self.namespace, f"{self.name}-oauth")

    def gets_a_token(self, text: str = "", known: dict[str, str] | None = None) -> bool:
        """Whether the server gives the client one, for what its Secret holds or another secret.

        `known` is the Secret where the API server cannot be asked for it.
        """
        held = known or self.pods_secret()
        sent = self.proof.sent(held | ({self.proof.key: text} if text else {}))
        sent["data"] |= {"grant_type": "client_credentials", "scope": self.name}
        answer = httpx.post(
            f"{self.world.servers[self.home].base_url}/token",
            **sent,
            headers={"Host": "login.example.com"},
            timeout=30,
        )
        return answer.status_code == httpx.codes.OK

    def row(self, kind: str, name: str) -> Any:
        url = self.world.api.secret(self.home, "main-credentials")["OPERATOR_DATABASE_URL"]
        with psycopg.connect(url, autocommit=True) as connection:
            statement = f"SELECT authly_api.observe_{kind}(%s)"
            row = connection.execute(statement.encode(), (name,)).fetchone()
        return row and row[0]

    def check(self) -> None:
        """Nothing is lost, nobody is left over, and Ready tells what the server really does."""
        found = self.find("AuthlyClient")
        if found is None:
            self._check_what_is_left(self.row("client", self.client_id))
        elif "deletionTimestamp" not in found["metadata"]:
            self._check_client(found)
        scope = self.find("AuthlyScope")
        if scope is None:
            assert self.row("scope", self.name) is None
        elif is_ready(scope):
            assert self.row("scope", self.name)["description"] == self.description

    def _check_what_is_left(self, row: Any) -> None:
        """What the policy leaves of a client that was there, or nothing."""
        match self.deletion_policy if self.secret else "":
            case "Disable":
                assert row["enabled"] is False
                assert not self.gets_a_token(known=self.secret)
            case "Orphan":
                assert self.gets_a_token()
            case _:
                assert row is None

    def _check_client(self, found: Object) -> None:
        data = self.pods_secret()
        self.secret = self.secret or data
        if self.former:  # whoever has the one or the other is never without any that works
            assert self.gets_a_token(self.former) or self.gets_a_token()
        elif data:
            assert data[self.proof.key] == self.secret[self.proof.key]
        if self.former or not is_ready(found):
            return  # what the Secret holds may still have to be registered
        assert self.row("client", self.client_id)["display_name"] == self.title
        if condition(found, "CredentialsReady")["observedGeneration"] > 1:
            return  # somebody may have changed the Secret a moment ago
        assert self.gets_a_token()
