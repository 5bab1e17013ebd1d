"""The functions that the operator may call, in a database of the test's own."""

from typing import Any

import psycopg
import pytest
from tests.contract.operator_api import Api


@pytest.fixture
def api(database_url: str) -> Any:
    with (
        psycopg.connect(database_url, autocommit=True) as connection,
        psycopg.connect(database_url, autocommit=True) as ears,
    ):
        ears.execute("LISTEN authly_changed")
        yield Api(connection, ears)
