"""The audit log as administrators read it: by an index, however rare in it what they ask for is."""

from itertools import combinations
from uuid import UUID

import psycopg
import pytest
from tests.server.storage.conftest import Owner

from authly_server.model.audit_entry import AuditFilter
from authly_server.storage import audit_entries, statement
from authly_server.storage.pool import Database


ADA = UUID(int=1)
FILTERS = {"user_id": ADA, "client_id": "shop", "event": "restored"}
FILL = """
INSERT INTO authly.audit_log (event, client_id, user_id, detail)
SELECT 'session_ended', 'mail', gen.user_id, '{}'
FROM generate_series(1, 20000), (SELECT gen_random_uuid() AS user_id) AS gen
"""
RARE = """
UPDATE authly.audit_log SET event = 'restored', client_id = 'shop',
    user_id = '00000000-0000-0000-0000-000000000001' WHERE id IN (1, 5, 9)
"""


@pytest.fixture
def long(owner: Owner) -> Owner:
    """A log in which three entries are of another kind than all others, which the planner saw."""
    for each in (FILL, "VACUUM ANALYZE authly.audit_log", RARE):
        owner.execute(each)
    return owner


@pytest.mark.parametrize("name", FILTERS)
def test_what_is_rare_is_found_by_an_index_although_nobody_knows_that_it_is(
    long: Owner, name: str
) -> None:
    """The plan of a statement that is prepared once for whatever may be asked."""
    asked = statement.parse(audit_entries._statement((name,)))
    with psycopg.connect(long.url, autocommit=True) as connection:
        connection.execute("SET plan_cache_mode = force_generic_plan")
        connection.execute(b"PREPARE asked AS " + asked.text)
        values = {"before": "100", "limit": "51", name: f"'{FILTERS[name]}'"}
        given = ", ".join(values[each] for each in asked.names)
        plan = connection.execute(f"EXPLAIN EXECUTE asked ({given})".encode()).fetchall()
    told = "\n".join(line for (line,) in plan)
    assert f"audit_log_{name.removesuffix('_id')}_idx" in told
    assert "Sort" not in told


CHOICES = [names for count in range(4) for names in combinations(FILTERS, count)]


@pytest.mark.parametrize("names", CHOICES, ids="-".join)
async def test_each_choice_of_filters_tells_the_same_in_any_parts(
    long: Owner, database: Database, names: tuple[str, ...]
) -> None:
    wanted = AuditFilter(**{name: FILTERS[name] for name in names})  # type: ignore[arg-type]  # of its own kind each
    before, found = audit_entries.LAST if names else 12, list[int]()
    while part := await audit_entries.find_before(database, before, 2, wanted):
        found += [entry.id for entry in part]
        before = part[-1].id
    assert found == ([9, 5, 1] if names else list(range(11, 0, -1)))
