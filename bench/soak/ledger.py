"""What was seen: answers by kind, and whatever should never have happened."""

from collections import Counter
from dataclasses import dataclass, field


FAILURE, UNAVAILABLE = 500, 503
_MOST_FINDINGS = 50


@dataclass
class Ledger:
    """Counts of a run; `findings` are breaches of a promise, and a good run has none.

    `live` are access tokens that were issued and not ended, `dead` those whose end was answered
    by 200, both a bounded number of the latest.
    """

    answers: Counter[tuple[str, int]] = field(default_factory=Counter)
    events: Counter[str] = field(default_factory=Counter)
    findings: list[str] = field(default_factory=list)
    breaches: int = 0
    live: list[str] = field(default_factory=list)
    dead: list[str] = field(default_factory=list)

    def answered(self, what: str, status: int) -> None:
        """Count one answer; a failure of the server other than 503 is a breach."""
        self.answers[what, status] += 1
        if status >= FAILURE and status != UNAVAILABLE:
            self.breach(f"{what} answered {status}")

    def saw(self, event: str) -> None:
        """Count what may happen."""
        self.events[event] += 1

    def breach(self, finding: str) -> None:
        """Count what may not happen, and keep the first ones in words."""
        self.breaches += 1
        if len(self.findings) < _MOST_FINDINGS:
            self.findings.append(finding)

    def issue(self, access_token: str) -> None:
        """Keep a token that is live from now on."""
        _keep(self.live, access_token)

    def end(self, *access_tokens: str) -> None:
        """Keep tokens whose end was confirmed: nobody may honour them from now on."""
        for token in access_tokens:
            self.forget(token)
            _keep(self.dead, token)

    def forget(self, *access_tokens: str) -> None:
        """Say nothing any more about tokens that are about to end, or whose end is in doubt."""
        for token in access_tokens:
            if token in self.live:
                self.live.remove(token)

    @property
    def requests(self) -> int:
        """All answers."""
        return sum(self.answers.values())


def _keep(tokens: list[str], token: str) -> None:
    tokens.append(token)
    del tokens[:-500]
