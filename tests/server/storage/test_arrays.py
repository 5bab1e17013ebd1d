"""Arrays that we write are read by PostgreSQL as what they are."""

import pytest

from authly_server.storage import text_array
from authly_server.storage.pool import Database


@pytest.mark.parametrize(
    "values",
    [
        [],
        [""],
        ["read"],
        ["read", "write", "read"],
        ["NULL", "null"],
        [None, "a", None],
        ["{", "}", ",", "{a,b}", " a ", "a b"],
        ['"', "\\", '\\"', 'a"b\\c', "\\\\"],
        ["ä", "日本", "\t", "\n", "\x01", "\x7f"],
        ["https://api.example/a?b={c},d"],
    ],
)
async def test_an_array_is_read_as_it_was_written(
    database: Database, values: list[str | None]
) -> None:
    row = await database.fetch_one(
        "SELECT %(it)s::text[] AS it", {"it": text_array.literal(values)}
    )
    assert row is not None
    assert row["it"] == values
