"""The description of the API fits what the API does."""

from __future__ import annotations

import json
from typing import Any

from api_world import World
from double_node import ANA

from swarmnode.api.openapi import document
from swarmnode.api.table import ROUTES


def described() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(document())
    return found


def references(value: object) -> set[str]:
    if isinstance(value, dict):
        own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
        return own.union(*map(references, value.values()))
    return set().union(*map(references, value)) if isinstance(value, list) else set()


def test_every_route_is_described_once() -> None:
    said = {(method.upper(), path) for path, methods in described()["paths"].items() for method in methods}
    assert said == {(route.method, "/api/v1" + route.path) for route in ROUTES}
    assert len(said) == len(ROUTES)
    names = [
        operation["operationId"] for path in described()["paths"].values() for operation in path.values()
    ]
    assert len(set(names)) == len(names)


def test_every_reference_leads_somewhere() -> None:
    found = described()
    there = {f"#/components/schemas/{name}" for name in found["components"]["schemas"]}
    assert references(found) == there, "no schema is left over, none is missing"


def test_names_in_paths_are_described() -> None:
    for path, methods in described()["paths"].items():
        for operation in methods.values():
            named = {p["name"] for p in operation["parameters"] if p["in"] == "path"}
            assert named == {part[1:-1] for part in path.split("/") if part.startswith("{")}


async def test_answers_have_the_fields_that_are_described(world: World) -> None:
    found = (await world.ask("GET", "/openapi.json")).json
    message = (await world.own("POST", f"/chats/{ANA.chat}/messages", {"text": "hi"})).json
    schemas = found["components"]["schemas"]
    assert set(message) == set(schemas["MessageView"]["properties"])
    status = (await world.own("GET", "/status")).json
    assert set(status) == set(schemas["StatusView"]["properties"])
    problem = (await world.own("GET", "/contacts/nobody")).json
    assert set(problem) <= set(schemas["ErrorView"]["properties"])
