"""Those who ask: each does one thing over and over, and knows which answers would be wrong."""

import asyncio
import secrets
from dataclasses import dataclass, field

from bench.soak.entrance import Answer, Entrance
from throwaway.browser import VERIFIER


OK, BAD_REQUEST = 200, 400
_ROTATIONS = 25


def _one_in(number: int) -> bool:
    return secrets.randbelow(number) == 0


@dataclass
class Family:
    """What a client holds of one grant."""

    refresh_token: str = field(repr=False)
    access_tokens: list[str] = field(repr=False)
    former: list[str] = field(default_factory=list, repr=False)


async def begin(entrance: Entrance) -> Family | None:
    """The code flow; None where its answer was lost, and the client has to begin again."""
    form = {
        "grant_type": "authorization_code",
        "code": await entrance.code(),
        "redirect_uri": entrance.redirect_uri,
        "code_verifier": VERIFIER,
    }
    if _one_in(5):
        await _race(entrance, form)
        return None
    answer, tried_again = await entrance.insist("exchange", "/token", form)
    if answer.status == OK:
        return _family(entrance, answer)
    # What was consumed when its answer was lost is refused as a replay: only a retry may see that.
    if answer.status == BAD_REQUEST and tried_again:
        entrance.ledger.saw("code consumed, its answer lost")
    else:
        entrance.ledger.breach(f"a good code was answered {answer.status}")
    return None


async def _race(entrance: Entrance, form: dict[str, str]) -> None:
    """One code at both processes at once: one success at most, and then the grant is revoked."""
    answers = await entrance.everywhere("exchange twice at once", "/token", form)
    won = [answer for answer in answers if answer.status == OK]
    entrance.ledger.saw(f"code used twice at once: {len(won)} succeeded")
    if len(won) > 1:
        entrance.ledger.breach("a code was used twice")
    if won and BAD_REQUEST in {answer.status for answer in answers}:
        await _expect_ended(entrance, str(won[0].body["refresh_token"]), "a code was replayed")


def _family(entrance: Entrance, answer: Answer) -> Family:
    access_token = str(answer.body["access_token"])
    entrance.ledger.issue(access_token)
    return Family(str(answer.body["refresh_token"]), [access_token])


async def refresh(entrance: Entrance, until: asyncio.Event) -> None:
    """Keep one family after the other going: a lost family is a breach."""
    while not until.is_set():
        family = await begin(entrance)
        if family is not None:
            await _live(entrance, family, until)


async def _live(entrance: Entrance, family: Family, until: asyncio.Event) -> None:
    for _ in range(_ROTATIONS):
        if not await _rotate(entrance, family):
            return
        await asyncio.sleep(0.2)
        if until.is_set():
            return
    entrance.ledger.forget(*family.access_tokens)
    await (_steal if _one_in(3) else _revoke)(entrance, family)


async def _rotate(entrance: Entrance, family: Family) -> bool:
    form = {"grant_type": "refresh_token", "refresh_token": family.refresh_token}
    if _one_in(5):
        answers = await entrance.everywhere("refresh twice at once", "/token", form)
        successors = {a.body["refresh_token"] for a in answers if a.status == OK}
        if len(successors) > 1:
            entrance.ledger.breach("a refresh token had two successors")
        if BAD_REQUEST in {answer.status for answer in answers}:
            entrance.ledger.breach("of two refreshes at once one was refused")
            return False
    # Inside the grace the same successor is answered again, so asking once more harms nothing.
    answer, _ = await entrance.insist("refresh", "/token", form)
    if answer.status != OK:
        entrance.ledger.breach(f"a family was lost: {answer.status} {answer.body.get('error')}")
        return False
    family.former.append(family.refresh_token)
    family.refresh_token = str(answer.body["refresh_token"])
    family.access_tokens.append(str(answer.body["access_token"]))
    entrance.ledger.issue(family.access_tokens[-1])
    return True


async def _revoke(entrance: Entrance, family: Family) -> None:
    """The client gives its grant up; once that was confirmed, nothing of it is honoured."""
    form = {"token": family.refresh_token}
    answer, _ = await entrance.insist("revoke", "/revoke", form)
    if answer.status == OK:
        entrance.ledger.end(*family.access_tokens)
        await _expect_ended(entrance, family.refresh_token, "a grant was revoked")
    else:
        entrance.ledger.breach(f"revoking was answered {answer.status}")


async def _steal(entrance: Entrance, family: Family) -> None:
    """Somebody presents an old refresh token: refused, and the family is over."""
    form = {"grant_type": "refresh_token", "refresh_token": family.former[0]}
    answer, _ = await entrance.insist("refresh by a thief", "/token", form)
    if answer.status == BAD_REQUEST:
        entrance.ledger.end(*family.access_tokens)
        await _expect_ended(entrance, family.refresh_token, "an old refresh token was used")
    else:
        entrance.ledger.breach(f"an old refresh token was answered {answer.status}")


async def _expect_ended(entrance: Entrance, refresh_token: str, why: str) -> None:
    form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
    answer, _ = await entrance.insist("refresh after the end", "/token", form)
    entrance.ledger.saw(f"{why}, and the family was over")
    if answer.status != BAD_REQUEST:
        entrance.ledger.breach(f"{why}, and the family went on: {answer.status}")


async def introspect(entrance: Entrance, until: asyncio.Event) -> None:
    """Ask about tokens that are live and about ones that are not."""
    ledger = entrance.ledger
    while not until.is_set():
        await asyncio.sleep(0.1)
        expected = bool(ledger.live) and (not ledger.dead or _one_in(2))
        known = ledger.live if expected else ledger.dead
        if not known:
            continue
        token = secrets.choice(known)
        answer, _ = await entrance.insist("introspect", "/introspect", {"token": token})
        is_still_so = not expected or token in ledger.live
        if answer.status != OK:
            ledger.breach(f"introspection was answered {answer.status}")
        elif is_still_so and answer.body["active"] is not expected:
            ledger.breach("a live token was lost" if expected else "a revoked token was honoured")


async def issue(entrance: Entrance, until: asyncio.Event) -> None:
    """A machine that gets tokens for itself."""
    form = {"grant_type": "client_credentials", "scope": "read"}
    while not until.is_set():
        answer, _ = await entrance.insist("client_credentials", "/token", form)
        if answer.status != OK:
            entrance.ledger.breach(f"client_credentials was answered {answer.status}")
        await asyncio.sleep(0.2)
