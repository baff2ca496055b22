"""`api.Http` with aiohttp, over whatever connects: a bridge's web client.

    client = Client(context.connect, read=context.read, clock=Clock())
    reply = await client.get("https://example.org/api", params={"after": "7"})

What may have been accepted is `Interrupted`, what for certain was not `Temporary`: nothing has left while
there is no connection. Errors name statuses, never addresses or words of the server, for those may hold
tokens and what people wrote.
"""

from __future__ import annotations

import asyncio
import email.utils
import io
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from socket import socket
from typing import Any

import aiohttp
import msgspec
from aiohttp.client_proto import ResponseHandler
from yarl import URL

from . import api
from .api import LocalFile
from .tls import encrypted

Connect = Callable[[str, int], Awaitable[socket]]
Pairs = Mapping[str, str] | Sequence[tuple[str, str]]

CONNECT_S = 30.0
"""For a connection, TLS included."""
KEPT_S = 4.0
"""An idle connection is not used again after this: servers that close theirs after 5 s would make it unknown
whether what was sent at that moment has arrived."""
CONNECTIONS = 20
WHOLE_BYTES = 1 << 20
"""A larger body is sent in pieces: in one, nothing else would run meanwhile."""
READS = frozenset({"GET", "HEAD", "OPTIONS"})
MOVED = frozenset({301, 302, 303, 307, 308})


class _Connector(aiohttp.BaseConnector):
    """Connections come from `connect`; only TLS is made here. No proxy, no names, no addresses."""

    def __init__(self, connect: Connect, *, once: bool) -> None:
        if once:
            super().__init__(force_close=True, limit=CONNECTIONS)
        else:
            super().__init__(keepalive_timeout=KEPT_S, limit=CONNECTIONS)
        self._connect_to = connect
        self._tls: ssl.SSLContext | None = None

    async def _create_connection(
        self,
        req: aiohttp.ClientRequest,
        traces: list[Any],  # noqa: ARG002 - the base class names them
        timeout: aiohttp.ClientTimeout,  # noqa: ARG002, ASYNC109
    ) -> ResponseHandler:
        host, port = req.url.raw_host, req.url.port
        if host is None or port is None:
            raise api.Refused("an address without a host")
        if req.is_ssl() and self._tls is None:
            self._tls = ssl.create_default_context()
        context = self._tls if req.is_ssl() else None
        try:
            async with asyncio.timeout(CONNECT_S):
                line = await self._connect_to(host, port)
                line.setblocking(False)
                if context is not None:
                    return (await encrypted(line, self._factory, context, host))[1]
                loop = asyncio.get_running_loop()
                return (await loop.create_connection(self._factory, sock=line))[1]
        except (OSError, TimeoutError) as e:
            raise api.Temporary(f"no connection ({type(e).__name__})") from None


@dataclass(slots=True)
class Reply:
    """See `api.Reply`."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    url: str = field(repr=False)

    def json(self) -> Any:
        """See `api.Reply`."""
        try:
            return msgspec.json.decode(self.body)
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            raise api.Temporary("the server answered something else than JSON") from None


class Stream:
    """See `api.Stream`."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self.status = response.status
        self.headers: Mapping[str, str] = _lower(response)
        self._response = response

    async def chunks(self) -> AsyncIterator[bytes]:
        """See `api.Stream`."""
        with _line(may_repeat=False):
            async for chunk in self._response.content.iter_any():
                yield chunk


class Socket:
    """See `api.Socket`."""

    def __init__(self, line: aiohttp.ClientWebSocketResponse) -> None:
        self._line = line

    async def send(self, text: str) -> None:
        """See `api.Socket`. Raises Interrupted when the line is gone."""
        with _line(may_repeat=False):
            await self._line.send_str(text)

    async def messages(self) -> AsyncIterator[str | bytes]:
        """See `api.Socket`."""
        with _line(may_repeat=False):
            async for message in self._line:
                if message.type is aiohttp.WSMsgType.ERROR:
                    break
                yield message.data
        if self._line.close_code in {None, aiohttp.WSCloseCode.ABNORMAL_CLOSURE}:
            raise api.Interrupted("the line broke")


class Client:
    """See `api.Http`. To be closed.

    What has the header `Connection: close` goes over a connection of its own: for servers that close theirs
    without saying so, after which it is unknown whether what was sent has arrived.
    """

    def __init__(
        self, connect: Connect, *, read: Callable[[LocalFile], Awaitable[bytes]], clock: api.Clock
    ) -> None:
        self._connect, self._read, self._clock = connect, read, clock
        self._made: dict[bool, aiohttp.ClientSession] = {}

    def _session(self, headers: Mapping[str, str] | None) -> aiohttp.ClientSession:
        once = (headers or {}).get("Connection") == "close"
        if once not in self._made:
            self._made[once] = aiohttp.ClientSession(
                connector=_Connector(self._connect, once=once),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": "swarmnode"},
            )
        return self._made[once]

    async def close(self) -> None:
        """Close all connections."""
        for session in self._made.values():
            await session.close()

    async def get(self, url: str, **options: Any) -> Reply:
        """See `api.Http`."""
        return await self.request("GET", url, **options)

    async def post(self, url: str, **options: Any) -> Reply:
        """See `api.Http`."""
        return await self.request("POST", url, **options)

    async def request(
        self,
        method: str,
        url: str,
        *,
        params: Pairs | None = None,
        headers: Mapping[str, str] | None = None,
        json: Any = None,
        form: Pairs | None = None,
        body: bytes | None = None,
        files: Sequence[tuple[str, LocalFile]] = (),
        idempotency: str = "",
        allow: frozenset[int] = frozenset(),
        timeout_s: float = 60.0,
        max_bytes: int = 10_000_000,
    ) -> Reply:
        """See `api.Http`. `json`, `form` (with or without `files`) and `body` exclude each other."""
        may_repeat = method in READS or bool(idempotency)
        sent = dict(headers or {})
        data: Any = io.BytesIO(body) if body is not None and len(body) > WHOLE_BYTES else body
        if idempotency:
            sent["Idempotency-Key"] = idempotency
        if json is not None:
            data = msgspec.json.encode(json)
            sent.setdefault("Content-Type", "application/json")
        elif files:
            data = await self._multipart(form, files)
        elif form is not None:
            data = aiohttp.FormData(list(_pairs(form)))
        with _line(may_repeat=may_repeat):
            async with self._session(sent).request(
                method,
                _url(url),
                params=None if params is None else list(_pairs(params)),
                headers=sent,
                data=data,
                timeout=aiohttp.ClientTimeout(total=timeout_s),
                allow_redirects=MOVED.isdisjoint(allow),
            ) as response:
                self._refuse(response, allow, may_repeat=may_repeat)
                received = await _bounded(response, max_bytes, may_repeat=may_repeat)
                return Reply(response.status, _lower(response), received, str(response.url))

    @asynccontextmanager
    async def stream(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None, timeout_s: float = 90.0
    ) -> AsyncIterator[Stream]:
        """See `api.Http`."""
        timeout = aiohttp.ClientTimeout(total=None, sock_read=timeout_s)
        may_repeat = method in READS
        with _line(may_repeat=may_repeat):
            response = await self._session(headers).request(
                method, _url(url), headers=headers, timeout=timeout
            )
        async with response:
            self._refuse(response, frozenset(), may_repeat=may_repeat)
            yield Stream(response)

    @asynccontextmanager
    async def websocket(
        self, url: str, *, headers: Mapping[str, str] | None = None, timeout_s: float = 90.0
    ) -> AsyncIterator[Socket]:
        """See `api.Http`."""
        try:
            with _line(may_repeat=True):
                line = await self._session(None).ws_connect(
                    _url(url), headers=headers, heartbeat=timeout_s / 2
                )
        except aiohttp.WSServerHandshakeError as e:
            self._refuse(e, frozenset(), may_repeat=True)
            raise api.Temporary("the server does not open a WebSocket") from None
        async with line:
            yield Socket(line)

    async def _multipart(
        self, form: Pairs | None, files: Sequence[tuple[str, LocalFile]]
    ) -> aiohttp.FormData:
        data = aiohttp.FormData(list(_pairs(form or ())))
        for name, file in files:
            data.add_field(name, await self._read(file), filename=file.name, content_type=file.media_type)
        return data

    def _refuse(
        self,
        response: aiohttp.ClientResponse | aiohttp.WSServerHandshakeError,
        allow: frozenset[int],
        *,
        may_repeat: bool,
    ) -> None:
        """Raise what a status stands for."""
        status = response.status
        if status < 300 or status in allow:
            return
        text = f"the server answered {status}"
        match status:
            case 401:
                raise api.AuthExpired(text)
            case 404 | 410:
                raise api.Gone(text)
            case 429:
                named = response.headers.get("Retry-After", "") if response.headers else ""
                raise api.Limited(text, wait_s=self._wait(named))
            case 503:
                raise api.Temporary(text)
            case _ if status >= 500:
                raise api.Temporary(text) if may_repeat else api.Interrupted(text)
            case _:
                raise api.Refused(text)

    def _wait(self, named: str) -> float | None:
        """Seconds of a `Retry-After`, which are a number or a date (RFC 9110 §10.2.3)."""
        if named.isascii() and named.isdigit() and len(named) < 10:
            return float(named)
        try:
            at = email.utils.parsedate_to_datetime(named).timestamp()
        except (ValueError, OverflowError):
            return None
        return max(0.0, at - self._clock.now())


async def server_sent(stream: api.Stream, *, max_bytes: int = 1_000_000) -> AsyncIterator[tuple[str, str]]:
    """Names and data of a stream of server-sent events (WHATWG HTML §9.2).

    Raises:
        Interrupted: the line broke.
        Refused: an event is longer than `max_bytes`.
    """
    name, data, rest, size = "message", list[bytes](), b"", 0
    async for chunk in stream.chunks():
        *lines, rest = (rest + chunk).split(b"\n")
        size += len(chunk)
        for line in map(bytes.rstrip, lines):
            if not line:
                if data:
                    yield name, b"\n".join(data).decode(errors="replace")
                name, data, size = "message", [], len(rest)
                continue
            key, _, value = line.partition(b":")
            value = value.removeprefix(b" ")
            if key == b"event":
                name = value.decode(errors="replace")
            elif key == b"data":
                data.append(value)
        if size > max_bytes:
            raise api.Refused("an event is too long")


@contextmanager
def _line(*, may_repeat: bool) -> Iterator[None]:
    """Turn what aiohttp raises into errors of the contract."""
    try:
        yield
    except (aiohttp.InvalidURL, aiohttp.TooManyRedirects):
        raise api.Refused("not an address that can be asked") from None
    except aiohttp.WSServerHandshakeError:
        raise
    except (aiohttp.ClientError, OSError, TimeoutError) as e:
        text = f"the line broke ({type(e).__name__})"
        raise (api.Temporary(text) if may_repeat else api.Interrupted(text)) from None


async def _bounded(response: aiohttp.ClientResponse, most: int, *, may_repeat: bool) -> bytes:
    received = bytearray()
    async for chunk in response.content.iter_any():
        received += chunk
        if len(received) > most:
            text = "the answer is too large"
            raise api.Refused(text) if may_repeat else api.Interrupted(text)
    return bytes(received)


def _url(url: str) -> URL:
    try:
        known = URL(url)
    except (ValueError, UnicodeError):
        raise api.Refused("not an address that can be asked") from None
    if known.scheme not in {"http", "https", "ws", "wss"} or not known.raw_host:
        raise api.Refused("not an address that can be asked")
    return known


def _pairs(pairs: Pairs) -> Sequence[tuple[str, str]]:
    return list(pairs.items()) if isinstance(pairs, Mapping) else list(pairs)


def _lower(response: aiohttp.ClientResponse) -> dict[str, str]:
    """Headers by name; what came in several lines is one list (RFC 9110 §5.3)."""
    names = {name.lower() for name in response.headers}
    return {name: ", ".join(response.headers.getall(name)) for name in names}
