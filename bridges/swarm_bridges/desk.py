"""What a bridge's context stands on: the node's desk for its bridges, and the way to call a bridge.

`Desk` is what `swarm_bridges.context` asks of a node on behalf of one account. Three exist: the node's own,
the one in a worker process that asks the node's over a socket, and the kit's small one for authors' tests.
`Caller` is the other direction: a bridge that runs, in this process or in another, under one name for all
verbs of `swarm_bridges.api`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from socket import socket
from typing import Any, Protocol, TypeAlias

import msgspec

from .api import (
    AccountId,
    Batch,
    Cursor,
    Fleeting,
    Health,
    LocalFile,
    LoginDone,
    Matter,
    RemoteFile,
    Secret,
    Service,
    Step,
)

Fact: TypeAlias = bool | int | float | str
"""What may stand in a log: texts are the names of states alone."""


class Desk(Protocol):
    """What a node does for bridges. Each call names the account; none sees another's."""

    async def ingest(self, account: AccountId, batch: Batch) -> None:
        """Store a batch and its cursor in one transaction; returns after the commit."""
        ...

    async def fleeting(self, account: AccountId, item: Fleeting) -> None:
        """Show something that passes."""
        ...

    async def state(self, account: AccountId, health: Health) -> None:
        """Note how it goes."""
        ...

    async def matters(self, account: AccountId, matters: tuple[Matter, ...]) -> None:
        """Note what there is to settle."""
        ...

    async def cursor(self, account: AccountId) -> Cursor | None:
        """The last one that was committed."""
        ...

    async def kv_get(self, account: AccountId, name: str) -> bytes | None:
        """A remembered value."""
        ...

    async def kv_put(self, account: AccountId, values: Mapping[str, bytes | None]) -> None:
        """Remember values, all or none; Refused over the quota."""
        ...

    async def kv_names(self, account: AccountId, prefix: str) -> tuple[str, ...]:
        """Names of remembered values."""
        ...

    async def secret(self, account: AccountId, name: str) -> Secret | None:
        """A secret; waits while the node is locked."""
        ...

    async def secrets_put(self, account: AccountId, values: Mapping[str, bytes], expect: int) -> int:
        """Replace secrets; Conflict if the generation is not `expect`. Gives the new one."""
        ...

    async def secrets_lock(self, account: AccountId, name: str) -> None:
        """Take the lock for a rotation; waits. A worker that ends loses its locks."""
        ...

    async def secrets_unlock(self, account: AccountId, name: str) -> None:
        """Give the lock back."""
        ...

    async def read(self, account: AccountId, file: LocalFile) -> bytes:
        """The bytes of a file that is to be sent."""
        ...

    async def connect(self, account: AccountId, host: str, port: int) -> socket:
        """A connected socket; Refused for hosts that this account may not reach."""
        ...

    async def srv_records(self, account: AccountId, name: str) -> tuple[Service, ...]:
        """See `api.Context`."""
        ...

    async def txt_records(self, account: AccountId, name: str) -> tuple[str, ...]:
        """See `api.Context`."""
        ...

    def log(self, account: AccountId, level: str, event: str, facts: Mapping[str, Fact]) -> None:
        """Write a line to the node's log: `level` is `info` or `warning`. Does not wait."""
        ...


class LoginState(msgspec.Struct, frozen=True, kw_only=True):
    """What the members of a `LoginContext` are."""

    why: str
    account: str = ""
    settings: Mapping[str, str] = {}
    language: str = "en"
    redirect_url: str = ""
    scratch: bytes = b""

    def __repr__(self) -> str:
        return f"LoginState({self.why!r})"


class LoginTurn(msgspec.Struct, frozen=True):
    """What a login said (None after `abort`), and the scratch that it leaves."""

    outcome: Step | LoginDone | None
    scratch: bytes

    def __repr__(self) -> str:
        return f"LoginTurn({self.outcome!r})"


class Caller(Protocol):
    """Bridges of one package that run, and how to call them."""

    async def start(
        self, account: AccountId, owner: str, settings: Mapping[str, str], hook_url: str = ""
    ) -> None:
        """Make the account's bridge and begin its `run`; how that ends is told to `ended`.

        The others become those of its context; when they change, it is stopped and started.
        """
        ...

    async def migrate(
        self, account: AccountId, values: Mapping[str, bytes], version: int
    ) -> Mapping[str, bytes]:
        """`Migrates.migrate`, before the account is started.

        Raises:
            BridgeError: what it raised. NotSupported if the package has no such thing.
        """
        ...

    async def stop(self, account: AccountId) -> None:
        """Cancel `run`, and wait until it has ended."""
        ...

    async def wake(self, account: AccountId) -> None:
        """End its `Context.pause`: the owner looks, or the network pushed."""
        ...

    async def call(self, account: AccountId, verb: str, **arguments: Any) -> Any:
        """Call a member of `Bridge` or of a mixin by name, without the context.

        Raises:
            BridgeError: what the bridge raised. NotSupported if it has no such member, Interrupted if the
                process ended before it answered.
        """
        ...

    def fetch(self, account: AccountId, file: RemoteFile) -> AsyncIterator[bytes]:
        """`Media.fetch`."""
        ...

    async def login(
        self, flow: AccountId, verb: str, about: LoginState, *, step: str = "", answers: Mapping[str, str]
    ) -> LoginTurn:
        """Call `begin`, `submit`, `tick` or `abort` of the package's `Login`.

        `flow` stands for the account in what the login asks of the desk.

        Raises:
            BridgeError: what the login raised. NotSupported if the package has none.
        """
        ...

    async def ended(self, account: AccountId) -> Exception | None:
        """Wait until `run` has ended: None when it returned, else what it raised."""
        ...
