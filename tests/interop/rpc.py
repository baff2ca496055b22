"""A peer of the interop tests: a process that answers lines of JSON, and the calls it knows.

`LinePeer` carries requests to a process; `Peer` gives the methods names and types. Every peer answers to the
same methods, described in README.md, so a test doesn't know which implementation it drives.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import select
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

Reply = dict[str, Any]

SUITES = [0x0001, 0x0003, 0xF0A1]
"""The cipher suites of all these tests; the last number is of the private-use range."""

CALL_LIMIT_S = 60.0
START_LIMIT_S = 60.0


class PeerError(Exception):
    """The peer refused a call, answered nonsense, or is gone."""


class PeerRefusal(PeerError):
    """The peer is well and answered with an error: `kind` is the name of its exception."""

    def __init__(self, peer: str, method: str, kind: str, message: str) -> None:
        super().__init__(f"{peer}: {method}: {kind}: {message}")
        self.kind = kind


def pack(value: object) -> object:
    """A value as plain JSON; bytes become `{"hex": "..."}`."""
    match value:
        case bytes():
            return {"hex": value.hex()}
        case list() | tuple():
            return [pack(item) for item in value]
        case dict():
            return {key: pack(item) for key, item in value.items()}
        case _:
            return value


def unpack(value: Any) -> Any:
    """The reverse of `pack`."""
    match value:
        case {"hex": str(text)} if len(value) == 1:
            return bytes.fromhex(text)
        case dict():
            return {key: unpack(item) for key, item in value.items()}
        case list():
            return [unpack(item) for item in value]
        case _:
            return value


class Caller(Protocol):
    """What carries calls: a process, or our own package in this one."""

    @property
    def name(self) -> str: ...

    def call(self, method: str, params: Reply) -> Reply:
        """Raises `PeerError`."""


class LinePeer:
    """A process that reads one request a line and writes one answer a line.

    A context manager. It ends only the process it started: first by closing its stdin, then by signal.
    """

    def __init__(
        self, name: str, command: list[str], *, cwd: Path, environment: dict[str, str] | None = None
    ) -> None:
        self.name = name
        self._command = command
        self._cwd = cwd
        self._environment = {**os.environ, **(environment or {})}
        self._ids = itertools.count(1)
        self._unread = b""
        self._process: subprocess.Popen[bytes] | None = None
        self._complaints = tempfile.TemporaryFile()  # noqa: SIM115 -- closed when the process has ended

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            self._command,
            cwd=self._cwd,
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._complaints,
        )
        try:
            self.call("hello", {}, limit_s=START_LIMIT_S)
        except BaseException:
            self._end()
            self._complaints.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()
        self._complaints.close()

    def call(self, method: str, params: Reply, *, limit_s: float = CALL_LIMIT_S) -> Reply:
        """Ask and wait for the answer, for at most `limit_s` seconds.

        Raises:
            PeerRefusal: the peer answered with an error.
            PeerError: it did not answer in time, or is gone. It cannot be used afterwards.
        """
        process = self._process
        if process is None or process.stdin is None:
            raise PeerError(f"{self.name}: not running")
        number = next(self._ids)
        request = json.dumps({"id": number, "method": method, "params": pack(params)})
        try:
            process.stdin.write(request.encode() + b"\n")
            process.stdin.flush()
        except OSError as error:
            raise PeerError(f"{self.name}: gone before {method}{self._last_words()}") from error
        answer = json.loads(self._line(process, method, time.monotonic() + limit_s))
        if answer.get("id") != number:
            raise PeerError(f"{self.name}: {method}: an answer to another request: {answer}")
        if "error" in answer:
            raise PeerRefusal(self.name, method, answer["error"]["type"], answer["error"]["message"])
        result: Reply = unpack(answer["result"])
        return result

    def _line(self, process: subprocess.Popen[bytes], method: str, deadline: float) -> bytes:
        if process.stdout is None:
            raise PeerError(f"{self.name}: not running")
        stdout = process.stdout.fileno()
        while b"\n" not in self._unread:
            ready, _, _ = select.select([stdout], [], [], max(0.0, deadline - time.monotonic()))
            if not ready:
                self._end()
                raise PeerError(f"{self.name}: {method}: no answer in time{self._last_words()}")
            part = os.read(stdout, 1 << 16)
            if not part:
                self._end()
                raise PeerError(f"{self.name}: {method}: gone without an answer{self._last_words()}")
            self._unread += part
        line, _, self._unread = self._unread.partition(b"\n")
        return line

    def _last_words(self) -> str:
        if self._complaints.closed:
            return ""
        self._complaints.seek(0)
        said = self._complaints.read()[-4000:].decode(errors="replace").strip()
        return f"\n{said}" if said else ""

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.stdin is not None:
            with contextlib.suppress(OSError):  # it is gone already, with a request unread
                process.stdin.close()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(5)
        if process.stdout is not None:
            process.stdout.close()


@dataclass(frozen=True, slots=True)
class Member:
    """A leaf that is not blank."""

    leaf: int
    identity: bytes
    signature_key: bytes


@dataclass(frozen=True, slots=True)
class View:
    """What a member knows of its group; `own_leaf` and `status` alone may differ between members."""

    group_id: bytes
    suite: int
    epoch: int
    tree_hash: bytes
    confirmed_transcript_hash: bytes
    epoch_authenticator: bytes
    exporter: bytes
    extensions: tuple[tuple[int, bytes], ...]
    members: tuple[Member, ...]
    own_leaf: int
    status: str
    pending: frozenset[bytes]

    @classmethod
    def read(cls, reply: Reply) -> Self:
        """From the answer of a peer."""
        return cls(
            **{
                name: reply[name]
                for name in cls.__slots__
                if name not in {"extensions", "members", "pending"}
            },
            extensions=tuple((item["type"], item["data"]) for item in reply["extensions"]),
            members=tuple(Member(**member) for member in reply["members"]),
            pending=frozenset(reply["pending"]),
        )

    def shared(self) -> Reply:
        """What must be equal for every member of the epoch."""
        own = {"own_leaf", "status"}
        return {name: getattr(self, name) for name in self.__slots__ if name not in own}

    def leaf_of(self, identity: bytes) -> int:
        """The leaf index of the member with this identity."""
        (leaf,) = (member.leaf for member in self.members if member.identity == identity)
        return leaf


@dataclass(frozen=True, slots=True)
class Committed:
    """A commit that is held until it is merged or discarded."""

    commit: bytes
    welcome: bytes | None
    ratchet_tree: bytes


@dataclass(frozen=True, slots=True)
class Received:
    """What a message turned out to be: an application message, a proposal, or a commit now applied."""

    kind: str
    data: bytes = b""
    aad: bytes = b""
    reference: bytes = b""
    view: View | None = field(default=None, repr=False)


class Group:
    """One client's state of one group, kept by its peer."""

    def __init__(self, client: Client, reply: Reply) -> None:
        self.client = client
        self.id: str = reply["group"]
        self.view = View.read(reply)

    def __repr__(self) -> str:
        return f"<{self.client} epoch={self.view.epoch} leaf={self.view.own_leaf}>"

    def call(self, method: str, **params: object) -> Reply:
        """A method about this group; arguments that are None stay away."""
        return self.client.peer.call(method, group=self.id, **params)

    def look(self) -> View:
        """The present view, asked anew."""
        self.view = View.read(self.call("view"))
        return self.view

    def propose(
        self, proposal: Reply, *, public: bool = False, aad: bytes | None = None
    ) -> tuple[bytes, bytes]:
        """The message and the proposal's reference."""
        reply = self.call("propose", proposal=proposal, public=public, aad=aad)
        return reply["proposal"], reply["reference"]

    def commit(
        self,
        *proposals: Reply,
        references: list[bytes] | None = None,
        public: bool = False,
        aad: bytes | None = None,
        tree_in_welcome: bool = True,
        group_info_extensions: list[Reply] | None = None,
        path: bool | None = None,
        new_key: bool | None = None,
    ) -> Committed:
        """Commit to `proposals` by value, and by reference to `references` or to all that are pending.

        `path=False` asks for none where none is needed. ts-mls always does so, and ours does not by itself.
        """
        reply = self.call(
            "commit",
            proposals=list(proposals),
            references=references,
            public=public,
            aad=aad,
            tree_in_welcome=tree_in_welcome,
            group_info_extensions=group_info_extensions,
            path=path,
            new_key=new_key or None,
        )
        return Committed(reply["commit"], reply["welcome"], reply["ratchet_tree"])

    def merge(self) -> View:
        """Our commit was accepted."""
        self.view = View.read(self.call("merge"))
        return self.view

    def discard(self) -> View:
        """Another commit won."""
        self.view = View.read(self.call("discard"))
        return self.view

    def process(self, message: bytes) -> Received:
        """Take in a message; a commit is applied at once."""
        reply = self.call("process", message=message)
        if reply["kind"] == "commit":
            self.view = View.read(reply)
            return Received("commit", aad=reply.get("aad", b""), view=self.view)
        return Received(
            reply["kind"],
            data=reply.get("data", b""),
            aad=reply["aad"],
            reference=reply.get("reference") or b"",
        )

    def encrypt(self, data: bytes, *, aad: bytes | None = None) -> bytes:
        """An application message."""
        message: bytes = self.call("encrypt", data=data, aad=aad)["message"]
        return message

    def export(self, label: str, about: bytes, length: int) -> bytes:
        """A secret of the exporter, RFC 9420 §8.5."""
        secret: bytes = self.call("export", label=label, context=about, length=length)["secret"]
        return secret

    def group_info(
        self, *, with_tree: bool = True, extensions: list[Reply] | None = None
    ) -> tuple[bytes, bytes]:
        """A GroupInfo that allows external joins, and the ratchet tree."""
        reply = self.call("group_info", with_tree=with_tree, extensions=extensions)
        return reply["group_info"], reply["ratchet_tree"]

    def branch(
        self, group_id: bytes, key_packages: list[bytes], **options: object
    ) -> tuple[Group, Committed]:
        """A new group of some members of this one, RFC 9420 §11.3."""
        params = {"group_id": group_id, "key_packages": key_packages, **options}
        return self._successor("branch", self.client, params)

    def recreate(
        self, client: Client, key_packages: list[bytes], **options: object
    ) -> tuple[Group, Committed]:
        """The group that follows a committed ReInit, RFC 9420 §11.2."""
        return self._successor("recreate", client, {"key_packages": key_packages, **options})

    def _successor(self, method: str, creator: Client, params: Reply) -> tuple[Group, Committed]:
        reply = self.call(method, client=creator.id, **params)
        return Group(creator, reply), Committed(b"", reply["welcome"], reply["ratchet_tree"])

    def restart(self) -> View:
        """Put the state into bytes and back."""
        self.view = View.read(self.call("restart"))
        return self.view

    def forget(self) -> None:
        """Drop the state."""
        self.call("forget")


class Client:
    """An identity with a signature key, kept by its peer."""

    def __init__(self, peer: Peer, suite: int, identity: bytes) -> None:
        reply = peer.call("new_client", suite=suite, identity=identity)
        self.peer = peer
        self.suite = suite
        self.identity = identity
        self.id: str = reply["client"]
        self.signature_key: bytes = reply["signature_key"]

    def __repr__(self) -> str:
        return f"{self.identity.decode(errors='replace')}@{self.peer.name}"

    def key_package(self, **options: object) -> bytes:
        """A new KeyPackage, as an MLSMessage; its private keys wait for a Welcome."""
        key_package: bytes = self.peer.call("key_package", client=self.id, **options)["key_package"]
        return key_package

    def create_group(
        self, group_id: bytes, *, extensions: list[Reply] | None = None, **options: object
    ) -> Group:
        """A group of one."""
        reply = self.peer.call(
            "create_group", client=self.id, group_id=group_id, extensions=extensions, **options
        )
        return Group(self, reply)

    def join(
        self, welcome: bytes, *, ratchet_tree: bytes | None = None, predecessor: Group | None = None
    ) -> Group:
        """Join by a Welcome; `predecessor` is the group that this one follows or is a part of."""
        previous = predecessor.id if predecessor else None
        reply = self.peer.call(
            "join", client=self.id, welcome=welcome, ratchet_tree=ratchet_tree, predecessor=previous
        )
        return Group(self, reply)

    def external_join(
        self,
        group_info: bytes,
        *,
        ratchet_tree: bytes | None = None,
        resync: bool = False,
        psks: list[bytes] | None = None,
        aad: bytes | None = None,
        **options: object,
    ) -> tuple[Group, bytes]:
        """The new state, as if already accepted, and the commit that makes it so."""
        reply = self.peer.call(
            "external_join",
            client=self.id,
            group_info=group_info,
            ratchet_tree=ratchet_tree,
            resync=resync,
            psks=psks,
            aad=aad,
            **options,
        )
        return Group(self, reply), reply["commit"]

    def propose_joining(self, group_info: bytes, **options: object) -> bytes:
        """An Add of ourselves from outside (sender `new_member_proposal`)."""
        reply = self.peer.call("propose_joining", client=self.id, group_info=group_info, **options)
        proposal: bytes = reply["proposal"]
        return proposal

    def propose_from_outside(self, group_info: bytes, *, remove: int) -> bytes:
        """A Remove by one of the group's external senders."""
        reply = self.peer.call("propose_from_outside", client=self.id, group_info=group_info, remove=remove)
        proposal: bytes = reply["proposal"]
        return proposal


class Peer:
    """An implementation of MLS, behind the methods of README.md."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self.name = caller.name
        self._can = frozenset(self.call("hello")["can"])

    def __repr__(self) -> str:
        return self.name

    @property
    def can_join_with_psk(self) -> bool:
        """Whether its external commits may hold PSKs."""
        return "join with a PSK" in self._can

    @property
    def can_change_its_key(self) -> bool:
        """Whether its members may change their signature key: `new_key` of commits and updates."""
        return "change its signature key" in self._can

    def call(self, method: str, **params: object) -> Reply:
        """Any method; arguments that are None stay away."""
        return self._caller.call(method, {name: value for name, value in params.items() if value is not None})

    def client(self, suite: int, identity: bytes) -> Client:
        """A new client of this implementation."""
        return Client(self, suite, identity)

    def know_psk(self, psk_id: bytes, secret: bytes) -> None:
        """Give all clients of this peer an external PSK."""
        self.call("psk", psk_id=psk_id, secret=secret)

    def external_senders(self, *senders: Client) -> Reply:
        """The group context extension that lets these clients of this peer propose from outside."""
        return self.call("external_senders", clients=[sender.id for sender in senders])


# The proposals that `propose` and `commit` take.


def add(key_package: bytes) -> Reply:
    """A client joins."""
    return {"kind": "add", "key_package": key_package}


def update(*, new_key: bool = False) -> Reply:
    """The proposer's leaf gets a new encryption key, and a new signature key if asked for."""
    return {"kind": "update", "new_key": new_key}


def remove(leaf: int) -> Reply:
    """A member goes."""
    return {"kind": "remove", "leaf": leaf}


def psk(psk_id: bytes) -> Reply:
    """An external PSK goes into the key schedule."""
    return {"kind": "psk", "psk_id": psk_id}


def resumption_psk(epoch: int) -> Reply:
    """A PSK of an earlier epoch of the same group goes into the key schedule."""
    return {"kind": "resumption_psk", "epoch": epoch}


def extensions(*wanted: Reply) -> Reply:
    """The group context gets these extensions instead of its present ones."""
    return {"kind": "extensions", "extensions": list(wanted)}


def reinit(group_id: bytes, suite: int, *wanted: Reply) -> Reply:
    """The group ends; another follows."""
    return {"kind": "reinit", "group_id": group_id, "suite": suite, "extensions": list(wanted)}


def extension(kind: int, data: bytes) -> Reply:
    """An extension by its number, with its content as bytes."""
    return {"type": kind, "data": data}
