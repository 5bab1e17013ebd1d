"""What kopf tells, handed to the queue: nothing is decided here, and kopf writes nothing.

Only `on.event` is used: it carries no state, so kopf needs neither annotations nor a finalizer.
"""

from collections.abc import Callable
from typing import Any, Final

import kopf

from authly_operator import naming
from authly_operator.workqueue import Key


KINDS: Final = {
    "authlyservers": "AuthlyServer",
    "authlyscopes": "AuthlyScope",
    "authlyclients": "AuthlyClient",
    "authlybackups": "AuthlyBackup",
    "authlyrestores": "AuthlyRestore",
}
BACKOFFS: Final = (1.0, 2.0, 5.0, 10.0, 10.0)
"""Seconds between the attempts of a request that is forbidden, or fails; then kopf ends."""
SILENCE_SECONDS: Final = 75.0
"""A bookmark comes about every minute; a watch that is silent for longer is begun anew."""
Notice = Callable[[Key, dict[str, Any] | None], None]
"""Takes a resource that came or changed with its body, or one that went with None."""


def registry(notice: Notice, ending: Callable[[], object]) -> kopf.OperatorRegistry:
    """The handlers of all kinds; `notice` is called in kopf's own thread, `ending` as it ends."""
    handlers = kopf.OperatorRegistry()
    kopf.on.cleanup(registry=handlers, id="end")(_cleanup(ending))
    kopf.on.login(registry=handlers, id="login")(_login)
    for plural, kind in KINDS.items():
        kopf.on.event(naming.GROUP, naming.VERSION, plural, registry=handlers, id=kind.lower())(
            _handler(kind, notice)
        )
    return handlers


def settings() -> kopf.OperatorSettings:
    """Of kopf only the watching is wanted; the observer looks for definitions, and begins anew."""
    chosen = kopf.OperatorSettings()
    chosen.posting.enabled = False
    chosen.peering.standalone = True
    chosen.scanning.disabled = True
    chosen.networking.request_timeout = 30
    chosen.networking.error_backoffs = BACKOFFS
    chosen.watching.inactivity_timeout = SILENCE_SECONDS
    return chosen


def _handler(kind: str, notice: Notice) -> Callable[..., Any]:
    async def handle(
        type: str | None,  # noqa: A002 - kopf's name
        body: kopf.Body,
        namespace: str | None,
        name: str | None,
        **_: object,
    ) -> None:
        key = Key(kind, namespace or "", name or "")
        notice(key, None if type == "DELETED" else dict(body))

    return handle


def _cleanup(ending: Callable[[], object]) -> Callable[..., Any]:
    async def end(**_: object) -> None:
        ending()

    return end


def _login(**arguments: Any) -> kopf.ConnectionInfo | None:
    return kopf.login_with_service_account(**arguments) or kopf.login_with_kubeconfig(**arguments)
