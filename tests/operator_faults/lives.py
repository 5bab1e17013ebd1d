"""Lives of resources in chapters, told by an operator that dies in each of them.

A life is told once for each n = 0, 1, 2, ...: in each of its chapters the operator dies by SIGKILL
right before its n-th side effect, and another one has to bring the chapter to its end. When no
chapter has an n-th side effect any more, every gap between two of them has been died in.
"""

import itertools
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from tests.operator_faults.kubernetes_api import PATIENCE, wait_until
from tests.operator_faults.operators import Operator


QUIET_SECONDS = 0.7
"""After a chapter's end: for the events that follow its last status."""


@dataclass(frozen=True)
class Chapter:
    """What somebody does, and what has to come of it whatever happens meanwhile."""

    title: str
    act: Callable[[], None]
    is_over: Callable[[], bool]
    check: Callable[[], None]
    """Raises where an invariant does not hold; asked when it is over, and right after a death."""
    is_optional: bool = False
    """Whether the chapters after it can be told without it."""
    seconds: float = PATIENCE
    """How long it may take, once without a death and once after one."""


Life = Callable[[Operator, int], Sequence[Chapter]]
"""The chapters of the n-th life under an operator that runs."""


def tell(chapter: Chapter, operator: Operator, number: int) -> bool:
    """Whether the operator died in the chapter; it goes on either way."""
    operator.doom(number)
    chapter.act()
    wait_until(
        f"end of {chapter.title} (death before side effect {number})",
        lambda: operator.exit_status is not None or chapter.is_over(),
        chapter.seconds,
        seen=lambda: "\n".join(operator.effects[-12:]),
    )
    died = not _is_quiet(operator)
    operator.spare()
    if died:
        operator.end()
        chapter.check()
        operator.start()
        wait_until(
            f"{chapter.title} after a death before side effect {number}",
            chapter.is_over,
            chapter.seconds,
            seen=lambda: "\n".join(operator.log.read_text().splitlines()[-12:]),
        )
    chapter.check()
    return died


def _is_quiet(operator: Operator) -> bool:
    """Whether the operator lives, and does nothing any more."""
    before, since = operator.effects, time.monotonic()
    while operator.exit_status is None:
        if operator.effects != before:
            before, since = operator.effects, time.monotonic()
        if time.monotonic() - since > QUIET_SECONDS:
            return True
        time.sleep(0.05)
    return False


def tell_all(life: Life, operators: Sequence[Operator]) -> Counter[str]:
    """Tell the life for every n, as many at once as there are operators; deaths by chapter."""
    numbers, deaths, lock = itertools.count(), Counter[str](), threading.Lock()
    finished, survived = threading.Event(), dict[str, int]()

    def work(operator: Operator) -> None:
        operator.start()
        try:
            while not finished.is_set():
                with lock:
                    number = next(numbers)
                died = Counter[str]()
                for one in life(operator, number):
                    if one.is_optional and number > survived.get(one.title, number):
                        continue  # it has no side effect of that number
                    died[one.title] = int(tell(one, operator, number))
                    if not died[one.title]:
                        survived.setdefault(one.title, number)
                with lock:
                    deaths.update(died)
                if not died.total():
                    finished.set()
        finally:
            finished.set()  # no other one goes on where one has failed
            operator.end()

    with ThreadPoolExecutor(len(operators)) as pool:
        for each in [pool.submit(work, operator) for operator in operators]:
            each.result()
    return deaths
