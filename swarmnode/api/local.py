"""The socket in the home, through which the owner's own programs ask.

The path of a Unix socket is limited to some 100 bytes, homes are not. Linux lets a folder be named by an open
descriptor, which is short, so that any home will do there.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import ConfigError, NotRunning, StorageError

NAME = "node.sock"
MAX_PATH = 100


@contextmanager
def _address(home: Path) -> Iterator[str]:
    path = str(home / NAME)
    if len(os.fsencode(path)) <= MAX_PATH:
        yield path
        return
    if not Path("/proc/self/fd").is_dir():
        raise ConfigError(
            f"The path of the home is too long for a socket: {len(path)} bytes.",
            hint=f"Choose a --home of less than {MAX_PATH - len(NAME)} bytes.",
        )
    folder = os.open(home, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{NAME}"
    finally:
        os.close(folder)


def listen(home: Path) -> socket.socket:
    """Bind the socket, mode 600, in place of one that a node which died left behind.

    Whoever calls holds the home's lock, so that nobody listens there.

    Raises:
        StorageError: it cannot be made there.
    """
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        (home / NAME).unlink(missing_ok=True)
        before = os.umask(0o177)  # the home is closed to others already; this closes the moment before chmod
        try:
            with _address(home) as address:
                sock.bind(address)
        finally:
            os.umask(before)
        (home / NAME).chmod(0o600)
    except OSError as e:
        sock.close()
        raise StorageError(f"The socket in {home} cannot be made: {e.strerror}.") from e
    return sock


def connect(home: Path, timeout_s: float | None) -> socket.socket:
    """Connect to the node on this home.

    Raises:
        NotRunning: none listens there.
    """
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.settimeout(timeout_s)
    try:
        with _address(home) as address:
            sock.connect(address)
    except OSError:
        sock.close()
        raise NotRunning(f"No node runs on {home}.", hint="Start it with `swarmnode run`.") from None
    return sock
