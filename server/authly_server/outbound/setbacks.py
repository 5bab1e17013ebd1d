"""Who is not asked again for a while after an attempt in vain; a failure is never an answer."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from authly_server.outbound.refusal import Refused


FIRST: Final = 1.0
LONGEST: Final = 60.0
MOST_NAMES: Final = 1_000


class Setbacks:
    """Doubling pauses by name, which is a host or a URL."""

    def __init__(self, monotonic: Callable[[], float], capacity: int = MOST_NAMES) -> None:
        self._monotonic = monotonic
        self._capacity = capacity
        self._pauses: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def check(self, *names: str) -> None:
        """None of them is in a pause.

        Raises:
            Refused: one is.
        """
        now = self._monotonic()
        if any(self._pauses.get(name, (0.0, 0.0))[0] > now for name in names):
            raise Refused("the last attempt failed a moment ago")

    def add(self, name: str) -> None:
        """Let it rest, twice as long as the last time if it went wrong again soon after."""
        now = self._monotonic()
        until, pause = self._pauses.get(name, (0.0, 0.0))
        pause = min(pause * 2, LONGEST) if pause and now < until + LONGEST else FIRST
        self._pauses[name] = (now + pause, pause)
        self._pauses.move_to_end(name)
        if len(self._pauses) > self._capacity:
            self._pauses.popitem(last=False)

    def forget(self, *names: str) -> None:
        """It went well."""
        for name in names:
            self._pauses.pop(name, None)
