"""One end of the way between a node and a bridge's process: asks, and answers what it is asked.

    async with asyncio.TaskGroup() as tasks:
        channel = Channel(reader, writer, asks=wire.DESK, serves=wire.CALLER, serve=serve)
        tasks.create_task(channel.run())
        await channel.ask("cursor", account)

Both ends are alike, but for how much they read: the node trusts no process. Who answers is given as `serve`;
what else comes (`Beat`, `Note`, `Ready`) goes to `heard`.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from . import wire
from .api import AccountId, Interrupted


@dataclass(frozen=True, slots=True)
class Asked:
    """What the other side wants, under its number for that."""

    number: int
    verb: str
    account: AccountId
    arguments: Mapping[str, Any] = field(repr=False)


Serve = Callable[[Asked], Awaitable[Any]]

MOST_SERVED = 256
"""Asks of one process that are under way. A process that has more is not waiting for answers."""
MOST_ASKED = 128
"""Asks that this side has under way; others wait here."""


class Channel:
    """One end. After `run` has ended, everything that is asked is `Interrupted`."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        asks: wire.Verbs,
        serves: wire.Verbs,
        serve: Serve,
        heard: Callable[[wire.Frame], None] = lambda _: None,
        reads: int = wire.MAX_FRAME,
        writes: int = wire.MAX_FRAME,
        most_held: float = math.inf,
    ) -> None:
        """How many bytes frames may have that come, and that go. While asks hold too many, none is read."""
        self._reader, self._writer = reader, writer
        self._asks, self._serves, self._serve, self._heard = asks, serves, serve, heard
        self._waiting: dict[int, tuple[wire.Verb, asyncio.Future[Any]]] = {}
        self._served: dict[int, asyncio.Task[None]] = {}
        self._room = asyncio.Semaphore(MOST_ASKED)
        self._last = 0
        self._reads, self._writes, self._most_held = reads, writes, most_held
        self._held = 0
        self._less = asyncio.Event()
        self.over = False
        """Whether the other side is gone."""

    async def run(self) -> None:
        """Read until the other side is gone.

        Raises:
            Broken: it sent what it must not.
        """
        broken = None
        try:
            async with asyncio.TaskGroup() as tasks:
                try:
                    while (frame := await self._read()) is not None:
                        self._take(frame, tasks)
                        while self._held > self._most_held:
                            self._less.clear()
                            await self._less.wait()
                except wire.Broken as e:
                    broken = e
                finally:
                    self._end()
        finally:
            self._end()
        if broken is not None:
            raise broken

    def _end(self) -> None:
        self.over = True
        self._writer.close()
        for task in self._served.values():
            task.cancel()
        for _, waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(Interrupted("the other side is gone"))

    async def _read(self) -> wire.Frame | None:
        try:
            head = await self._reader.readexactly(wire.LENGTH_BYTES)
            return wire.decode(await self._reader.readexactly(wire.length(head, self._reads)))
        except (EOFError, OSError):
            return None

    def _take(self, frame: wire.Frame, tasks: asyncio.TaskGroup) -> None:
        match frame:
            case wire.Ask():
                if frame.id in self._served or len(self._served) >= MOST_SERVED:
                    raise wire.Broken("too much is asked at once")
                if (verb := self._serves.get(frame.verb)) is None:
                    raise wire.Broken("an unknown verb")
                asked = Asked(frame.id, frame.verb, frame.account, verb.unpack(frame.arguments))
                size = memoryview(frame.arguments).nbytes
                self._held += size
                answering = self._served[frame.id] = tasks.create_task(self._answer(asked))
                # One that is cancelled at once never runs, and so could not count itself out.
                answering.add_done_callback(lambda _: self._answered(asked.number, size))
            case wire.Cancel():
                if (task := self._served.get(frame.id)) is not None:
                    task.cancel()
            case wire.Answer() | wire.Failure():
                asking, waiting = self._waiting.get(frame.id, (None, None))
                if asking is None or waiting is None or waiting.done():
                    return  # it was not waited for any more
                if isinstance(frame, wire.Failure):
                    waiting.set_exception(wire.raised(frame))
                else:
                    waiting.set_result(asking.result(frame.result))
            case _:
                self._heard(frame)

    async def _answer(self, asked: Asked) -> None:
        try:
            result = wire.raw(await self._serve(asked))
            data = wire.encode(wire.Answer(asked.number, result), self._writes)
        except Exception as e:  # noqa: BLE001 - whatever was raised is the answer
            data = wire.encode(wire.failure(asked.number, e))
        await self._send(data)

    def _answered(self, number: int, size: int) -> None:
        del self._served[number]
        self._held -= size
        self._less.set()

    async def drained(self) -> None:
        """Wait until the other side has taken what was sent. One that is gone takes nothing any more."""
        with suppress(OSError):
            await self._writer.drain()

    async def _send(self, data: bytes) -> None:
        """A side that is gone hears nothing; `run` notices that."""
        if self.over:
            return
        try:
            self._writer.write(data)
            await self._writer.drain()
        except OSError:
            self.over = True

    def tell(self, frame: wire.Note | wire.Beat | wire.Ready | wire.Unready) -> None:
        """Send something that has no answer, without waiting."""
        if not self.over:
            self._writer.write(wire.encode(frame))

    def waits_for(self, number: int) -> bool:
        """Whether what was asked under this number was not answered yet, and somebody waits for it."""
        return number in self._waiting

    async def ask(
        self,
        verb: str,
        account: AccountId,
        /,
        *,
        taken: Callable[[int], Any] | None = None,
        **arguments: Any,
    ) -> Any:
        """Ask the other side. `taken` turns the number of what was answered into a result.

        Raises:
            BridgeError: what it raised. Interrupted if it went before it answered.
            Refused: the arguments are too large.
        """
        kind = self._asks[verb]
        packed = kind.pack(arguments)
        async with self._room:
            if self.over:
                raise Interrupted("the other side is gone")
            self._last += 1
            number = self._last
            waiting: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
            data = wire.encode(wire.Ask(number, verb, account, packed), self._writes)
            self._waiting[number] = kind, waiting
            try:
                await self._send(data)
                result = await waiting
            except asyncio.CancelledError:
                if not self.over:
                    self._writer.write(wire.encode(wire.Cancel(number)))
                raise
            finally:
                del self._waiting[number]
        return result if taken is None else taken(number)
