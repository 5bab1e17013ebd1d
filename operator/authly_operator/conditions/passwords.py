"""PasswordsRotated: only roles with the present passwords can sign in; never stops Ready."""

from typing import Final

from authly_operator import naming
from authly_operator.condition_names import Condition, Reason
from authly_operator.conditions import blockage, judgement
from authly_operator.conditions.judgement import Judgement
from authly_operator.conditions.situation import Situation
from authly_operator.material import owner_passwords, role_swap
from authly_operator.material.role_swap import Phase
from authly_operator.observed import JobState


TYPE: Final = Condition.PASSWORDS_ROTATED


def judge(case: Situation) -> Judgement:
    """Judge by the Secret that was observed, and by the Job that locks the former roles."""
    name = naming.credentials(case.seen.identity.name)
    kept = case.seen.secrets.get(name)
    if kept is None:
        message = f"Secret {name} does not exist yet"
        return judgement.unknown(TYPE, Reason.NOT_PROBED, message)
    try:
        roles = role_swap.parse(kept.get(role_swap.KEY))
    except ValueError as error:
        message = f"key {role_swap.KEY} of Secret {name}: {error}: correct or remove it"
        return judgement.fails(TYPE, Reason.PASSWORDS_UNREADABLE, message)
    match roles.phase:
        case Phase.PREPARING:
            message = "other roles are being made; the present ones are used until then"
            return judgement.fails(TYPE, Reason.PASSWORDS_CHANGING, f"{message}: see Migrated")
        case Phase.RETIRING:
            return _retiring(case)
        case _ if kept.get(owner_passwords.FORMER):
            message = "a migration is to sign in by the owner's new password"
            return judgement.fails(TYPE, Reason.PASSWORDS_CHANGING, f"{message}: see Migrated")
        case _:
            return judgement.holds(TYPE, Reason.PASSWORDS_CURRENT, _settled(roles))


def _settled(roles: role_swap.Roles) -> str:
    since = f" since {roles.since:%FT%TZ}" if roles.since else ", as they were drawn first"
    return f"the database's roles {roles.current.value} are in use{since}; no others can sign in"


def _retiring(case: Situation) -> Judgement:
    job, namespace = case.expected.role_lock_job, case.seen.identity.namespace
    if case.seen.job(job) is JobState.FAILED:
        blocked = _blocked(case)
        cause = blocked.text if blocked else f"read kubectl logs -n {namespace} job/{job}"
        message = f"the former roles are not locked: {cause}; tried again after a while"
        return judgement.fails(TYPE, Reason.FORMER_ROLES_NOT_LOCKED, message)
    message = "the former roles are locked once no pod uses them any more"
    if (blocked := _blocked(case)) is not None:
        message = f"{message}: Job {job}: {blocked.text}"
    return judgement.fails(TYPE, Reason.FORMER_ROLES_OPEN, message)


def _blocked(case: Situation) -> blockage.Blockage | None:
    prefix = f"{case.expected.role_lock_job}-"
    return blockage.find(case.seen, naming.Component.MIGRATION, prefix)
