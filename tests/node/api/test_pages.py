"""The web client's files: what is served, how long browsers keep it, and what stands there without one."""

import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from api_world import World, api_world

from swarmnode.api.guard import CSP


@pytest.fixture
async def built(tmp_path: Path) -> AsyncIterator[World]:
    page = tmp_path / "dist"
    (page / "assets").mkdir(parents=True)
    (page / "index.html").write_text("the page")
    (page / "icons.svg").write_text("<svg/>")
    (page / "assets" / "main-1a2b.js").write_text("start()")
    (tmp_path / "secret.txt").write_text("not for you")
    with tempfile.TemporaryDirectory(prefix="sn") as home:
        async with api_world(Path(home), pages=(tmp_path / "absent", page)) as world:
            yield world


async def get(world: World, path: str) -> tuple[int, str, str, str]:
    async with world.tcp.get(world.served.url + path) as answer:
        headers = answer.headers
        assert headers["Content-Security-Policy"] == CSP
        kind = headers["Content-Type"].partition(";")[0]
        return answer.status, kind, headers["Cache-Control"], await answer.text()


@pytest.mark.parametrize("path", ["/", "/chats/b12", "/settings"])
async def test_screens_are_the_clients_page(built: World, path: str) -> None:
    assert await get(built, path) == (200, "text/html", "no-cache", "the page")


async def test_what_is_named_by_its_hash_is_kept_for_good(built: World) -> None:
    status, kind, kept, text = await get(built, "/assets/main-1a2b.js")
    assert (status, kind, text) == (200, "text/javascript", "start()")
    assert "immutable" in kept
    assert (await get(built, "/icons.svg"))[1:3] == ("image/svg+xml", "no-cache")


@pytest.mark.parametrize(
    "path",
    ["/assets/main-0000.js", "/../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt", "/api/v1/nothing"],
)
async def test_nothing_else_is_served(built: World, path: str) -> None:
    status, kind, _, text = await get(built, path)
    assert (status, kind) == (404, "application/problem+json")
    assert "not for you" not in text


async def test_where_none_is_built_a_page_says_how(world: World) -> None:
    assert b"make web" in (await world.ask("GET", "/")).data
