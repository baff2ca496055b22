"""What a network can do wrong, on purpose: faults that a fake network plays on requests that match."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

GARBAGE = b'\xff\xfe{"items": [\x00\xc3('
"""Neither UTF-8 nor JSON."""


@dataclass(slots=True)
class Fault:
    """One thing that goes wrong `times` times, then no more."""

    kind: str
    """`drop`: the request is not handled and the line broken. `reset`: it is handled and the line broken.
    `half`: handled, half of the answer comes. `garbage`: handled, the answer makes no sense. `status`: not
    handled, this status. `delay`: handled after `value` seconds; `delay_answer`: answered then."""
    on: str = "any"
    """`read` for GET, `act` for all others, or `any`."""
    times: int = 1
    status: int = 0
    value: float = 0.0
    """Seconds of a delay, or of a `Retry-After`."""
    hits: int = 0

    def matches(self, request: web.Request) -> bool:
        """Whether it is to be played on this request."""
        kind = "read" if request.method == "GET" else "act"
        return self.hits < self.times and self.on in {"any", kind}


class Faults:
    """The faults that are to come, as a middleware of a web server."""

    def __init__(self) -> None:
        self.waiting: list[Fault] = []

    def add(
        self, kind: str, *, on: str = "any", times: int = 1, status: int = 0, value: float = 0.0
    ) -> Fault:
        """Play a fault on the next requests that match; its `hits` count them."""
        fault = Fault(kind, on, times, status, value)
        self.waiting.append(fault)
        return fault

    def clear(self) -> None:
        """No more faults."""
        self.waiting.clear()

    async def play(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer a request, or not."""
        fault = next((f for f in self.waiting if f.matches(request)), None)
        if fault is None:
            return await handler(request)
        await request.read()  # so that it is handled even if who asks goes away meanwhile
        fault.hits += 1
        match fault.kind:
            case "delay":
                await asyncio.sleep(fault.value)
                return await handler(request)
            case "status":
                headers = {"Retry-After": str(int(fault.value))} if fault.value else {}
                return web.json_response({"error": "a fault"}, status=fault.status, headers=headers)
            case "drop":
                return _broken(request)
        answer = await handler(request)
        if fault.kind == "delay_answer":
            await asyncio.sleep(fault.value)
            return answer
        if fault.kind == "reset" or not isinstance(answer, web.Response):
            return _broken(request)
        body = answer.body if isinstance(answer.body, bytes) else b""
        if fault.kind == "garbage":
            return web.Response(body=GARBAGE, content_type="application/json")
        broken = web.StreamResponse(headers={"Content-Length": str(len(body))})
        with suppress(ConnectionError):  # who asked may have gone away
            await broken.prepare(request)
            await broken.write(body[: len(body) // 2])
        return _broken(request, broken)


def _broken(request: web.Request, begun: web.StreamResponse | None = None) -> web.StreamResponse:
    """Break the line; what is returned does not arrive."""
    if request.transport is not None:
        request.transport.abort()
    return begun or web.Response()
