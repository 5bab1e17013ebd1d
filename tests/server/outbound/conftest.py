"""A real host over real TLS."""

import contextlib
from collections.abc import Iterator

import pytest

from throwaway import publisher
from throwaway.publisher import Publisher


@pytest.fixture(scope="module")
def host() -> Iterator[Publisher]:
    with contextlib.closing(publisher.start()) as started:
        yield started
