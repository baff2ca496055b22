"""The open links of a node: those that it asked for, and those of others who called."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

from ..errors import NodeError, Unreachable
from ..services.step import Called, Heard, Input, LinkId, Lost, Opened
from .link import Link, connect

FRAMES_WAITING = 64
"""Frames of one link that wait to be taken; then it is read no further."""


class Feed(Protocol):
    """Who takes what links bring."""

    def __call__(self, input_: Input, room: asyncio.Semaphore | None = None, /) -> None:
        """Take it some time; `room` is released when that is done."""
        ...


@dataclass(slots=True)
class _Open:
    """An open link, or one on its way."""

    frames: asyncio.Queue[bytes] = field(default_factory=asyncio.Queue)
    """That are to be sent."""
    room: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(FRAMES_WAITING))
    task: asyncio.Task[None] | None = None


class Links:
    """By number. Those of who called have negative ones, which the engine never gives out."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._open: dict[LinkId, _Open] = {}
        self._guests = 0

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Links can be opened as long as the block lasts; at its end all are shut."""
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            try:
                yield
            finally:
                self.shut_all()

    def open(self, number: LinkId, address: str, pin: bytes) -> None:
        """Open one; `Opened` or `Lost` is fed when it is known which."""
        own = self._open[number] = _Open()
        own.task = self._tasks.create_task(self._talk(number, own, address, pin))

    async def called(self, link: Link, knock: bytes) -> None:
        """Somebody has called and sent a first frame; returns when that link is over."""
        self._guests -= 1
        number, own = LinkId(self._guests), _Open()
        self._open[number] = own
        self._feed(Called(number, knock))
        own.task = self._tasks.create_task(self._converse(number, own, link))
        try:
            await asyncio.wait([own.task])
        finally:
            own.task.cancel()
            self._over(number, own)

    def send(self, number: LinkId, data: bytes) -> None:
        """Send a frame after those that wait already; nothing happens where the link is gone."""
        if number in self._open:
            self._open[number].frames.put_nowait(data)

    def shut(self, number: LinkId) -> None:
        """Close one; nothing is fed for that."""
        gone = self._open.pop(number, None)
        if gone is not None and gone.task is not None:
            gone.task.cancel()

    def shut_all(self) -> None:
        """Close all."""
        for number in list(self._open):
            self.shut(number)

    async def _talk(self, number: LinkId, own: _Open, address: str, pin: bytes) -> None:
        """One link that was asked for, from opening to its end."""
        try:
            async with connect(address, pin) as link:
                self._feed(Opened(number))
                await self._converse(number, own, link)
        except NodeError as e:
            self._over(number, own, e.code)
        self._over(number, own)

    async def _converse(self, number: LinkId, own: _Open, link: Link) -> None:
        """Frames in both directions, until the link ends."""
        sender = self._tasks.create_task(_send_all(link.send, own.frames))
        try:
            async for frame in link:
                await own.room.acquire()
                self._feed(Heard(number, frame), own.room)
        except NodeError as e:
            self._over(number, own, e.code)
        finally:
            sender.cancel()

    def _over(self, number: LinkId, own: _Open, reason: str = "") -> None:
        """A link has ended; said once, and not of one that was shut."""
        if self._open.get(number) is own:
            del self._open[number]
            self._feed(Lost(number, reason))


async def _send_all(send: Callable[[bytes], Any], frames: asyncio.Queue[bytes]) -> None:
    try:
        while True:
            await send(await frames.get())
    except Unreachable:
        pass  # the one who reads hears of it too
