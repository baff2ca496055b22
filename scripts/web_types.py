"""Write the types that the web client shares with the node, from the node's own OpenAPI description.

Usage: web_types.py [FILE]        prints, or writes into the file

A route is called by its method and path; `Routes` says what it takes and answers with. Answers always hold
all of their members, requests may leave out those with a default.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from swarmnode.api import PREFIX
from swarmnode.api.openapi import document
from swarmnode.domain.events import EVENTS

HEAD = "// Made by scripts/web_types.py from the node's API. Do not edit: `make web-types` writes it anew.\n"
PLAIN = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean", "null": "null"}

Schema = Mapping[str, Any]


def identifier(name: str) -> str:
    """A schema's name. Where two types are called the same, their modules tell them apart."""
    return "".join(part[0].upper() + part[1:] for part in name.split(".")[-2:])


def typescript(schema: Schema) -> str:
    """A schema as a type."""
    if "$ref" in schema:
        return identifier(str(schema["$ref"]).rsplit("/", 1)[1])
    if "enum" in schema:
        return " | ".join(json.dumps(value) for value in schema["enum"])
    if "anyOf" in schema:
        return " | ".join(map(typescript, schema["anyOf"]))
    kind = schema.get("type")
    if kind == "array":
        if "prefixItems" in schema:
            return f"readonly [{', '.join(map(typescript, schema['prefixItems']))}]"
        inner = typescript(schema["items"])
        return f"readonly ({inner})[]" if " " in inner else f"readonly {inner}[]"
    if kind == "object":
        return f"Readonly<Record<string, {typescript(schema['additionalProperties'])}>>"
    return PLAIN[str(kind)]


def declaration(name: str, schema: Schema, *, asked: bool) -> str:
    """A named schema; of what is `asked` only some members are required."""
    says = f"/** {schema['description']} */\n" if "description" in schema else ""
    if "properties" not in schema:
        return f"{says}export type {name} = {typescript(schema)}\n"
    needed = schema.get("required", []) if asked else schema["properties"]
    members = (
        f"  readonly {member}{'' if member in needed else '?'}: {typescript(of)}\n"
        for member, of in schema["properties"].items()
    )
    return f"{says}export interface {name} {{\n{''.join(members)}}}\n"


def body_of(operation: Mapping[str, Any]) -> Schema | None:
    """The schema of what a route takes."""
    content = operation.get("requestBody", {}).get("content", {})
    return content["application/json"]["schema"] if "application/json" in content else None


def answer_of(operation: Mapping[str, Any]) -> str:
    """The type of what a route answers with."""
    for kind, content in operation["responses"].get("200", {}).get("content", {}).items():
        return typescript(content["schema"]) if kind == "application/json" else "never"
    return "null"


def routes(described: Mapping[str, Any]) -> Iterator[str]:
    """Each route as a member of `Routes`."""
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            body = body_of(operation)
            takes = "undefined" if body is None else typescript(body)
            name = f"{method.upper()} {path.removeprefix(PREFIX)}"
            yield f"  '{name}': {{ body: {takes}; answer: {answer_of(operation)} }}\n"


def events() -> Iterator[str]:
    """Each event as a member of `Events`, with its data."""
    for name, event in EVENTS.items():
        data = [f"{field}: Datum" for field in event.data] + [f"{field}?: Datum" for field in event.sometimes]
        yield f"  '{name}': {{ {'; '.join(data)} }}\n" if data else f"  '{name}': Record<string, never>\n"


def write() -> str:
    """The whole file."""
    described = json.loads(document())
    operations = [operation for at in described["paths"].values() for operation in at.values()]
    asked = {typescript(body) for operation in operations if (body := body_of(operation))} | {"ErrorView"}
    asked |= {"NewAttachment"}  # the one that lies inside another request
    parts = [
        declaration(identifier(name), schema, asked=identifier(name) in asked)
        for name, schema in described["components"]["schemas"].items()
    ]
    return "\n".join(
        [
            HEAD,
            *parts,
            "export interface Routes {\n" + "".join(routes(described)) + "}\n",
            "export type Datum = string | number | boolean\n",
            "export interface Events {\n" + "".join(events()) + "}\n",
            "export const EVENTS = [\n" + "".join(f"  '{name}',\n" for name in EVENTS) + "] as const\n",
        ]
    )


if __name__ == "__main__":
    if len(sys.argv) > 1:
        Path(sys.argv[1]).write_text(write(), encoding="utf-8")
    else:
        print(write(), end="")
