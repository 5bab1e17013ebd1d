"""What tests of rotations do to a client, and how they see what its secrets are worth."""

from typing import Any

from tests.operator_clients.landscape import Landscape, Object, condition


SHIFT = (
    "UPDATE authly.client_secrets AS secret SET created_at = secret.created_at - %s::interval,"
    " retiring_since = retiring_since - %s::interval, last_used_at = last_used_at - %s::interval"
    " FROM authly.clients AS client"
    " WHERE client.id = secret.client_id AND client.client_id = %s"
)


KEYS = SHIFT.replace("client_secrets", "client_keys").replace("secret", "key")
"""The same of keys."""


def lapse(land: Landscape, name: str, time: str) -> None:
    """As if everything in the database had happened that much earlier, for example "25 hours"."""
    for statement in (SHIFT, KEYS):
        land.database.execute(statement, time, time, time, f"{land.place}.{name}")


async def held(land: Landscape, name: str) -> str:
    """The client secret that the client's pods are given now."""
    return (await land.data(f"{name}-oauth"))["client_secret"]


async def look(land: Landscape, name: str) -> Object:
    """Let the operator look once."""
    return await land.tell("AuthlyClient", name)


async def rotate(land: Landscape, name: str, when: str = "now") -> Object:
    """Ask for a rotation by the annotation, and let the operator look once."""
    await land.annotate(name, rotate_at=when)
    return await look(land, name)


async def write(land: Landscape, secret: str, text: str, key: str = "client_secret") -> None:
    """Edit a Secret as people or other controllers do."""
    await land.api.merge("Secret", land.place, secret, {"stringData": {key: text}})


def states(body: Object) -> list[str]:
    """The states of the secrets that the status tells of."""
    return [one["state"] for one in body["status"].get("secrets", ())]


def rotated(body: Object) -> tuple[str, str]:
    """Status and reason of SecretRotated."""
    return condition(body, "SecretRotated")[:2]


def listed(body: Object) -> list[dict[str, Any]]:
    """The secrets that the status tells of."""
    found: list[dict[str, Any]] = body["status"]["secrets"]
    return found
