"""Ids and cursors that no row can have, on every route that takes some: no error of ours comes of them."""

from __future__ import annotations

import logging
import os
import re
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec
import pytest
from aiohttp import ClientSession, UnixConnector
from msgspec import inspect

from swarmnode.api import local
from swarmnode.api.ports import MemoryAnswers
from swarmnode.api.route import Route
from swarmnode.api.server import Api, serve
from swarmnode.api.table import ROUTES
from swarmnode.app.node import LocalNode
from swarmnode.app.stores import Stores
from swarmnode.config import load
from swarmnode.delivery.clock import clock
from swarmnode.storage.home import Home

HUGE = str(1 << 63)
"""One more than a row's number can be."""
IDS = ["9" * 5_000, *(sign + HUGE for sign in ("", "b", "p", "~", "r", "m", "post"))]
ASKED = [route for route in ROUTES if "{" in route.path or (route.query and not route.streams)]


@pytest.fixture
async def screen(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ClientSession]:
    """The owner, at a node that has just been made."""
    monkeypatch.setitem(os.environ, "SWARMNODE_TEST_WEAK_KEYS", "1")
    with tempfile.TemporaryDirectory(prefix="sn") as folder, Home(Path(folder)) as home:
        stores = Stores()
        node = LocalNode(load(home.path, {}).config, home, stores, role=None)
        await node.create("ada", "p", None, None)
        api = Api(node, tokens=stores.tokens, answers=MemoryAnswers(), clock=clock, entropy=os.urandom)
        async with (
            serve(api, home=home.path, host="127.0.0.1", port=0),
            ClientSession(
                "http://localhost", connector=UnixConnector(str(home.path / local.NAME))
            ) as session,
        ):
            yield session
        await node.stop()


def value_of(kind: inspect.Type, text: str) -> Any:
    """A value that a route takes there, with this text wherever it can stand."""
    match kind:
        case inspect.StrType(max_length=most):
            return text[:most]
        case inspect.BoolType():
            return True
        case inspect.IntType(ge=least):
            return least or 0
        case inspect.LiteralType(values=values):
            return values[0]
        case inspect.UnionType(types=kinds):
            return value_of(kinds[0], text)
        case inspect.VarTupleType(item_type=inside):
            return [value_of(inside, text)]
        case inspect.StructType(fields=fields):
            return {field.encode_name: value_of(field.type, text) for field in fields if field.required}
    return None


async def status(screen: ClientSession, route: Route, text: str) -> int:
    path = re.sub(r"{\w+}", quote(text), route.path)
    body = value_of(inspect.type_info(route.body), text) if route.body else None
    query = {}
    if route.query is not None:
        fields = msgspec.structs.fields(route.query)
        query = {
            field.encode_name: text for field in fields if field.encode_name in {"after", "before", "cursor"}
        }
    async with screen.request(route.method, f"/api/v1{path}", params=query, json=body) as answer:
        return answer.status


async def test_no_number_is_too_large_to_ask_for(
    screen: ClientSession, caplog: pytest.LogCaptureFixture
) -> None:
    for route in ASKED:
        for text in IDS:
            assert await status(screen, route, text) != 500, (route.method, route.path, text[:30])
    assert not [record.message for record in caplog.records if record.levelno >= logging.ERROR]
