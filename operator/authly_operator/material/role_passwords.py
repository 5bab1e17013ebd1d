"""The passwords of the two programs' roles: as they were, drawn, or swapped for others."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from authly_operator import naming
from authly_operator.api import authly_server, duration
from authly_operator.material import owner_passwords, request, role_swap
from authly_operator.material.database_url import Roles
from authly_operator.material.owner_passwords import Owners
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
    owners: Owners | None = None
    """None where somebody else runs the database."""
    next_step: datetime | None = None
    """When time alone begins a swap."""

    @property
    def lock(self) -> str:
        """What the Job is named after that locks the former roles, and sets what comes."""
        return _lock(self.current, self.owners)

    @property
    def settled(self) -> bool:
        """Whether nothing of a swap is left to be done."""
        former = self.owners is not None and self.owners.former is not None
        return self.swap.phase is Phase.SETTLED and not former

    @property
    def set_by_job(self) -> bool:
        """Whether the owner has its passwords by a Job, so that no pod has to set them."""
        return self.owners is not None and self.owners.current.mark == self.swap.owners

    @property
    def mark(self) -> str | None:
        """What tells that a migration has made, or has signed in by, what is new."""
        if self.idle:
            return self.idle.mark
        return self.owners.current.proof if self.owners and self.owners.former else None

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
            **(self.owners.data if self.owners else {}),
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
    owners = owner_passwords.draw(spec.database, kept, text)
    server, operator = (kept.get(key) or text(key) for key in CURRENT)
    if kept.get(role_swap.KEY) is None and kept.get(CURRENT[0]) is None:
        swap = role_swap.begin(wish, now, lost=_had_some(seen))
        made = _passwords(swap, Roles(server=server, operator=operator), None, wish, later)
        return replace(made, owners=_owners(owners, swap, swap, confirmed=False))
    before = role_swap.parse(kept.get(role_swap.KEY))
    current = Roles(server=server, operator=operator, twin=before.current)
    server, operator = (kept.get(key) or text(key) for key in IDLE)
    idle = Roles(server=server, operator=operator, twin=before.current.other)
    progress = Progress(made=_is_made(seen, idle.mark), locked=_is_locked(seen, current, owners))
    waits = owners is not None and owners.former is not None
    swap = role_swap.advance(before, Wish() if waits else wish, progress, now)
    current = current if swap.current is current.twin else idle
    confirmed = owners is not None and _is_made(seen, owners.current.proof)
    owners = _owners(owners, before, swap, confirmed=confirmed)
    if owners is not None and before.phase is Phase.RETIRING and swap.phase is Phase.SETTLED:
        swap = swap.model_copy(update={"owners": owners.current.mark})
    return replace(_passwords(swap, current, idle, wish, later), owners=owners)


def _owners(
    drawn: Owners | None, before: role_swap.Roles, after: role_swap.Roles, *, confirmed: bool
) -> Owners | None:
    """What comes is set while former roles are locked, and goes into use when they are."""
    if drawn is None or drawn.coming is None:
        return drawn
    if after.phase is Phase.RETIRING:
        return drawn
    if before.phase is Phase.RETIRING:
        return Owners(current=drawn.coming, former=drawn.current.owner)
    return Owners(current=drawn.current, former=None if confirmed else drawn.former)


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


def _is_made(seen: ServerObserved, mark: str) -> bool:
    """Whether a migration that succeeded was given the passwords of that mark."""
    return any(
        job_state(child) is JobState.SUCCEEDED
        and child["metadata"].get("annotations", {}).get(naming.ROLES_ANNOTATION) == mark
        for (kind, _), child in seen.children.items()
        if kind == "Job"
    )


def _is_locked(seen: ServerObserved, current: Roles, owners: Owners | None) -> bool:
    job = naming.role_lock(seen.identity.name, _lock(current, owners))
    return seen.job(job) is JobState.SUCCEEDED


def _lock(current: Roles, owners: Owners | None) -> str:
    if owners is None or owners.coming is None:
        return current.mark
    return hashlib.sha256(f"{current.mark}\0{owners.coming.mark}".encode()).hexdigest()[:16]
