"""A relay as a whole: its folder, its keys, its certificate and its server. It runs alone or beside a node.

The folder holds three files, which only their owner may read: `keys` (the store's key and the relay's own),
`certificate.pem` with its key, and the store `relay.db`. Whoever has the folder has the relay, and reads what
relays may read: envelopes that stay sealed.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from swarm_protocol import cbor
from swarm_protocol.cbor import Record
from swarm_protocol.entropy import Entropy
from swarm_protocol.errors import DecodeError
from swarm_protocol.mailbox import effects as fx
from swarm_protocol.mailbox import ticket_hash, tickets
from swarm_protocol.mailbox.forward import relay_hpke_key
from swarm_protocol.mailbox.relay import Relay, RelayKeys
from swarm_protocol.mailbox.tickets import SEED_SIZE
from swarm_protocol.mls.signatures import Ed25519

from ..errors import ConfigError, StorageError
from ..storage.home import FolderFiles
from ..storage.relay_store import SqliteRelayStore
from . import tls
from .forwarding import Forwarder
from .link import split_address
from .relay_door import DoorLimits
from .relay_server import Counters, RelayServer

if TYPE_CHECKING:
    from swarm_protocol.meeting.link import RelayLink

GIB = 1024 * 1024 * 1024
KEYS, CERTIFICATE, STORE = "keys", "certificate.pem", "relay.db"


@dataclass(frozen=True, slots=True)
class RelayOptions:
    """Where a relay listens, and what it lends."""

    host: str = ""
    """Empty is every address of this machine."""
    port: int = 8471
    """0 is any free one."""
    public_address: str = ""
    """`HOST:PORT` where others reach it, if that is not where it listens."""
    quota_bytes: int = 4 * GIB
    """For all queues together."""
    spare_bytes: int = GIB // 2
    """What it leaves free of the disk."""
    door: DoorLimits | None = None
    forwards: bool = True
    """Whether it passes messages on to other relays."""
    allow_private: bool = False
    """Whether those may have addresses of private networks."""


@dataclass(frozen=True, slots=True)
class RelayHealth:
    """How a relay is: counts alone, of nothing that tells one person from another."""

    connections: int
    turned_away: int
    no_handshake: int
    forwards_answered: int
    forwards_failed: int
    counters: Counters


@dataclass(slots=True)
class RelayRole:
    """A relay that listens already, and serves while `run` runs."""

    address: str
    """Where others reach it; empty where nobody said so and it cannot be known."""
    pin: bytes
    _server: RelayServer
    _forwarder: Forwarder
    _store: SqliteRelayStore
    _listener: socket.socket
    _entropy: Entropy = field(repr=False)

    @classmethod
    def open(
        cls,
        folder: Path,
        options: RelayOptions,
        *,
        entropy: Entropy = os.urandom,
        clock: Callable[[], float] = time.time,
        disk: Callable[[], int] | None = None,
    ) -> RelayRole:
        """Open the relay in `folder`, or make a new one, and listen.

        `clock` gives Unix seconds. `disk` gives the use of the disk in percent; without it what is used
        counts against the quota, and against the disk less what is spared.

        Raises:
            ConfigError: the public address is none, or it cannot listen there.
            InUse, StorageError, DiskFull: what lies in the folder cannot be used.
        """
        if options.public_address:
            split_address(options.public_address)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        files = FolderFiles(folder)
        secrets = _Secrets.of(files, entropy)
        pem = files.read(CERTIFICATE)
        if pem is None:
            files.replace(CERTIFICATE, pem := tls.make_certificate(entropy))
        context = tls.server_context(folder / CERTIFICATE)
        store = SqliteRelayStore(folder / STORE, secrets.store)
        try:
            listener = _listen(options.host, options.port)
        except ConfigError:
            store.close()
            raise
        forwarder = Forwarder(secrets.relay.signature, allow_private=options.allow_private)
        server = RelayServer(
            Relay(secrets.relay, store, entropy=entropy),
            store,
            tls=context,
            forward=forwarder.ask if options.forwards else _forward_nothing,
            disk=disk or partial(_used_percent, folder, store, options),
            clock=clock,
            door=options.door,
        )
        address = options.public_address or _address_of(listener, options.host)
        return cls(address, tls.pin_of(pem), server, forwarder, store, listener, entropy)

    async def run(self) -> None:
        """Serve until cancelled; what was received has been stored then, and the store is closed."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._forwarder.run())
                tasks.create_task(self._server.run(self._listener))
        finally:
            self.close()

    def close(self) -> None:
        """Give back the address and the store, where `run` was never called."""
        self._listener.close()
        self._store.close()

    async def tickets_link(self) -> RelayLink:
        """Make 256 tickets, and the link that carries them; it is a secret. The relay must run.

        Raises:
            ConfigError: nobody said where others reach this relay.
            StorageError: the tickets were not stored.
        """
        from swarm_protocol.meeting.link import RelayAddress, RelayLink  # noqa: PLC0415 - no start needs it

        if not self.address:
            raise ConfigError("this relay does not know its address", hint="set link.public to HOST:PORT")
        seed = self._entropy(SEED_SIZE)
        await self._server.submit(fx.TicketsAdded(tuple(map(ticket_hash, tickets(seed)))))
        return RelayLink(RelayAddress(self.address, self.pin), seed)

    def health(self) -> RelayHealth:
        """How it is."""
        entrance, forwarder = self._server.entrance, self._forwarder
        return RelayHealth(
            connections=entrance.door.inside,
            turned_away=entrance.door.turned_away,
            no_handshake=entrance.no_handshake,
            forwards_answered=forwarder.answered,
            forwards_failed=forwarder.failed,
            counters=self._server.counters,
        )


@dataclass(frozen=True, slots=True)
class _Secrets:
    """What lies in the file of keys."""

    store: bytes = field(repr=False)
    relay: RelayKeys = field(repr=False)

    @classmethod
    def of(cls, files: FolderFiles, entropy: Entropy) -> _Secrets:
        """Read the keys, or make them."""
        data = files.read(KEYS)
        if data is None:
            data = cbor.encode({1: entropy(32), 2: entropy(32), 3: entropy(32)})
            files.replace(KEYS, data)
        try:
            r = Record.decode(data, "the relay's keys", max_size=256)
            store, signature, hpke = (r.octets(key, size=32) for key in (1, 2, 3))
        except DecodeError as e:
            raise StorageError("the relay's keys are damaged", hint="put back a copy of the file") from e
        return cls(store, RelayKeys(Ed25519().from_private(signature), relay_hpke_key(hpke)))


async def _forward_nothing(_: fx.Forward) -> None:
    """The owner does not lend that: who asks goes another way."""


def _listen(host: str, port: int) -> socket.socket:
    try:
        if not host and socket.has_dualstack_ipv6():
            return socket.create_server(("", port), family=socket.AF_INET6, dualstack_ipv6=True)
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=512)
    except OSError as e:
        raise ConfigError(
            f"cannot listen on port {port}", hint="another program may have it: link.port"
        ) from e


def _address_of(listener: socket.socket, host: str) -> str:
    if host in {"", "0.0.0.0", "::"}:  # noqa: S104 - compared, not bound
        return ""
    return f"[{host}]:{listener.getsockname()[1]}" if ":" in host else f"{host}:{listener.getsockname()[1]}"


def _used_percent(folder: Path, store: SqliteRelayStore, options: RelayOptions) -> int:
    """How full it is by what is nearer: the quota, or the disk without what is to stay free."""
    try:
        used, empty = store.used_bytes()
        room = empty + shutil.disk_usage(folder).free - options.spare_bytes
    except (OSError, StorageError):  # a disk that does not answer takes nothing
        return 100
    return min(100, 100 * used // max(1, min(options.quota_bytes, used + room)))
