"""The API as OpenAPI 3.1 describes one: made of the table and of the shapes that it names."""

import re
from collections.abc import Iterable, Iterator, Mapping
from http import HTTPStatus
from typing import Any, Final

import pydantic
from pydantic.json_schema import models_json_schema

from authly_server.protocol import page
from authly_server.web.admin.operation import Operation


Schema = Mapping[str, Any]
VERSION: Final = "3.1.0"
_REFERENCE: Final = "#/components/schemas/{model}"
_ERROR: Final[Schema] = {
    "type": "object",
    "required": ["error", "error_description"],
    "properties": {"error": {"type": "string"}, "error_description": {"type": "string"}},
}
_LIST_PARAMETERS: Final[Mapping[str, Schema]] = {
    "limit": {"type": "integer", "minimum": 1, "maximum": page.MOST, "default": page.DEFAULT},
    "after": {"type": "string", "description": "What the answer before called next"},
}
# What every operation may answer beside what it is for, and what those with a condition do.
_REFUSALS: Final = (400, 401, 403, 429, 503)
_OF_CONDITIONS: Final = (412, 428)


def document(operations: Iterable[Operation], base: str) -> dict[str, Any]:
    """The whole document; `base` is the URL that the paths are below."""
    told = tuple(operations)
    paths: dict[str, dict[str, Any]] = {}
    for each in told:
        paths.setdefault(each.path, {})[each.method.lower()] = _operation(each)
    bearer = {"type": "http", "scheme": "bearer", "description": "An access token, scope admin"}
    return {
        "openapi": VERSION,
        "info": {"title": "Authly, for administrators", "version": "1"},
        "servers": [{"url": base}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"token": bearer},
            "schemas": {"Error": _ERROR, **_schemas(told)},
        },
    }


def _schemas(operations: Iterable[Operation]) -> dict[str, Any]:
    used = {shape for each in operations for shape in (each.takes, each.gives) if shape is not None}
    ordered: list[type[pydantic.BaseModel]] = sorted(used, key=lambda shape: shape.__name__)
    _, schemas = models_json_schema(
        [(shape, "validation") for shape in ordered], ref_template=_REFERENCE
    )
    found: dict[str, Any] = schemas.get("$defs", {})
    return found


def _operation(operation: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "parameters": list(_parameters(operation)),
        "responses": _responses(operation),
    }
    if operation.takes is not None:
        described["requestBody"] = {"required": True, "content": _json(_of(operation.takes))}
    return described


def _parameters(operation: Operation) -> Iterator[dict[str, Any]]:
    for name in re.findall(r"{(\w+)}", operation.path):
        yield _parameter("path", name, {"type": "string"}, required=True)
    if operation.is_list:
        for name, schema in _LIST_PARAMETERS.items():
            yield _parameter("query", name, schema)
    for name, meaning in operation.filters.items():
        yield _parameter("query", name, {"type": "string", "description": meaning})
    if operation.is_conditional:
        meaning = "The ETag of what was looked at"
        schema = {"type": "string", "description": meaning}
        yield _parameter("header", "If-Match", schema, required=True)


def _parameter(place: str, name: str, schema: Schema, *, required: bool = False) -> dict[str, Any]:
    return {"name": name, "in": place, "required": required, "schema": schema}


def _responses(operation: Operation) -> dict[str, Any]:
    refusals = {*_REFUSALS, *(_OF_CONDITIONS if operation.is_conditional else ())}
    refusals |= {404} if "{" in operation.path else set()
    refusals |= {409} if operation.method != "GET" else set()
    answered: dict[str, Any] = {"description": HTTPStatus(operation.status).phrase}
    if operation.gives is not None:
        schema = _of(operation.gives)
        answered["content"] = _json(_list(schema) if operation.is_list else schema)
    return {
        str(operation.status): answered,
        **{str(status): _refusal(status) for status in sorted(refusals)},
    }


def _refusal(status: int) -> dict[str, Any]:
    schema = {"$ref": _REFERENCE.format(model="Error")}
    return {"description": HTTPStatus(status).phrase, "content": _json(schema)}


def _list(schema: Schema) -> Schema:
    return {
        "type": "object",
        "required": ["items"],
        "properties": {"items": {"type": "array", "items": schema}, "next": {"type": "string"}},
    }


def _json(schema: Schema) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


def _of(shape: type[pydantic.BaseModel]) -> Schema:
    return {"$ref": _REFERENCE.format(model=shape.__name__)}
