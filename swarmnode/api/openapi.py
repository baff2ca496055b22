"""OpenAPI 3.1, made from the table of routes and the types of its handlers."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.metadata import version
from types import NoneType
from typing import Any

import msgspec

from . import PREFIX
from .access import Scope
from .node import File
from .problems import CONTENT_TYPE, ErrorView
from .route import Route, Stream
from .table import ROUTES

_REF = "#/components/schemas/{name}"


@cache
def document() -> bytes:
    """The description of the whole API, as JSON; made when somebody asks, once."""
    return msgspec.json.encode(describe(ROUTES))


def describe(routes: tuple[Route, ...]) -> Mapping[str, Any]:
    """The description of these routes."""
    types = {ErrorView: None}
    for route in routes:
        types |= {t: None for t in (route.body, route.answer) if t not in {None, NoneType, Stream, File}}
    schemas, components = msgspec.json.schema_components(list(types), ref_template=_REF)
    refs = dict(zip(types, schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(PREFIX + route.path, {})[route.method.lower()] = _operation(route, refs)
    return {
        "openapi": "3.1.0",
        "info": {"title": "swarmnode", "version": version("social-swarm-node")},
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "session": {"type": "apiKey", "in": "cookie", "name": "swarm_session"},
            },
        },
    }


def _operation(route: Route, refs: Mapping[Any, Any]) -> Mapping[str, Any]:
    operation: dict[str, Any] = {
        "operationId": route.handler.__name__,
        "summary": route.summary,
        "x-scope": route.scope.name.lower(),
        "security": [{"token": []}, {"session": []}] if route.scope > Scope.PUBLIC else [{}],
        "parameters": [*map(_path_parameter, route.names), *_query_parameters(route), *_key_parameter(route)],
        "responses": {
            _status(route): _answer(route, refs),
            "default": {
                "description": "What went wrong",
                "content": {CONTENT_TYPE: {"schema": refs[ErrorView]}},
            },
        },
    }
    if route.body is not None:
        content = {"application/json": {"schema": refs[route.body]}}
        operation["requestBody"] = {"required": True, "content": content}
    if route.uploads:
        file = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
        operation["requestBody"] = {"required": True, "content": file}
    return operation


def _path_parameter(name: str) -> Mapping[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _query_parameters(route: Route) -> list[Mapping[str, Any]]:
    if route.query is None:
        return []
    _, components = msgspec.json.schema_components([route.query], ref_template=_REF)
    shape = components[route.query.__name__]
    required = shape.get("required", [])
    return [
        {"name": name, "in": "query", "required": name in required, "schema": schema}
        for name, schema in shape["properties"].items()
    ]


def _key_parameter(route: Route) -> list[Mapping[str, Any]]:
    if not (route.writes and route.once):
        return []
    return [{"name": "Idempotency-Key", "in": "header", "schema": {"type": "string", "maxLength": 128}}]


def _status(route: Route) -> str:
    return "204" if route.answer is NoneType else "200"


def _answer(route: Route, refs: Mapping[Any, Any]) -> Mapping[str, Any]:
    if route.answer is NoneType:
        return {"description": "Done"}
    if route.streams:
        return {"description": "A stream", "content": {"text/event-stream": {"schema": {"type": "string"}}}}
    if route.raw:
        binary = {"schema": {"type": "string", "format": "binary"}}
        return {"description": "The file", "content": {"application/octet-stream": binary}}
    return {"description": "Done", "content": {"application/json": {"schema": refs[route.answer]}}}
