"""Bodies of the administrators' API: JSON objects of a known shape, in either direction."""

from collections.abc import Callable, Sequence
from typing import TypeVar

import orjson
import pydantic
from aiohttp import web

from authly_server.protocol import errors, json_object, page as pages, precondition
from authly_server.protocol.errors import OAuthError
from authly_server.protocol.page import Page
from authly_server.web import forms
from authly_server.web.admin.operation import Shape
from authly_server.web.response import JSON, Response


T = TypeVar("T")
S = TypeVar("S", bound=Shape)
_MOST_FAULTS = 5


async def read(request: web.Request, shape: type[Shape] | None) -> Shape | None:
    """What a request asks to become so; a body that nobody asked for is refused.

    Raises:
        OAuthError: invalid_request, which names each member that is unknown or of another type.
    """
    if shape is None:
        if request.can_read_body:
            raise errors.invalid_request("this takes no body")
        return None
    return parse(await forms.read_json(request), shape)


def parse(body: bytes, shape: type[Shape]) -> Shape:
    """A body of that shape; raises as `read`."""
    try:
        members = json_object.read(body)
    except ValueError as error:
        raise errors.invalid_request(str(error)) from error
    try:
        return shape.model_validate(members)
    except pydantic.ValidationError as error:
        raise _faulty(error) from None  # its own words repeat what was sent


def show(shape: type[S], known: object) -> S:
    """What is known, as far as the shape tells it: each member is an attribute of that name."""
    return shape.model_validate(known, from_attributes=True)


def answer(shape: Shape, version: str | None = None, *, status: int = 200) -> Response:
    """What somebody has asked for; `version` is what a change of it has to name."""
    headers = None if version is None else {"ETag": precondition.write(version)}
    return Response(shape.model_dump_json().encode(), JSON, status=status, headers=headers)


def answer_list(
    page: Page, found: Sequence[T], show: Callable[[T], Shape], key: Callable[[T], str]
) -> Response:
    """A part of a list; `found` is one more than the page takes where it is not the last one."""
    taken = found[: page.limit]
    members: dict[str, object] = {"items": [show(each).model_dump(mode="json") for each in taken]}
    if len(found) > page.limit:
        members["next"] = pages.write_cursor(key(taken[-1]))
    return Response(orjson.dumps(members), JSON)


def _faulty(error: pydantic.ValidationError) -> OAuthError:
    faults = error.errors(include_input=False, include_url=False, include_context=False)
    told = "; ".join(
        f"{'.'.join(map(str, each['loc'])) or 'the body'}: {each['msg']}"
        for each in faults[:_MOST_FAULTS]
    )
    return errors.invalid_request(told)
