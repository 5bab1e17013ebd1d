"""A backup is proved by whoever restores it; what counts is the one that was the youngest then."""

from typing import Any

import pytest

from authly_operator.reconcile import backup_proofs


def made(begun: int, *, verified: int | None = None, phase: str = "Succeeded") -> dict[str, Any]:
    """A backup of that hour, which takes half an hour; `verified` is an hour, too."""
    status = {
        "phase": phase,
        "begunTime": f"2031-05-06T{begun:02}:00:00Z",
        "completionTime": f"2031-05-06T{begun:02}:30:00Z",
    }
    return status | ({"verifiedTime": f"2031-05-06T{verified:02}:30:00Z"} if verified else {})


@pytest.mark.parametrize(
    ("backups", "proved"),
    [
        ([], None),
        ([made(1)], None),
        ([made(1, verified=1)], "2031-05-06T01:30:00Z"),
        ([made(1, verified=2), made(3)], "2031-05-06T02:30:00Z"),
        ([made(1, verified=5), made(3)], None),
        ([made(1, verified=5), made(3, verified=4)], "2031-05-06T04:30:00Z"),
        ([made(1, verified=5), made(3, phase="Failed")], "2031-05-06T05:30:00Z"),
        ([{"phase": "Succeeded", "verifiedTime": "2031-05-06T01:30:00Z"}], None),
    ],
)
def test_the_last_restore_of_what_was_the_youngest_backup_is_the_proof(
    backups: list[dict[str, Any]], proved: str | None
) -> None:
    assert backup_proofs.judge(backups) == proved
