"""The passwords of the two programs' roles: as they were, drawn, or swapped for others."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from authly_operator import naming
from authly_operator.api import authly_server, duration
from authly_operator.material import request, role_swap
from authly_operator.material.database_url import Roles
from authly_operator.material.role_swap import Phase, Progress, Wish
from authly_operator.observed import JobState, SecretData, ServerObserved, job_state


CURRENT: Final = ("server-password", "operator-password")
"""The keys of the credentials Secret."""
IDLE: Final = ("next-server-password", "next-operator-password")
"""The same for the twins that a swap is going to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Passwords:
    """The passwords in use, those that come where a swap is prepared, and how far it is."""

    swap: role_swap.Roles
    current: Roles
    idle: Roles | None = None
    next_step: datetime | None = None
    """When time alone begins a swap."""

    @property
    def newest(self) -> Roles:
        """Those that a migration makes."""
        return self.idle or self.current

    @property
    def data(self) -> Mapping[str, str]:
        """What the credentials Secret holds of it beside the URLs."""
        document = role_swap.write(self.swap)
        return {
            **dict(zip(CURRENT, (self.current.server, self.current.operator), strict=True)),
            **(
                dict(zip(IDLE, (self.idle.server, self.idle.operator), strict=True))
                if self.idle
                else {}
            ),
            **({role_swap.KEY: document} if document else {}),
        }


def draw(
    spec: authly_server.Spec,
    seen: ServerObserved,
    kept: SecretData,
    now: datetime,
    text: Callable[[str], str],
) -> Passwords:
    """Answer the passwords of now; `text` draws one.

    Raises:
        ValueError: what the Secret says of a swap cannot be read.
    """
    wish, later = _wish(spec, seen, now)
    server, operator = (kept.get(key) or text(key) for key in CURRENT)
    if kept.get(role_swap.KEY) is None and kept.get(CURRENT[0]) is None:
        swap = role_swap.begin(wish, now, lost=_had_some(seen))
        return _passwords(swap, Roles(server=server, operator=operator), None, wish, later)
    before = role_swap.parse(kept.get(role_swap.KEY))
    current = Roles(server=server, operator=operator, twin=before.current)
    server, operator = (kept.get(key) or text(key) for key in IDLE)
    idle = Roles(server=server, operator=operator, twin=before.current.other)
    progress = Progress(made=_is_made(seen, idle), locked=_is_locked(seen, current))
    swap = role_swap.advance(before, wish, progress, now)
    current = current if swap.current is current.twin else idle
    return _passwords(swap, current, idle, wish, later)


def _passwords(
    swap: role_swap.Roles, current: Roles, idle: Roles | None, wish: Wish, later: datetime | None
) -> Passwords:
    steps = [step for step in (role_swap.next_step(swap, wish), later) if step is not None]
    return Passwords(
        swap=swap,
        current=current,
        idle=idle if swap.phase is Phase.PREPARING else None,
        next_step=min(steps, default=None),
    )


def _wish(
    spec: authly_server.Spec, seen: ServerObserved, now: datetime
) -> tuple[Wish, datetime | None]:
    text = seen.identity.annotations.get(naming.ROTATE_PASSWORDS_AT_ANNOTATION)
    asked, later = request.read(text, now)
    interval = spec.database.password_rotation_interval
    lasts = timedelta(seconds=duration.seconds(interval)) if interval else None
    return Wish(asked=asked, interval=lasts), later


def _had_some(seen: ServerObserved) -> bool:
    """Whether this server ran before: then it had passwords, which somebody else may have now."""
    name = seen.identity.name
    serves = seen.child("Deployment", naming.deployment(name)) is not None
    return serves or naming.database_claim(name) in seen.claims


def _is_made(seen: ServerObserved, idle: Roles) -> bool:
    """Whether a migration that succeeded was given these passwords."""
    return any(
        job_state(child) is JobState.SUCCEEDED
        and child["metadata"].get("annotations", {}).get(naming.ROLES_ANNOTATION) == idle.mark
        for (kind, _), child in seen.children.items()
        if kind == "Job"
    )


def _is_locked(seen: ServerObserved, current: Roles) -> bool:
    return seen.job(naming.role_lock(seen.identity.name, current.mark)) is JobState.SUCCEEDED
