"""Environment variables of containers: single keys of Secrets, never a whole one."""

from collections.abc import Mapping
from typing import Any

from authly_operator import naming
from authly_operator.desired.plan import Plan


Variable = dict[str, Any]


def plain(variables: Mapping[str, str]) -> list[Variable]:
    """Variables with the values that are not empty."""
    return [{"name": name, "value": value} for name, value in variables.items() if value]


def of_secret(name: str, variables: Mapping[str, str]) -> list[Variable]:
    """Variables from the keys of a Secret."""
    return [
        {"name": variable, "valueFrom": {"secretKeyRef": {"name": name, "key": key}}}
        for variable, key in variables.items()
    ]


def of_credentials(plan: Plan, variables: Mapping[str, str]) -> list[Variable]:
    """Variables from the keys of the server's credentials Secret."""
    return of_secret(naming.credentials(plan.name), variables)
