"""What AuthlyBackups and AuthlyRestores judge alike: Ready, by the first policy that speaks."""

from collections.abc import Callable, Iterable
from typing import Final, Protocol, TypeVar

from authly_operator.api import reference
from authly_operator.condition_names import Condition, Reason
from authly_operator.conditions import blockage, judgement
from authly_operator.conditions.judgement import Judgement
from authly_operator.observed import Identity, ServerView
from authly_operator.observed_backups import Run


TYPE: Final = Condition.READY


class Wanted(Protocol):
    """A spec that names a server."""

    @property
    def server_ref(self) -> reference.LocalServerReference:
        """The AuthlyServer, of the same namespace."""


class Seen(Protocol):
    """What was seen around either of them."""

    @property
    def identity(self) -> Identity:
        """Which resource it is."""

    @property
    def server(self) -> ServerView | None:
        """None where the AuthlyServer does not exist, or cannot be read."""

    @property
    def run(self) -> Run:
        """Its Job."""

    @property
    def failures(self) -> tuple[str, ...]:
        """Writes that the API server refused in this pass, a sentence each."""


_Spec = TypeVar("_Spec")
_Seen = TypeVar("_Seen")


def first(
    chain: Iterable[Callable[[_Spec, _Seen], Judgement | None]], spec: _Spec, seen: _Seen
) -> tuple[Judgement, ...]:
    """What the first policy says that has something to say; the last one always has."""
    judged = (policy(spec, seen) for policy in chain)
    return (next(one for one in judged if one is not None),)


def server_name(spec: Wanted, seen: Seen) -> str:
    """The server as messages call it."""
    return f"AuthlyServer {seen.identity.namespace}/{spec.server_ref.name}"


def without_server(spec: Wanted, seen: Seen) -> Judgement | None:
    """There is nothing to back up, or to restore."""
    if seen.server is not None:
        return None
    message = f"{server_name(spec, seen)} does not exist, or its spec is invalid"
    return judgement.fails(TYPE, Reason.SERVER_NOT_FOUND, message)


def refused(spec: Wanted, seen: Seen) -> Judgement | None:
    """The Job could not be made."""
    del spec
    if not seen.failures:
        return None
    message = f"the API server refused: {judgement.several(seen.failures)}"
    return judgement.fails(TYPE, Reason.APPLY_FAILED, message)


def said(seen: Seen) -> str:
    """What a pod of the Job said in the end, or where to read why there was none."""
    namespace = seen.identity.namespace
    blocked = blockage.worst(seen.run.waiting, namespace)
    job = seen.run.job["metadata"]["name"] if seen.run.job else ""
    return blocked.text if blocked else f"see kubectl describe job -n {namespace} {job}"
