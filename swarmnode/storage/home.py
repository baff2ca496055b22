"""The home folder of a node: one process at a time, and small files that are replaced whole.

    node.db        the encrypted database, with its -wal and -shm beside it while it is open
    keys.cbor      the root key, wrapped (`keystore.py`)
    keyring        the block keys (`keyring.py`)
    generation     how new the database was when we last looked (`generation.py`)
    ballast        room to free when the disk is full (`integrity.py`)
    lock           held by the process that has the home open

The small files lie behind the port `Files`, which has two implementations: a real folder, and a memory that a
simulator can crash and make fail at each step.
"""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from swarmnode.errors import DiskFull, InUse, StorageError

DATABASE = "node.db"
LOCK = "lock"

_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})
_TEMPORARY = ".new"


def no_faults(step: str) -> None:
    """What `faults` is where nobody plans any."""


class Files(Protocol):
    """Small files that are read and replaced whole."""

    def read(self, name: str) -> bytes | None:
        """What the file holds; None where there is none. Raises StorageError."""
        ...

    def replace(self, name: str, data: bytes) -> None:
        """Put `data` in the place of what the file holds, durably, all or nothing.

        What it held is overwritten then, for it may be keys. A disk that writes elsewhere (flash, copy on
        write) makes that worth less.

        Raises:
            DiskFull, StorageError: a crash decides whether the old or the new is there.
        """
        ...

    def destroy(self, name: str) -> None:
        """Overwrite the file, durably, then remove it. Nothing happens where there is none."""
        ...


@contextmanager
def disk_errors(what: str) -> Iterator[None]:
    """Turn an OSError into the node's errors; `what` was being done."""
    try:
        yield
    except OSError as e:
        if e.errno in _NO_ROOM:
            raise DiskFull(f"the disk is full: {what}", hint="free some room, then try again") from e
        reason = e.strerror or type(e).__name__
        raise StorageError(f"{what}: {reason}", hint="look at the disk and at the folder's rights") from e


class FolderFiles:
    """Files in a real folder, readable by their owner alone."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, name: str) -> bytes | None:
        """See `Files`."""
        with disk_errors(f"reading {name}"):
            try:
                return (self._folder / name).read_bytes()
            except FileNotFoundError:
                return None

    def replace(self, name: str, data: bytes) -> None:
        """See `Files`: written beside, synced, renamed, the folder synced, the old bytes overwritten."""
        path, beside = self._folder / name, self._folder / (name + _TEMPORARY)
        with disk_errors(f"writing {name}"):
            write_private(beside, data)
            old = _open_if_there(path)
            try:
                beside.replace(path)
                sync_folder(self._folder)
                if old is not None:
                    _overwrite(old)
            finally:
                if old is not None:
                    os.close(old)

    def destroy(self, name: str) -> None:
        """See `Files`; what a broken replacement left beside goes with it."""
        with disk_errors(f"destroying {name}"):
            for path in (self._folder / name, self._folder / (name + _TEMPORARY)):
                old = _open_if_there(path)
                if old is None:
                    continue
                try:
                    _overwrite(old)
                finally:
                    os.close(old)
                path.unlink()
            sync_folder(self._folder)


class MemoryFiles:
    """Files in memory, for simulations.

    `fail` is called with "write NAME", "rename NAME", "sync NAME" before each step of a replacement, and may
    raise. `crash` then loses what was not completed: a renamed file that was not synced is the old one again.
    """

    def __init__(self, fail: Callable[[str], None] = no_faults) -> None:
        self.fail = fail
        self._files: dict[str, bytes] = {}
        self._synced: dict[str, bytes] = {}

    def read(self, name: str) -> bytes | None:
        """See `Files`."""
        return self._files.get(name)

    def replace(self, name: str, data: bytes) -> None:
        """See `Files`."""
        self.fail(f"write {name}")
        self.fail(f"rename {name}")
        self._files[name] = data
        self.fail(f"sync {name}")
        self._synced[name] = data

    def destroy(self, name: str) -> None:
        """See `Files`."""
        self.fail(f"write {name}")
        self._files.pop(name, None)
        self._synced.pop(name, None)

    def crash(self, *, kept: bool = False) -> None:
        """Lose what was not synced, unless the disk had it by luck (`kept`)."""
        if kept:
            self._synced = dict(self._files)
        self._files = dict(self._synced)

    def copy(self) -> MemoryFiles:
        """The same files on a disk of their own, as a backup or a thief makes them."""
        other = MemoryFiles()
        other._files, other._synced = dict(self._files), dict(self._synced)
        return other


class Home:
    """The folder of a node, held by this process until it is closed.

    Made with mode 0700 where it is not there. A context manager.

    Raises:
        InUse: another process holds it.
        StorageError: it cannot be made or read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with disk_errors(f"opening the home {path}"):
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.chmod(0o700)
            self._lock = os.open(path / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            self._hold()
        except BaseException:
            os.close(self._lock)
            raise
        self.files = FolderFiles(path)

    @property
    def database(self) -> Path:
        """Where the database is."""
        return self.path / DATABASE

    def close(self) -> None:
        """Let others open it. A second call does nothing."""
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _hold(self) -> None:
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(self._lock, 32, 0).decode(errors="replace").strip() or "unknown"
            raise InUse(
                f"the home {self.path} is open in process {holder}",
                hint="stop that process, or choose another home with --home",
            ) from None
        except OSError as e:
            raise StorageError(f"the home {self.path} cannot be locked: {e.strerror}") from e
        os.ftruncate(self._lock, 0)
        os.pwrite(self._lock, f"{os.getpid()}\n".encode(), 0)


def write_private(path: Path, data: bytes) -> None:
    """Write a file that its owner alone may read, and sync it."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _open_if_there(path: Path) -> int | None:
    try:
        return os.open(path, os.O_WRONLY)
    except FileNotFoundError:
        return None


def _overwrite(handle: int) -> None:
    os.pwrite(handle, bytes(os.fstat(handle).st_size), 0)
    os.fsync(handle)
