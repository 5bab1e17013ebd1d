"""What one row of the table says, and what the function that it names is given."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, TypeVar

import pydantic

from authly_server.model.actor import Actor
from authly_server.protocol.page import Page
from authly_server.web.response import Response
from authly_server.web.services import Services


class Shape(pydantic.BaseModel):
    """Members of a body: an allow-list of what is taken, or all that is told."""

    model_config: ClassVar[pydantic.ConfigDict] = pydantic.ConfigDict(
        strict=True, extra="forbid", frozen=True, use_attribute_docstrings=True
    )


B_co = TypeVar("B_co", bound=Shape, covariant=True)


@dataclass(frozen=True, slots=True)
class Call(Generic[B_co]):
    """A request of an administrator, of which nothing is left to check but what it is about.

    `name` is the segment in braces of the path, empty where it has none, and not looked at.
    `filters` are those parameters of the query that the row names; `page` is the part of a list.
    `body` is what the row `takes`; `versions` are those of If-Match, where the row asks for it.
    """

    services: Services
    actor: Actor
    name: str = ""
    filters: Mapping[str, str] = field(default_factory=dict)
    page: Page = field(default_factory=Page)
    versions: tuple[str, ...] = ()
    content: B_co | None = None

    @property
    def body(self) -> B_co:
        """What was sent; only rows that take something have it."""
        assert self.content is not None  # noqa: S101  # the frame reads it for each such row
        return self.content


Answer = Callable[[Call[Any]], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Operation:
    """A method of a path below /admin/v1; `name` is unique, and summary and all else documented.

    A list takes `limit` and `after` beside its `filters`, which are by name what they mean; nothing
    else has a query at all. `is_conditional` is for changes that need If-Match.
    """

    method: str
    path: str
    name: str
    summary: str
    answer: Answer
    takes: type[Shape] | None = None
    gives: type[Shape] | None = None
    is_list: bool = False
    filters: Mapping[str, str] = field(default_factory=dict)
    is_conditional: bool = False
    status: int = 200
