"""The web client against a server on loopback that answers, refuses, stalls and breaks off."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from email.utils import formatdate
from socket import socket

import pytest
from aiohttp import web
from bridge_desk import DeskInMemory
from ports import held_port

from swarm_bridges import api
from swarm_bridges.api import AccountId, LocalFile
from swarm_bridges.http import Client, server_sent

NOW = 1_800_000_000.0
ACCOUNT = AccountId("a1")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Clock:
    def now(self) -> float:
        return NOW

    def monotonic(self) -> float:
        return 5.0


class World:
    """A server, and a client that reaches it through a desk."""

    def __init__(self, base: str, desk: DeskInMemory, client: Client) -> None:
        self.base, self.desk, self.client = base, desk, client


@asynccontextmanager
async def world(handler: Handler) -> AsyncIterator[World]:
    desk = DeskInMemory()
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", handler)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]

    async def connect(host: str, port: int) -> socket:
        return await desk.connect(ACCOUNT, host, port)

    async def read(file: LocalFile) -> bytes:
        return await desk.read(ACCOUNT, file)

    client = Client(connect, read=read, clock=Clock())
    try:
        yield World(f"http://localhost:{port}", desk, client)
    finally:
        await client.close()
        await runner.cleanup()


def says(status: int, headers: dict[str, str] | None = None) -> Handler:
    async def handler(_: web.Request) -> web.Response:
        return web.Response(status=status, headers=headers, text="hunter2")

    return handler


async def test_what_is_asked_arrives_and_what_is_answered_comes_back() -> None:
    async def handler(request: web.Request) -> web.Response:
        asked = await request.json() if request.method == "POST" else None
        answer = {"method": request.method, "query": dict(request.query), "asked": asked}
        return web.json_response(
            answer, headers={"X-Cursor": "7", "Key": request.headers.get("Idempotency-Key", "")}
        )

    async with world(handler) as here:
        got = await here.client.get(f"{here.base}/updates", params={"after": "ü 1"})
        assert got.json() == {"method": "GET", "query": {"after": "ü 1"}, "asked": None}
        assert got.headers["x-cursor"] == "7"
        sent = await here.client.post(f"{here.base}/send", json={"text": "hi"}, idempotency="k1")
        assert sent.json()["asked"] == {"text": "hi"}
        assert sent.headers["key"] == "k1"
        host, port = here.base.removeprefix("http://").split(":")
        assert here.desk.reached[0] == (ACCOUNT, host, int(port))


async def test_a_large_body_arrives_whole() -> None:
    async def handler(request: web.Request) -> web.Response:
        sizes = [len(piece) async for piece in request.content.iter_any()]
        return web.json_response([sum(sizes), request.headers["Content-Length"]])

    async with world(handler) as here:
        size = 3_000_000
        put = await here.client.request("PUT", here.base, body=bytes(size), idempotency="k1")
        assert put.json() == [size, str(size)]


async def test_forms_and_files() -> None:
    async def handler(request: web.Request) -> web.Response:
        form = await request.post()
        parts = {
            name: (p.filename, p.file.read().decode()) if isinstance(p, web.FileField) else p
            for name, p in form.items()
        }
        return web.json_response(parts)

    async with world(handler) as here:
        here.desk.of(ACCOUNT).files["f1"] = b"png"
        plain = await here.client.post(here.base, form=[("a", "1"), ("b", "2")])
        assert plain.json() == {"a": "1", "b": "2"}
        picture = LocalFile(id="f1", name="p.png", media_type="image/png", size_bytes=3)
        both = await here.client.post(here.base, form={"description": "a picture"}, files=[("file", picture)])
        assert both.json() == {"description": "a picture", "file": ["p.png", "png"]}


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (401, api.AuthExpired),
        (403, api.Refused),
        (404, api.Gone),
        (410, api.Gone),
        (422, api.Refused),
        (429, api.Limited),
        (503, api.Temporary),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_statuses_become_errors(method: str, status: int, error: type[api.BridgeError]) -> None:
    async with world(says(status)) as here:
        with pytest.raises(api.BridgeError) as raised:
            await here.client.request(method, here.base)
        assert type(raised.value) is error
        assert str(status) in str(raised.value)
        assert "hunter2" not in str(raised.value)
        assert here.base not in str(raised.value)
        allowed = await here.client.request(method, here.base, allow=frozenset({status}))
        assert (allowed.status, allowed.body) == (status, b"hunter2")


@pytest.mark.parametrize(
    ("method", "key", "error"),
    [("GET", "", api.Temporary), ("POST", "", api.Interrupted), ("POST", "k1", api.Temporary)],
)
async def test_whether_something_was_accepted_is_unknown_unless_it_may_be_repeated(
    method: str, key: str, error: type[api.BridgeError]
) -> None:
    async def breaks_off(request: web.Request) -> web.Response:
        assert request.transport is not None
        await request.read()
        request.transport.close()
        return web.Response()

    async def stalls(_: web.Request) -> web.Response:
        await asyncio.sleep(30)
        return web.Response()

    async def half(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"Content-Length": "100"})
        await answer.prepare(request)
        await answer.write(b"half")
        assert request.transport is not None
        request.transport.close()
        return answer

    for handler, patience_s in ((says(500), 30), (says(502), 30), (breaks_off, 30), (half, 30), (stalls, 1)):
        async with world(handler) as here:
            with pytest.raises(api.BridgeError) as raised:
                await here.client.request(method, here.base, idempotency=key, timeout_s=patience_s)
            assert type(raised.value) is error, handler


async def test_without_a_connection_nothing_was_accepted() -> None:
    async with world(says(200)) as here:
        with pytest.raises(api.Refused):
            await here.client.post("http://forbidden.example/")
        with pytest.raises(api.Temporary):
            await here.client.post(f"http://localhost:{held_port()}/")
        with pytest.raises(api.Temporary):  # there is no TLS
            await here.client.post(here.base.replace("http", "https"))


@pytest.mark.parametrize(
    ("named", "wait_s"),
    [
        ("12", 12.0),
        (formatdate(NOW + 90, usegmt=True), 90.0),
        (formatdate(NOW - 90, usegmt=True), 0.0),
        ("soon", None),
        ("-5", None),
        ("9" * 400, None),
        ("", None),
    ],
)
async def test_the_wait_that_a_server_names(named: str, wait_s: float | None) -> None:
    async with world(says(429, {"Retry-After": named})) as here:
        with pytest.raises(api.Limited) as raised:
            await here.client.get(here.base)
        assert raised.value.wait_s == wait_s


async def test_answers_have_bounds() -> None:
    async def large(_: web.Request) -> web.Response:
        answer = web.Response(body=bytes(200_000))
        answer.enable_compression()
        return answer

    async with world(large) as here:
        assert len((await here.client.get(here.base)).body) == 200_000
        with pytest.raises(api.Refused):
            await here.client.get(here.base, max_bytes=100_000)
        with pytest.raises(api.Interrupted):
            await here.client.post(here.base, max_bytes=100_000)


async def test_a_redirect_is_a_connection_of_its_own_and_loops_end() -> None:
    async def around(request: web.Request) -> web.Response:
        where = "http://forbidden.example/" if request.path == "/away" else "/again"
        raise web.HTTPFound(where)

    async with world(around) as here:
        with pytest.raises(api.Refused, match="not allowed"):
            await here.client.get(f"{here.base}/away")
        with pytest.raises(api.Refused):
            await here.client.get(here.base)


async def test_another_origin_is_given_no_token() -> None:
    given = list[str | None]()

    async def around(request: web.Request) -> web.Response:
        given.append(request.headers.get("Authorization"))
        if request.path == "/there":
            return web.Response()
        raise web.HTTPFound(f"http://127.0.0.1:{request.url.port}/there")

    async with world(around) as here:
        await here.client.get(here.base, headers={"Authorization": "Bearer hunter2"})
    assert given == ["Bearer hunter2", None]


async def test_a_redirect_that_is_an_answer_is_not_followed() -> None:
    async def moved(_: web.Request) -> web.Response:
        raise web.HTTPMovedPermanently("/new")

    async with world(moved) as here:
        reply = await here.client.get(here.base, allow=frozenset({301}))
        assert (reply.status, reply.headers["location"]) == (301, "/new")


async def test_headers_of_several_lines_are_one_list() -> None:
    async def links(_: web.Request) -> web.Response:
        answer = web.Response()
        answer.headers.add("Link", "<a>; rel=hub")
        answer.headers.add("Link", "<b>; rel=self")
        return answer

    async with world(links) as here:
        assert (await here.client.get(here.base)).headers["link"] == "<a>; rel=hub, <b>; rel=self"


@pytest.mark.parametrize(
    "url", ["ftp://localhost/", "/path", "http://", "http://[", "file:///etc/passwd", ""]
)
async def test_what_is_no_address_is_refused(url: str) -> None:
    async with world(says(200)) as here:
        with pytest.raises(api.Refused):
            await here.client.get(url)


async def test_json_that_is_none() -> None:
    async with world(says(200)) as here:
        with pytest.raises(api.Temporary):
            (await here.client.get(here.base)).json()


async def _events(request: web.Request) -> web.StreamResponse:
    answer = web.StreamResponse()
    await answer.prepare(request)
    for piece in (
        b": hello\n\nevent: upd",
        b"ate\ndata: one\ndata: two\n\n",
        b"data:three\r\n\r\n",
        b"data: lost",
    ):
        await answer.write(piece)
        await asyncio.sleep(0.01)
    if request.path == "/silent":
        await asyncio.sleep(30)
    assert request.transport is not None
    request.transport.abort()
    return answer


@pytest.mark.parametrize(("path", "silence_s"), [("/", 30.0), ("/silent", 1.0)])
async def test_server_sent_events_until_the_line_breaks(path: str, silence_s: float) -> None:
    seen: list[tuple[str, str]] = []

    async def follow(here: World) -> None:
        async with here.client.stream("GET", here.base + path, timeout_s=silence_s) as stream:
            async for event in server_sent(stream):
                seen.append(event)  # noqa: PERF401 - what came before it broke counts

    async with world(_events) as here:
        with pytest.raises(api.Interrupted):
            await follow(here)
    assert seen == [("update", "one\ntwo"), ("message", "three")]


async def test_an_event_without_end_is_refused() -> None:
    async def endless(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        while True:
            await answer.write(b"x" * 5000)

    async with world(endless) as here, here.client.stream("GET", here.base) as stream:
        with pytest.raises(api.Refused):
            async for _ in server_sent(stream, max_bytes=100_000):
                pass


async def test_a_stream_that_is_refused() -> None:
    async with world(says(401)) as here:
        with pytest.raises(api.AuthExpired):
            async with here.client.stream("GET", here.base):
                pass


async def _socket(request: web.Request) -> web.StreamResponse:
    line = web.WebSocketResponse()
    await line.prepare(request)
    async for message in line:
        if message.data == "break":
            assert request.transport is not None
            request.transport.abort()
        elif message.data == "close":
            await line.close()
        else:
            await line.send_str(f"heard {message.data}")
    return line


def _opened(here: World) -> AbstractAsyncContextManager[api.Socket]:
    return here.client.websocket(here.base.replace("http", "ws"))


async def test_a_websocket_that_closes_and_one_that_breaks() -> None:
    async with world(_socket) as here:
        async with _opened(here) as line:
            await line.send("hi")
            await line.send("close")
            assert [message async for message in line.messages()] == ["heard hi"]
        async with _opened(here) as line:
            await line.send("break")
            with pytest.raises(api.Interrupted):
                await anext(line.messages())


async def test_a_websocket_that_is_refused() -> None:
    async with world(says(403)) as here:
        with pytest.raises(api.Refused):
            async with _opened(here):
                pass
    async with world(says(200)) as here:
        with pytest.raises(api.Temporary):
            async with _opened(here):
                pass


async def test_what_has_the_header_close_goes_over_a_line_of_its_own() -> None:
    async with world(says(200)) as there:
        for headers in ({}, {}, {"Connection": "close"}, {"Connection": "close"}):
            await there.client.get(there.base, headers=headers)
        assert len(there.desk.reached) == 3
