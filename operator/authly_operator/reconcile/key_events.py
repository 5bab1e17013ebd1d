"""Tell by events what became of signing keys since the status that was written last."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from authly_operator.cluster import events
from authly_operator.reconcile.collaborators import Collaborators


Key = Mapping[str, str]
"""An entry of status.signingKeys."""
_REASONS: Final = {
    "Published": "SigningKeyPublished",
    "Active": "SigningKeyActivated",
    "Retiring": "SigningKeyRetiring",
}
_NOTES: Final = {
    "Published": "key {kid} ({alg}) is published, and signs when whoever verifies must know it",
    "Active": "key {kid} ({alg}) signs",
    "Retiring": "key {kid} ({alg}) signs no more, and verifies until {retireAt}",
}


async def post(tools: Collaborators, body: Mapping[str, Any], keys: Iterable[Key] | None) -> None:
    """Post an event for each step that a key took; none for the first keys of a server."""
    before = (body.get("status") or {}).get("signingKeys")
    if not before or keys is None:
        return
    for reason, note in steps(before, keys):
        await events.post(
            tools.api,
            regarding=body,
            warning=False,
            reason=reason,
            note=note,
            now=tools.clock.now(),
            action="RotateKeys",
        )


def steps(before: Iterable[Key], after: Iterable[Key]) -> Iterator[tuple[str, str]]:
    """Reason and note of each difference; pure."""
    states = {key["kid"]: key["state"] for key in before}
    for key in after:
        if states.pop(key["kid"], None) != key["state"]:
            note = _NOTES[key["state"]].format_map({"retireAt": "you remove it", **key})
            yield _REASONS[key["state"]], note
    for kid in states:
        yield "SigningKeyRemoved", f"key {kid} is gone, and verifies nothing any more"
