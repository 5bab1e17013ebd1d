"""Environment variables of containers: single keys of Secrets, never a whole one."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from authly_operator import naming
from authly_operator.desired.plan import Plan
from authly_operator.material import owner_passwords


Variable = dict[str, Any]
_OTHERS: Final = {
    "NEXT_DATABASE_URL": owner_passwords.COMING_URL,
    "FORMER_DATABASE_URL": owner_passwords.FORMER_URL,
}


def plain(variables: Mapping[str, str]) -> list[Variable]:
    """Variables with the values that are not empty."""
    return [{"name": name, "value": value} for name, value in variables.items() if value]


def of_secret(name: str, variables: Mapping[str, str]) -> list[Variable]:
    """Variables from the keys of a Secret."""
    return [
        {"name": variable, "valueFrom": {"secretKeyRef": {"name": name, "key": key}}}
        for variable, key in variables.items()
    ]


def of_owner(plan: Plan, more: Mapping[str, str] = MappingProxyType({})) -> list[Variable]:
    """The URL of the database's owner, and of a managed one the others by which he may sign in.

    Those are there during a rotation only, and so is what `more` names of the credentials.
    """
    main = of_credentials(plan, {"DATABASE_URL": "MIGRATION_DATABASE_URL"})
    if plan.spec.database.managed is None:
        return main
    others = of_credentials(plan, {**_OTHERS, **more})
    for one in others:
        one["valueFrom"]["secretKeyRef"]["optional"] = True
    return [*main, *others]


def of_credentials(plan: Plan, variables: Mapping[str, str]) -> list[Variable]:
    """Variables from the keys of the server's credentials Secret."""
    return of_secret(naming.credentials(plan.name), variables)
