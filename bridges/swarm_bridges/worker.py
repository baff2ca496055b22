"""The program of a bridge's process: one package, as many accounts as the node wants.

    python -I -m swarm_bridges.worker CONTROL SOCKETS PACKAGE MEMORY_MB [PATH...]

`CONTROL` and `SOCKETS` are the numbers of inherited sockets: one for frames (`wire`), one over which
connected sockets come. The process confines itself, imports the package, and does what it is asked until the
node is gone. It runs in a folder of its own, which is empty again afterwards. Its loop says each second that
it runs, so one that is blocked is noticed.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import os
import shutil
import socket
import sys
from collections.abc import Mapping
from contextlib import aclosing
from pathlib import Path
from typing import Any

from . import api, wire
from .api import AccountId, Batch, Cursor, Fleeting, Health, LocalFile, Matter, RemoteFile, Secret, Service
from .channel import Asked, Channel
from .confine import confine
from .context import Clock
from .desk import Fact
from .loop import NodeLoop
from .running import Package, Running, WrongShape, current, package_of, running

PIECE_BYTES = 256 * 1024
"""Of a file that is fetched; larger pieces are cut."""
END_S = 5.0
"""So long may bridges take to end; then the process goes without them."""


class NodeDesk:
    """See `desk.Desk`: the node's, at the other end of a channel. `sockets` brings connected ones."""

    channel: Channel

    def __init__(self, sockets: socket.socket) -> None:
        self._sockets = sockets
        self._came: dict[int, socket.socket] = {}

    async def ingest(self, account: AccountId, batch: Batch) -> None:
        """See `desk.Desk`."""
        await self.channel.ask("ingest", account, batch=batch)

    async def fleeting(self, account: AccountId, item: Fleeting) -> None:
        """See `desk.Desk`."""
        await self.channel.ask("fleeting", account, item=item)

    async def state(self, account: AccountId, health: Health) -> None:
        """See `desk.Desk`."""
        await self.channel.ask("state", account, health=health)

    async def matters(self, account: AccountId, matters: tuple[Matter, ...]) -> None:
        """See `desk.Desk`."""
        await self.channel.ask("matters", account, matters=matters)

    async def cursor(self, account: AccountId) -> Cursor | None:
        """See `desk.Desk`."""
        cursor: Cursor | None = await self.channel.ask("cursor", account)
        return cursor

    async def kv_get(self, account: AccountId, name: str) -> bytes | None:
        """See `desk.Desk`."""
        value: bytes | None = await self.channel.ask("kv_get", account, name=name)
        return value

    async def kv_put(self, account: AccountId, values: Mapping[str, bytes | None]) -> None:
        """See `desk.Desk`."""
        await self.channel.ask("kv_put", account, values=values)

    async def kv_names(self, account: AccountId, prefix: str) -> tuple[str, ...]:
        """See `desk.Desk`."""
        names: tuple[str, ...] = await self.channel.ask("kv_names", account, prefix=prefix)
        return names

    async def secret(self, account: AccountId, name: str) -> Secret | None:
        """See `desk.Desk`."""
        secret: Secret | None = await self.channel.ask("secret", account, name=name)
        return secret

    async def secrets_put(self, account: AccountId, values: Mapping[str, bytes], expect: int) -> int:
        """See `desk.Desk`."""
        generation: int = await self.channel.ask("secrets_put", account, values=values, expect=expect)
        return generation

    async def secrets_lock(self, account: AccountId, name: str) -> None:
        """See `desk.Desk`."""
        await self.channel.ask("secrets_lock", account, name=name)

    async def secrets_unlock(self, account: AccountId, name: str) -> None:
        """See `desk.Desk`."""
        await self.channel.ask("secrets_unlock", account, name=name)

    async def read(self, account: AccountId, file: LocalFile) -> bytes:
        """See `desk.Desk`."""
        data: bytes = await self.channel.ask("read", account, file=file)
        return data

    async def connect(self, account: AccountId, host: str, port: int) -> socket.socket:
        """See `desk.Desk`."""
        line: socket.socket = await self.channel.ask(
            "connect", account, taken=self._taken, host=host, port=port
        )
        return line

    def _taken(self, number: int) -> socket.socket:
        """The socket that came for an ask; it was sent before the answer."""
        with contextlib.suppress(BlockingIOError):
            while True:
                data, numbers, _, _ = socket.recv_fds(self._sockets, 8, 1)
                if not data:
                    break  # the node is gone
                for fileno in numbers:
                    self._came[int.from_bytes(data, "big")] = socket.socket(fileno=fileno)
        line = self._came.pop(number, None)
        for asked in [asked for asked in self._came if not self.channel.waits_for(asked)]:
            self._came.pop(asked).close()  # nobody waits for it any more
        if line is None:
            raise api.Temporary("no socket came")
        line.setblocking(False)
        return line

    async def srv_records(self, account: AccountId, name: str) -> tuple[Service, ...]:
        """See `desk.Desk`."""
        found: tuple[Service, ...] = await self.channel.ask("srv_records", account, name=name)
        return found

    async def txt_records(self, account: AccountId, name: str) -> tuple[str, ...]:
        """See `desk.Desk`."""
        found: tuple[str, ...] = await self.channel.ask("txt_records", account, name=name)
        return found

    def log(self, account: AccountId, level: str, event: str, facts: Mapping[str, Fact]) -> None:
        """See `desk.Desk`."""
        self.channel.tell(wire.Note(account, level, event, facts))


class Fetches:
    """Files on their way: each is read by a task of its own, one piece ahead of who takes them."""

    def __init__(self, bridges: Running, tasks: asyncio.TaskGroup) -> None:
        self._bridges, self._tasks = bridges, tasks
        self._files: dict[int, tuple[asyncio.Task[None], asyncio.Queue[bytes | Exception]]] = {}
        self._last = 0

    async def fetch_open(self, account: AccountId, file: RemoteFile) -> int:
        """See `wire.Fetching`."""
        self._last += 1
        pieces: asyncio.Queue[bytes | Exception] = asyncio.Queue(1)
        task = self._tasks.create_task(self._read(account, file, pieces))
        self._files[self._last] = task, pieces
        return self._last

    async def _read(
        self, account: AccountId, file: RemoteFile, pieces: asyncio.Queue[bytes | Exception]
    ) -> None:
        try:
            async with aclosing(self._bridges.fetch(account, file)) as found:
                async for piece in found:
                    for start in range(0, len(piece), PIECE_BYTES):
                        await pieces.put(piece[start : start + PIECE_BYTES])
            await pieces.put(b"")
        except Exception as e:  # noqa: BLE001 - who fetches it is told
            await pieces.put(e)

    async def fetch_next(self, account: AccountId, number: int) -> bytes:
        """See `wire.Fetching`."""
        del account
        if number not in self._files:
            raise api.Gone("this is not being fetched")
        piece = await self._files[number][1].get()
        if isinstance(piece, Exception):
            raise piece
        return piece

    async def fetch_close(self, account: AccountId, number: int) -> None:
        """See `wire.Fetching`."""
        del account
        if number in self._files:
            self._files.pop(number)[0].cancel()

    def close(self) -> None:
        """Read no more of any."""
        for task, _ in self._files.values():
            task.cancel()


async def serve(bridges: Running, fetches: Fetches, asked: Asked) -> Any:
    """Do what the node asks."""
    if asked.verb in wire.BRIDGE:
        return await bridges.call(asked.account, asked.verb, **asked.arguments)
    if asked.verb == "ended":
        if (error := await bridges.ended(asked.account)) is not None:
            raise error
        return None
    doer = fetches if hasattr(fetches, asked.verb) else bridges
    return await getattr(doer, asked.verb)(asked.account, **asked.arguments)


async def work(control: socket.socket, sockets: socket.socket, name: str, confined: frozenset[str]) -> None:
    """Import a package and serve it until the node is gone, or it asks for nonsense."""
    sockets.setblocking(False)
    loop = asyncio.get_running_loop()
    desk = NodeDesk(sockets)
    reader, writer = await asyncio.open_unix_connection(sock=control)
    ready: wire.Ready | wire.Unready
    try:
        package = package_of(importlib.import_module(name))
        ready = wire.Ready(package.verbs, package.login is not None, confined)
    except (Exception, SystemExit) as e:  # noqa: BLE001 - whatever it was, it cannot be used
        shape = isinstance(e, WrongShape)
        ready = wire.Unready("shape" if shape else "import", str(e) if shape else wire.where(e))
        writer.write(wire.encode(ready))
        await writer.drain()
        return
    if isinstance(loop, NodeLoop):
        loop.connect = lambda host, port: desk.connect(current.get(AccountId("")), host, port)
    await _serving(package, desk, reader, writer, ready)


async def _serving(
    package: Package,
    desk: NodeDesk,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    ready: wire.Ready,
) -> None:
    async with (
        asyncio.TaskGroup() as tasks,
        running(package, desk, clock=Clock(), random=os.urandom) as bridges,
    ):
        fetches = Fetches(bridges, tasks)
        desk.channel = Channel(
            reader,
            writer,
            asks=wire.DESK,
            serves=wire.CALLER,
            serve=lambda asked: serve(bridges, fetches, asked),
            writes=wire.MAX_TOLD,
        )
        desk.channel.tell(ready)
        beats = tasks.create_task(_beat(desk.channel))
        with contextlib.suppress(wire.Broken):
            await desk.channel.run()
        beats.cancel()
        fetches.close()
        # Whatever does not end by itself ends with the process.
        asyncio.get_running_loop().call_later(END_S, os._exit, 1)


async def _beat(channel: Channel) -> None:
    loop = asyncio.get_running_loop()
    while True:
        before = loop.time()
        await asyncio.sleep(wire.BEAT_S)
        channel.tell(wire.Beat(loop.time() - before - wire.BEAT_S))


def main(arguments: list[str]) -> None:
    """Run until the node is gone."""
    control, sockets, name, memory_mb, *paths = arguments
    sys.path[:0] = [path for path in paths if path not in sys.path]
    own = Path.cwd()
    certificates = [os.environ[n] for n in ("SSL_CERT_FILE", "SSL_CERT_DIR") if n in os.environ]
    reads = [Path(path) for path in {*sys.path, sys.prefix, sys.base_prefix, *certificates} if path]
    confined = confine(memory_mb=int(memory_mb), reads=reads, writes=own)
    with socket.socket(fileno=int(control)) as one, socket.socket(fileno=int(sockets)) as two:
        try:
            with asyncio.Runner(loop_factory=NodeLoop) as runner:
                runner.run(work(one, two, name, confined))
        finally:
            for left in own.iterdir():
                shutil.rmtree(left, ignore_errors=True) if left.is_dir() else left.unlink(missing_ok=True)


if __name__ == "__main__":
    main(sys.argv[1:])
