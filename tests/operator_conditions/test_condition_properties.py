"""What holds of the conditions for whatever is observed."""

import ast
import inspect
from datetime import UTC, datetime, timedelta

from hypothesis import given, strategies as st
from tests.operator_conditions.observations import (
    IN_ORDER,
    SCOPE_SPEC,
    client_specs,
    clients_seen,
    expectations,
    judgements,
    scopes_seen,
    server_specs,
    servers_seen,
    texts,
)

from authly_operator.api import authly_client, authly_server
from authly_operator.condition_names import Condition, Reason
from authly_operator.conditions import client, judgement, readiness, scope, server, settlement
from authly_operator.conditions.judgement import MAXIMUM_MESSAGE, Judgement
from authly_operator.conditions.situation import Situation
from authly_operator.observed import ServerObserved
from authly_operator.observed_clients import ClientObserved, ScopeObserved


def check_told(judged: tuple[Judgement, ...]) -> dict[Condition, Judgement]:
    """Every condition once, each with a line that a status and an event can hold."""
    by_type = {one.type: one for one in judged}
    assert len(by_type) == len(judged)
    for one in judged:
        assert 0 < len(one.message) <= MAXIMUM_MESSAGE
        assert one.message.isprintable()
    return by_type


@given(server_specs, servers_seen, expectations)
def test_a_server_is_ready_only_if_all_that_it_needs_holds(
    spec: authly_server.Spec, seen: ServerObserved, expected: server.Expectation
) -> None:
    judged = check_told(server.judge(spec, seen, expected))
    if not judged[Condition.READY].true:
        return

    lacking = {one for one in readiness.NEEDED if not judged[one].true}
    assert not seen.failures
    assert not expected.missing
    assert Situation(spec, seen, expected).available > 0
    assert lacking <= {Condition.MIGRATED, Condition.AVAILABLE}
    goes_on = judged[Condition.PROGRESSING].true
    assert not lacking or goes_on or judged[Condition.PROGRESSING].reason is Reason.PAUSED


@given(scopes_seen)
def test_a_scope_is_ready_only_if_all_that_it_needs_holds(seen: ScopeObserved) -> None:
    judged = check_told(scope.judge(SCOPE_SPEC, seen))

    needed = all(judged[one].true for one in scope.NEEDED) and not seen.identity.deleting
    assert judged[Condition.READY].true == needed
    assert not (needed and seen.error is not None)


@given(client_specs, clients_seen)
def test_a_client_is_ready_only_if_all_that_it_needs_holds(
    spec: authly_client.Spec, seen: ClientObserved
) -> None:
    judged = check_told(client.judge(spec, seen))

    needed = all(judged[one].true for one in client.NEEDED) and not seen.identity.deleting
    served = seen.server is not None and seen.server.ready
    verified = judged[Condition.CREDENTIALS_VERIFIED].true
    assert judged[Condition.READY].true == (needed and served and verified and not seen.failures)


@given(texts)
def test_an_invalid_spec_is_never_ready(text: str) -> None:
    judged = check_told(judgement.invalid(text))

    assert judged[Condition.READY].reason is Reason.INVALID_SPEC
    assert not judged[Condition.READY].true


@given(st.lists(judgements), st.lists(judgements))
def test_settling_again_changes_nothing(before: list[Judgement], after: list[Judgement]) -> None:
    moment = datetime(2026, 3, 1, tzinfo=UTC)
    had = settlement.settle(before, [], generation=1, now=moment)
    once = settlement.settle(after, had, generation=2, now=moment + timedelta(hours=1))

    again = settlement.settle(after, once, generation=2, now=moment + timedelta(hours=2))

    assert again == once
    assert not settlement.transitions(once, again)
    types = [one["type"] for one in once]
    assert types == sorted(set(types), key=IN_ORDER.index)


def test_every_reason_is_explained_to_people_and_is_one_word_for_programs() -> None:
    tree = ast.parse(inspect.getsource(Reason)).body[0]
    assert isinstance(tree, ast.ClassDef)
    body = tree.body[1:]

    assert all(isinstance(one, ast.Assign) for one in body[::2])
    assert all(isinstance(one, ast.Expr) for one in body[1::2])
    assert len(body) == 2 * len(Reason)
    assert all(reason.value.isalpha() and reason.value[0].isupper() for reason in Reason)
