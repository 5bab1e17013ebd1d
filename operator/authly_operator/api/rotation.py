"""How a client's secret or key is replaced by another one, and what is told of its secrets."""

from enum import StrEnum
from typing import Annotated, Final

from pydantic import ConfigDict, Field

from authly_operator.api import duration, reference, value


Moment = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
"""RFC 3339, UTC."""


class RetireWhen(StrEnum):
    """When a former secret is refused."""

    ELAPSED = "Elapsed"
    UNUSED = "Unused"


class WorkloadKind(StrEnum):
    """What can be restarted by its pod template."""

    DEPLOYMENT = "Deployment"
    STATEFUL_SET = "StatefulSet"
    DAEMON_SET = "DaemonSet"


class RolloutTarget(value.Value):
    """A workload of the client's own namespace whose pods use the client's Secret."""

    kind: WorkloadKind
    """Deployment, StatefulSet or DaemonSet."""
    name: reference.ObjectName
    """Its name."""


class Rotation(value.Value):
    """When the client secret or key is replaced, and how long the one before stays valid."""

    model_config = ConfigDict(
        json_schema_extra=value.rules(
            value.rule(
                "duration(self.overlap) <= duration('8760h')", "overlap must be at most 8760h"
            ),
            value.rule(
                "!has(self.interval) || (duration(self.interval) >= duration('1m')"
                " && duration(self.interval) <= duration('87600h'))",
                "interval must be between 1m and 87600h",
            ),
            value.rule(
                "!has(self.interval) || duration(self.interval) > duration(self.overlap)",
                "interval must be longer than overlap, so that one rotation is over before the"
                " next begins",
            ),
        )
    )

    interval: duration.Duration | None = None
    """How old a generated secret or key becomes before another one replaces it, for example 720h;
    for ever where omitted. The annotation authly.dev/rotate-at asks for it once."""
    overlap: duration.Duration = "24h"
    """How long the former secret stays valid, counted from when the token endpoint took the new
    one; 0s ends it at once."""
    retire_when: RetireWhen = RetireWhen.ELAPSED
    """Elapsed refuses the former secret after overlap; Unused only once nobody has shown it for as
    long as overlap, and at least two minutes."""
    rollout_targets: Annotated[
        tuple[RolloutTarget, ...],
        Field(
            max_length=16,
            json_schema_extra={
                "x-kubernetes-list-type": "map",
                "x-kubernetes-list-map-keys": ["kind", "name"],
            },
        ),
    ] = ()
    """What is restarted with the new secret, one after the other, before the former one is retired.
    The operator must be allowed to: rolloutTargets.enabled of its Helm release."""


RULES: Final = (
    value.rule(
        "!has(self.rotation) || (self.type != 'Public' && (!has(self.auth.method)"
        " || self.auth.method in ['ClientSecretBasic', 'ClientSecretPost']"
        " || (has(self.auth.privateKeyJwt) && self.auth.privateKeyJwt.generate)))",
        "only a client secret or a generated key is rotated: remove rotation, set auth.method to"
        " ClientSecretBasic or ClientSecretPost, or set auth.privateKeyJwt.generate",
    ),
    value.rule(
        "!has(self.rotation) || !has(self.rotation.interval) || !has(self.auth.secret)"
        " || self.auth.secret.source != 'Existing'",
        "the operator makes no secret in place of one that auth.secret.ref names: remove"
        " rotation.interval, and edit that Secret to rotate",
    ),
)
"""What of a client's spec must agree with its rotation."""


class SecretState(StrEnum):
    """Whether a secret is the client's current one."""

    ACTIVE = "Active"
    RETIRING = "Retiring"


class SecretStatus(value.Value):
    """One secret that the server takes from the client; times are the database's."""

    id: Annotated[str, Field(max_length=64)]
    """Its name in the server's database, of which nothing of the secret can be told; of a key, its
    kid."""
    created: Moment
    """When it was registered."""
    last_used: Moment | None = None
    """About when the client showed it last: to a minute while a rotation is under way, else to an
    hour."""
    expires: Moment | None = None
    """When it is retired; of a current secret, and before the new one was verified, nothing."""
    state: SecretState
    """Active is what the Secret holds; Retiring is valid until it expires."""
