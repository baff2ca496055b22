"""The HTTP server: from a request to a handler's call, and from its answer or error to bytes."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import msgspec
from aiohttp import web

from swarm_protocol.entropy import Entropy

from ..domain.time import Instant
from ..errors import Locked, NodeError, StorageError
from ..texts import language_of_header
from . import PREFIX, guard, hooks, local, problems
from .access import NOBODY, OWNER, Access, Gate, Scope
from .door import HTTP_LOG, STRANGER_S, Door, body_of
from .node import File, Node
from .once import Once, Reply, check_key
from .pages import PATH as PAGES
from .pages import Pages
from .ports import AnswerStore, TokenStore
from .route import Call, Route, Stream, Upload
from .streams import pump
from .table import ROUTES

logger = logging.getLogger(__name__)

SHUT_DOWN_S = 3.0
SHOWN_AS_IS = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "audio/ogg", "video/webm"})
"""Media types that a browser may show; all others come as bytes to save, since they could be programs."""


@dataclass(frozen=True, slots=True)
class Served:
    """Where the API is."""

    url: str
    port: int
    gate: Gate


class Api:
    """The API of one node."""

    def __init__(
        self,
        node: Node,
        *,
        tokens: TokenStore,
        answers: AnswerStore,
        clock: Callable[[], Instant],
        entropy: Entropy,
        allowed_hosts: Collection[str] = (),
        pages: Pages | None = None,
        stranger_s: float = STRANGER_S,
    ) -> None:
        self.node = node
        self.stranger_s = stranger_s
        self.pages = pages or Pages()
        self.gate = Gate(tokens, clock=clock, entropy=entropy)
        self.once = Once(answers)
        self.allowed = allowed_hosts
        self.stopping = asyncio.Event()

    def app(self) -> web.Application:
        """All routes behind the doors."""
        app = web.Application(middlewares=[self._door])
        app.on_response_prepare.append(_protect)
        app.on_shutdown.append(self._stop)
        app.router.add_get(f"{PREFIX}/openapi.json", self._openapi)
        app.router.add_route("*", hooks.PATH, self._hook)
        for route in ROUTES:
            app.router.add_route(route.method, PREFIX + route.path, self._endpoint(route))
        app.router.add_get(PAGES, self.pages.answer)
        return app

    async def _stop(self, _: web.Application) -> None:
        self.stopping.set()

    async def _openapi(self, _: web.Request) -> web.Response:
        from .openapi import document  # noqa: PLC0415 - a MiB, for programmers alone

        return web.Response(body=document(), content_type="application/json")

    async def _hook(self, request: web.Request) -> web.Response:
        return await hooks.take(self.node, request, within_s=self.stranger_s)

    @web.middleware
    async def _door(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """Let in who may come in, and turn every error into an answer."""
        language = _language(request)
        try:
            if not _over_socket(request):
                guard.check_host(request.host, self.allowed)
            return await handler(request)
        except NodeError as e:
            return _problem(e, language)
        except web.HTTPException as e:
            error = problems.NoSuchRoute("There is nothing here.", hint="See /api/v1/openapi.json.")
            return _problem(error, language, status=e.status)
        except (ConnectionError, asyncio.CancelledError):
            raise
        except Exception:
            # The path's template only: ids do not go into logs.
            where = request.match_info.route.resource
            logger.exception("request-failed", extra={"route": where.canonical if where else "none"})
            return _problem(problems.internal(), language)

    def _endpoint(self, route: Route) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def endpoint(request: web.Request) -> web.StreamResponse:
            access = await self._admit(route, request)
            call = Call(
                node=self.node,
                gate=self.gate,
                access=access,
                params=request.match_info,
                key=check_key(request.headers.get("Idempotency-Key", "")),
                last_event=_last_event(request),
                language=_language(request),
            )
            within_s = None if route.scope > Scope.PUBLIC else self.stranger_s
            arguments, body = await _arguments(route, request, within_s)
            if route.streams:
                return await self._stream(request, access, await route.handler(call, **arguments))
            if route.raw:
                return _file(await route.handler(call, **arguments))

            async def work() -> Reply:
                answer = await route.handler(call, **arguments)
                return (204, b"") if answer is None else (200, msgspec.json.encode(answer))

            if route.writes and route.once and call.key:
                asked = b"\0".join([route.method.encode(), request.path_qs.encode(), body])
                status, said = await self.once.do(
                    access.device, call.key, asked, self.gate.clock().wall_s, work
                )
            else:
                status, said = await work()
            response = web.Response(status=status, body=said or None)
            if said:
                response.content_type = "application/json"
            _set_cookie(request, response, call.cookie)
            return response

        return endpoint

    async def _admit(self, route: Route, request: web.Request) -> Access:
        """Find out who asks; raises NodeError unless they may ask this, from where they do."""
        if _over_socket(request):
            return OWNER
        try:
            access = await self.gate.who(
                request.headers.get("Authorization", ""), request.cookies.get(guard.COOKIE, "")
            )
        except Locked:  # tokens lie in the store: only what opens it goes on
            if route.scope > Scope.PUBLIC:
                raise
            access = NOBODY
        if route.writes or route.streams:
            guard.check_origin(access, request.headers, self.allowed, writes=route.writes)
        access.require(route.scope)
        if route.writes and route.scope:
            guard.check_csrf(access, request.headers)
        return access

    async def _stream(self, request: web.Request, access: Access, lines: Stream) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(b": here\n\n")
        try:
            await pump(lines, response.write, self.stopping, self.gate.end_of(access.device))
        except* ConnectionError:
            pass  # the listener has gone
        return response


async def _arguments(
    route: Route, request: web.Request, within_s: float | None
) -> tuple[dict[str, object], bytes]:
    """Read what the handler takes, and the body that it was in."""
    arguments: dict[str, object] = {}
    data = b""
    if route.query is not None:
        try:
            arguments["query"] = msgspec.convert(dict(request.query), route.query, strict=False)
        except msgspec.ValidationError as e:
            raise problems.wrong_shape(e, "query") from None
    elif request.query:
        raise problems.BadRequest("This route takes no query.", where="query")
    if route.uploads:
        if request.content_type != "application/octet-stream":
            raise problems.BadRequest("The body is to be a file.", where="Content-Type")
        arguments["upload"] = _pieces(request, route.limit)
    if route.body is not None:
        if request.content_type != "application/json":
            raise problems.NotJson("The body is to be JSON.", hint="Send Content-Type: application/json.")
        data = await body_of(request, route.limit, within_s=within_s)
        try:
            arguments["body"] = msgspec.json.decode(data, type=route.body)
        except msgspec.MsgspecError as e:
            raise problems.wrong_shape(e, "body") from None
    return arguments, data


async def _pieces(request: web.Request, limit: int) -> Upload:
    size = 0
    async for piece in request.content.iter_any():
        size += len(piece)
        if size > limit:
            raise problems.TooLarge(f"A file has at most {limit >> 20} MiB here.")
        yield piece


def _over_socket(request: web.Request) -> bool:
    sock = request.transport.get_extra_info("socket") if request.transport else None
    return sock is not None and sock.family == socket.AF_UNIX


def _last_event(request: web.Request) -> int | None:
    text = request.headers.get("Last-Event-ID", "")
    return int(text) if text.isdecimal() and len(text) < 19 else None


async def _protect(_: web.Request, response: web.StreamResponse) -> None:
    for name, value in guard.HEADERS.items():
        response.headers.setdefault(name, value)


def _language(request: web.Request) -> str:
    return language_of_header(request.headers.get("Accept-Language", ""))


def _problem(error: NodeError, language: str, *, status: int = 0) -> web.Response:
    response = web.Response(status=status or error.status, body=problems.as_json(error, language))
    response.headers["Content-Type"] = problems.CONTENT_TYPE
    retry = getattr(error, "retry_after", None)
    if retry is not None:
        response.headers["Retry-After"] = str(retry)
    return response


def _file(file: File) -> web.Response:
    kind = file.media_type if file.media_type in SHOWN_AS_IS else "application/octet-stream"
    headers = {
        "Content-Type": kind,
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(file.name, safe='')}",
        "Content-Security-Policy": "sandbox; default-src 'none'",
    }
    return web.Response(body=file.data, headers=headers)


def _set_cookie(request: web.Request, response: web.Response, secret: str | None) -> None:
    """Set or end the session's cookie. Behind a proxy the browser's own word says that it came by https."""
    if secret is None:
        return
    secure = request.secure or request.headers.get("Origin", "").startswith("https://")
    if secret:
        response.set_cookie(
            guard.COOKIE,
            secret,
            path=PREFIX,
            httponly=True,
            samesite="Strict",
            secure=secure,
            max_age=365 * 24 * 3600,
        )
    else:
        response.del_cookie(guard.COOKIE, path=PREFIX, httponly=True, samesite="Strict", secure=secure)


@asynccontextmanager
async def serve(api: Api, *, home: Path, host: str, port: int) -> AsyncIterator[Served]:
    """Serve an API on TCP and on the socket in the home, as long as the block lasts.

    Raises:
        StorageError: the address is taken, or the socket cannot be made.
    """
    runner = web.AppRunner(
        api.app(),
        access_log=None,
        logger=HTTP_LOG,
        shutdown_timeout=SHUT_DOWN_S,
        handler_cancellation=True,
        keepalive_timeout=30,
    )
    await runner.setup()
    assert runner.server is not None
    listener: asyncio.Server | None = None
    try:
        try:
            listener = await asyncio.get_running_loop().create_server(Door(runner.server), host, port)
        except OSError as e:
            raise StorageError(
                f"Nothing can listen on {host}:{port}: {e.strerror or 'it is no address here'}.",
                hint="Another node may run there: choose another one with --http HOST:PORT.",
            ) from e
        await web.SockSite(runner, local.listen(home)).start()
        bound = listener.sockets[0].getsockname()
        shown = f"[{bound[0]}]" if ":" in bound[0] else bound[0]
        yield Served(f"http://{shown}:{bound[1]}", bound[1], api.gate)
    finally:
        if listener is not None:
            listener.close()
        await runner.cleanup()
        (home / local.NAME).unlink(missing_ok=True)
