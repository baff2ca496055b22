"""One process of a bridge's package: started, watched, asked, ended.

    process = Process(package, desk, folder)
    task = tasks.create_task(process.run())     # until it ends: cancelled, or by itself, with a `Gone`
    await process.ready()
    await process.start(account, owner, settings)

It gets two sockets, a folder of its own, and an environment of few names; it confines itself further
(`swarm_bridges.confine`). It is ended when it says nothing for a while, takes more memory than it asked for
or too much of the disk, or sends what it must not. Whoever waits for an answer then hears `Interrupted`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from swarm_bridges import wire
from swarm_bridges.api import (
    AccountId,
    BridgeError,
    Interrupted,
    NotSupported,
    Refused,
    RemoteFile,
    Temporary,
)
from swarm_bridges.channel import Asked, Channel
from swarm_bridges.desk import Desk, LoginState, LoginTurn

from ...errors import NodeError
from .packages import BadPackage, Package, Reason
from .usage import resident_bytes, written_bytes
from .waits import rest

MIB = 1024 * 1024
PACKETS = socket.SOCK_SEQPACKET if sys.platform == "linux" else socket.SOCK_DGRAM
"""How sockets are passed on. Over one for datagrams a process could write to any other's."""
STEPS, LOOKS = 4, 8
"""What a process asks of the store, and of the network, is done so much at once."""
MOST_WRITTEN = 256 * MIB
"""Bytes that a process may have in files."""
MOST_LINES = 120
"""A process may write so many lines into the log at once, and one more each second."""
PASSED_ON = ("LANG", "LC_ALL", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR", "LD_LIBRARY_PATH")
"""Names of the environment that a process gets as they are. Settings and secrets are in none."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Limits:
    """How patient the node is."""

    start_s: float = 60.0
    """For importing a package, on a slow machine too."""
    beats: int = 15
    """After so many seconds in a row without a sign of life a process is ended."""
    call_s: float = 300.0
    """For what a bridge is asked; one that takes longer is not waited for."""
    stop_s: float = 8.0
    """For ending by itself; more than `swarm_bridges.worker.END_S`."""


@dataclass(frozen=True, slots=True)
class Gone:
    """Why a process is no more: `stopped`, `ended`, `blocked`, `memory`, `disk` or `broken`."""

    reason: str


class Process:
    """See `desk.Caller`. Once it has ended, it stays so."""

    def __init__(self, package: Package, desk: Desk, folder: Path, *, limits: Limits | None = None) -> None:
        self.package = package
        self.confined: frozenset[str] = frozenset()
        """What confines it (`swarm_bridges.confine`), once it is ready."""
        self.verbs: frozenset[str] = frozenset()
        """What its bridge has, once it is ready."""
        self.late_s = 0.0
        """By how much its last sign of life was late."""
        self.resident_bytes = 0
        self.pid = 0
        self._desk, self._folder, self._limits = desk, folder, limits or Limits()
        self._ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._channel: Channel | None = None
        self._sockets: socket.socket | None = None
        self._silent = 0
        self._given_up = asyncio.Event()
        self._allowed: set[AccountId] = set()
        self._locks: set[tuple[AccountId, str]] = set()
        self._steps, self._looks = asyncio.Semaphore(STEPS), asyncio.Semaphore(LOOKS)
        self._lines = MOST_LINES

    @property
    def gone(self) -> bool:
        """Whether nothing can be asked any more."""
        return self._channel is None or self._channel.over

    def give_up(self) -> None:
        """End it: it does not do what it is asked."""
        self._given_up.set()

    async def ready(self) -> None:
        """Wait until accounts can be started.

        Raises:
            BadPackage: it cannot be imported, or is no bridge.
            Temporary: its process ended before.
        """
        await asyncio.shield(self._ready)

    async def run(self) -> Gone:
        """Start the process and see it end. When this is cancelled, it is asked to end first."""
        own = Path(tempfile.mkdtemp(prefix=f"{self.package.manifest.id}-", dir=self._folder))
        try:
            with contextlib.ExitStack() as stack:
                control, theirs = (stack.enter_context(end) for end in socket.socketpair())
                self._sockets, passed = (stack.enter_context(end) for end in socket.socketpair(type=PACKETS))
                self._sockets.setblocking(False)
                process = await self._spawn(own, theirs, passed)
                theirs.close()
                passed.close()
                self.pid = process.pid
                return await self._see_through(
                    process, own, *await asyncio.open_unix_connection(sock=control)
                )
        except OSError as e:
            logger.warning("bridge.not-started", extra={"bridge": self.package.manifest.id, "errno": e.errno})
            return Gone("ended")
        finally:
            if not self._ready.done():
                self._ready.set_exception(Temporary("the bridge ended while it started"))
                self._ready.exception()  # somebody may wait for it, or nobody
            await self._give_back()
            await asyncio.to_thread(shutil.rmtree, own, ignore_errors=True)

    async def _spawn(self, own: Path, *ends: socket.socket) -> asyncio.subprocess.Process:
        package = self.package
        environment = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        environment |= {"HOME": str(own), "TMPDIR": str(own), "MALLOC_ARENA_MAX": "2"}
        numbers = [end.fileno() for end in ends]
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-B", "-X", "utf8", "-m", "swarm_bridges.worker"),
            *map(str, numbers),
            *(package.module, str(package.manifest.needs.memory_mb), str(package.root)),
            pass_fds=numbers,
            cwd=own,
            env=environment,
            # Libraries print what they like, people's words included.
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )

    async def _see_through(
        self,
        process: asyncio.subprocess.Process,
        own: Path,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> Gone:
        self._channel = channel = Channel(
            reader,
            writer,
            asks=wire.CALLER,
            serves=wire.DESK,
            serve=self._serve,
            heard=self._hear,
            reads=wire.MAX_TOLD,
            most_held=wire.MAX_TOLD,
        )
        try:
            async with asyncio.TaskGroup() as tasks:
                talk = tasks.create_task(self._talk(channel))
                watch = tasks.create_task(self._watch(own))
                await asyncio.wait([talk, watch], return_when=asyncio.FIRST_COMPLETED)
                gone = talk.result() if talk.done() else watch.result()
                talk.cancel()
                watch.cancel()
        except asyncio.CancelledError:
            await self._end(process, self._limits.stop_s)
            raise
        await self._end(process, 0.5 if gone.reason == "ended" else 0.0)
        return gone

    async def _talk(self, channel: Channel) -> Gone:
        try:
            await channel.run()
        except wire.Broken as e:
            logger.warning("bridge.broken", extra={"bridge": self.package.manifest.id, "why": str(e)})
            return Gone("broken")
        return Gone("ended")

    async def _end(self, process: asyncio.subprocess.Process, patience_s: float) -> None:
        """It ends when nobody talks to it any more; if not, it is ended."""
        try:
            async with asyncio.timeout(patience_s):
                await process.wait()
        except TimeoutError:
            pass
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
        await process.wait()

    # Watching

    async def _watch(self, own: Path) -> Gone:
        """Counts its own rounds, not time: while the node itself stands still, nobody is late."""
        patience = self._limits.start_s
        most = self.package.manifest.needs.memory_mb * MIB
        while True:
            await rest(wire.BEAT_S, self._given_up)
            if self._given_up.is_set():
                return Gone("blocked")
            self._silent += 1
            self._lines = min(max(self._lines, 0) + 1, MOST_LINES)
            if self._ready.done():
                patience = self._limits.beats
            if self._silent > patience:
                return Gone("blocked")
            self.resident_bytes = resident_bytes(self.pid)
            if self.resident_bytes > most:
                return Gone("memory")
            if written_bytes(self.pid, own) > MOST_WRITTEN:
                return Gone("disk")

    def _hear(self, frame: wire.Frame) -> None:
        match frame:
            case wire.Beat(late_s):
                self._silent, self.late_s = 0, late_s
            case wire.Note(account, level, event, facts) if account in self._allowed:
                if self._may_log():
                    self._desk.log(account, level, event, facts)
            case wire.Ready(verbs, login, confined) if not self._ready.done():
                self._silent, self.verbs, self.confined = 0, verbs, confined
                if self.package.manifest.secrets and not login:
                    self._unready(Reason.SECRETS)
                else:
                    self._ready.set_result(None)
            case wire.Unready(reason, where) if not self._ready.done():
                logger.warning(
                    "bridge.unready", extra={"bridge": self.package.manifest.id, "where": where[:200]}
                )
                self._unready(Reason.SHAPE if reason == "shape" else Reason.IMPORT, where[:200])
            case _:
                pass

    def _may_log(self) -> bool:
        self._lines -= 1
        return self._lines >= 0

    def _unready(self, reason: Reason, where: str = "") -> None:
        self._ready.set_exception(BadPackage(self.package.manifest.id, reason, where))
        self._ready.exception()

    # What it asks

    async def _serve(self, asked: Asked) -> Any:
        """Only accounts that were started here can be asked about."""
        account, verb = asked.account, asked.verb
        if account not in self._allowed:
            raise Refused("this account is not here")
        named = {
            "secrets_put": asked.arguments.get("values", ()),
            "secrets_lock": [asked.arguments.get("name")],
        }
        if not set(named.get(verb, ())) <= set(self.package.manifest.secrets):
            raise Refused("the manifest does not name this secret")
        try:
            result = await self._done(asked)
        except BridgeError:
            raise
        except NodeError as e:
            raise Temporary(f"the node cannot do this now ({e.code})") from None
        except Exception as e:
            if self._may_log():
                logger.exception("bridge.desk-failed", extra={"verb": verb})
            raise Temporary("the node failed") from e
        if verb == "secrets_lock":
            self._locks.add((account, asked.arguments["name"]))
        elif verb == "secrets_unlock":
            self._locks.discard((account, asked.arguments["name"]))
        return result

    async def _done(self, asked: Asked) -> Any:
        """Few at once: each holds what it reads or writes, and others use the store and the network too."""
        channel = self._channel
        assert channel is not None
        match asked.verb:
            case "connect":
                async with self._looks:
                    return await self._connect(asked.number, asked.account, **asked.arguments)
            case "srv_records" | "txt_records":
                async with self._looks:
                    return await getattr(self._desk, asked.verb)(asked.account, **asked.arguments)
            case "secrets_lock":
                return await self._desk.secrets_lock(asked.account, **asked.arguments)
            case verb:
                async with self._steps:
                    await channel.drained()  # who does not take answers is given no more
                    return await getattr(self._desk, verb)(asked.account, **asked.arguments)

    async def _connect(self, number: int, account: AccountId, host: str, port: int) -> None:
        assert self._sockets is not None
        with await self._desk.connect(account, host, port) as line:
            try:
                socket.send_fds(self._sockets, [number.to_bytes(8, "big")], [line.fileno()])
            except OSError:
                raise Temporary("it does not take its sockets") from None

    async def _give_back(self) -> None:
        for account, name in self._locks:
            with contextlib.suppress(BridgeError):
                await self._desk.secrets_unlock(account, name)
        self._locks.clear()

    # What it is asked

    async def _ask(self, verb: str, account: AccountId, /, **arguments: Any) -> Any:
        if self._channel is None:
            raise Interrupted("the bridge does not run")
        return await self._channel.ask(verb, account, **arguments)

    async def start(
        self, account: AccountId, owner: str, settings: Mapping[str, str], hook_url: str = ""
    ) -> None:
        """See `desk.Caller`."""
        self._allowed.add(account)
        await self._ask("start", account, owner=owner, settings=settings, hook_url=hook_url)

    async def migrate(
        self, account: AccountId, values: Mapping[str, bytes], version: int
    ) -> Mapping[str, bytes]:
        """See `desk.Caller`."""
        found: Mapping[str, bytes] = await self._ask("migrate", account, values=values, version=version)
        return found

    async def stop(self, account: AccountId) -> None:
        """See `desk.Caller`."""
        try:
            await self._ask("stop", account)
        finally:
            self._allowed.discard(account)

    async def wake(self, account: AccountId) -> None:
        """See `desk.Caller`."""
        await self._ask("wake", account)

    async def ended(self, account: AccountId) -> Exception | None:
        """See `desk.Caller`. Interrupted is also what the end of the process looks like."""
        try:
            await self._ask("ended", account)
        except BridgeError as e:
            return e
        return None

    async def call(self, account: AccountId, verb: str, **arguments: Any) -> Any:
        """See `desk.Caller`."""
        if verb not in wire.BRIDGE or verb not in self.verbs:
            raise NotSupported(f"this bridge cannot {verb}")
        async with self._in_time():
            return await self._ask(verb, account, **arguments)

    @contextlib.asynccontextmanager
    async def _in_time(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self._limits.call_s):
                yield
        except TimeoutError:
            raise Interrupted("the bridge took too long") from None

    async def fetch(self, account: AccountId, file: RemoteFile) -> AsyncIterator[bytes]:
        """See `desk.Caller`."""
        async with self._in_time():
            number = await self._ask("fetch_open", account, file=file)
        try:
            while piece := await self._piece(account, number):
                yield piece
        finally:
            with contextlib.suppress(BridgeError):
                await self._ask("fetch_close", account, number=number)

    async def _piece(self, account: AccountId, number: int) -> bytes:
        async with self._in_time():
            piece: bytes = await self._ask("fetch_next", account, number=number)
            return piece

    async def login(
        self,
        flow: AccountId,
        verb: str,
        about: LoginState,
        *,
        step: str = "",
        answers: Mapping[str, str],
    ) -> LoginTurn:
        """See `desk.Caller`."""
        self._allowed.add(flow)
        try:
            async with self._in_time():
                turn: LoginTurn = await self._ask(
                    "login", flow, verb=verb, about=about, step=step, answers=answers
                )
        finally:
            self._allowed.discard(flow)
        return turn
