"""The wire before a relay: a proxy in a thread that passes on, and keeps, every byte of both directions.

with Wire(("127.0.0.1", 8471)) as wire:
    ... wire.address is where others call ...
    for stream in wire.streams: records(stream)
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from types import TracebackType
from typing import Self

TLS_CONTENT = {20: "change cipher spec", 21: "alert", 22: "handshake", 23: "application data"}


class Wire:
    """Listens on a free port of 127.0.0.1 and passes on to `target`."""

    def __init__(self, target: tuple[str, int]) -> None:
        self.target = target
        self.streams: list[bytearray] = []
        """What one side of one connection said; two for each connection, the caller's first."""
        self._server = socket.create_server(("127.0.0.1", 0))
        self._ends: list[socket.socket] = [self._server]

    @property
    def address(self) -> str:
        """Where to call."""
        return f"127.0.0.1:{self._server.getsockname()[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for end in self._ends:
            with suppress(OSError):  # the other side may have gone before
                end.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits on it
            end.close()

    def _accept(self) -> None:
        while True:
            try:
                caller, _ = self._server.accept()
            except OSError:
                return
            try:
                called = socket.create_connection(self.target)
            except OSError:
                caller.close()
                continue
            self._ends += [caller, called]
            for source, sink in ((caller, called), (called, caller)):
                kept = bytearray()
                self.streams.append(kept)
                threading.Thread(target=_pass_on, args=(source, sink, kept), daemon=True).start()


def _pass_on(source: socket.socket, sink: socket.socket, kept: bytearray) -> None:
    try:
        while data := source.recv(65536):
            kept += data
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass  # one of the two has gone; the other notices


def records(stream: bytes) -> Iterator[str]:
    """What kinds of TLS records a stream consists of, to its last byte or the middle of the last record.

    Raises:
        AssertionError: there is something else in it.
    """
    at = 0
    while at + 5 <= len(stream):
        kind, version, size = (
            stream[at],
            stream[at + 1 : at + 3],
            int.from_bytes(stream[at + 3 : at + 5], "big"),
        )
        assert kind in TLS_CONTENT, f"byte {at}: a record of kind {kind}"
        assert version in {b"\x03\x01", b"\x03\x03"}, f"byte {at}: version {version.hex()}"
        assert 0 < size <= 16384 + 256, f"byte {at}: {size} bytes"
        yield TLS_CONTENT[kind]
        at += 5 + size
