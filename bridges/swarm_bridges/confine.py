"""What a bridge's process does to itself before it imports a bridge, so that little is left to break.

Each layer stands alone, and a system that lacks one still has the others; `confine` says which ones hold:

- `limits`: memory, open files, the size of written files, no core dumps, less of the processor;
- `parent`: the process dies with the node, also while it is busy;
- `network`: a network of its own in which there is nothing (namespaces(7));
- `privileges`: none, and none to be had (PR_SET_NO_NEW_PRIVS, capset);
- `files`: reads programs, libraries and certificates, writes to its own folder (landlock(7));
- `calls`: connects to nothing, starts no process, touches no other and no file's rights (seccomp(2)).

Linux alone has all but the first. The numbers are those of its headers.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal
import stat
import struct
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from .syscalls import filter_code

MIB = 1024 * 1024
OPEN_FILES = 512
FILE_BYTES = 64 * MIB
OVERHEAD = 64 * MIB
"""Stacks of threads and the like: address space that is taken and hardly used."""
NICE = 5

_libc = ctypes.CDLL(None, use_errno=True)


def confine(*, memory_mb: int, reads: Iterable[Path], writes: Path) -> frozenset[str]:
    """Confine this process, which must have one thread yet. Gives the names of what holds."""
    layers: dict[str, Callable[[], None]] = {"limits": lambda: _limits(memory_mb)}
    if sys.platform == "linux":
        layers |= {
            "parent": lambda: _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL),
            "network": _network,
            "privileges": _privileges,
            "files": lambda: _files(reads, writes),
            "calls": _calls,
        }
    held = set()
    for name, layer in layers.items():
        with contextlib.suppress(OSError, ValueError):
            layer()
            held.add(name)
    return frozenset(held)


def _limits(memory_mb: int) -> None:
    os.nice(NICE)
    for kind, most in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
        (resource.RLIMIT_FSIZE, FILE_BYTES),
        (resource.RLIMIT_DATA, memory_mb * MIB + OVERHEAD),
    ):
        _, hard = resource.getrlimit(kind)
        limit = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (limit, limit))


# Linux

_PR_SET_PDEATHSIG, _PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS = 1, 22, 38
_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_CAPABILITY_VERSION_3 = 0x20080522


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def _prctl(option: int, *arguments: object) -> None:
    rest = [*arguments, 0, 0, 0, 0][:4]
    _checked(_libc.prctl(option, *(ctypes.c_ulong(a) if isinstance(a, int) else a for a in rest)))


def _network() -> None:
    """An empty network: in a user namespace of its own, or by the rights of root.

    The ids stay what they are, so that files keep their owner.
    """
    user, group = os.getuid(), os.getgid()
    try:
        _checked(_libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET))
    except OSError:
        _checked(_libc.unshare(_CLONE_NEWNET))
        return
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{group} {group} 1")


def _privileges() -> None:
    header = struct.pack("=Ii", _CAPABILITY_VERSION_3, 0)
    _checked(_libc.capset(header, bytes(24)))
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)


# landlock(7); its system calls have the same numbers on all machines

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 1, 1 << 2, 1 << 3
_RIGHTS = ((1, 13), (2, 14), (3, 15), (5, 16))
"""Since which version there are how many rights on files."""
_FILE_RIGHTS = 1 << 0 | _WRITE_FILE | _READ_FILE | 1 << 14 | 1 << 15
"""Those that a rule about a file, not a folder, may name."""
_ALL_TCP, _ALL_SCOPES = 0b11, 0b11


def _files(reads: Iterable[Path], writes: Path) -> None:
    version = _checked(_libc.syscall(_CREATE_RULESET, None, 0, 1))
    rights = (1 << max(count for since, count in _RIGHTS if since <= version)) - 1
    wanted = [rights]
    if version >= 4:
        wanted.append(_ALL_TCP)
    if version >= 6:
        wanted.append(_ALL_SCOPES)
    attributes = struct.pack(f"={len(wanted)}Q", *wanted)
    rules = _checked(_libc.syscall(_CREATE_RULESET, attributes, len(attributes), 0))
    try:
        for path in {*reads, *_LIBRARIES}:
            _allow(rules, path, _READ_FILE | _READ_DIR, rights)
        for path in (writes, Path("/dev/null")):
            _allow(rules, path, rights, rights)
        _prctl(_PR_SET_NO_NEW_PRIVS, 1)
        _checked(_libc.syscall(_RESTRICT_SELF, rules, 0))
    finally:
        os.close(rules)


_LIBRARIES = tuple(
    map(
        Path,
        (
            *("/usr", "/lib", "/lib64", "/dev/urandom", "/etc/ssl", "/etc/pki", "/etc/ca-certificates"),
            *("/etc/localtime", "/etc/mime.types", "/etc/ld.so.cache"),
        ),
    )
)


def _allow(rules: int, path: Path, access: int, rights: int) -> None:
    """A path that is not there needs no rule."""
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        folder = stat.S_ISDIR(os.fstat(place).st_mode)
        access &= rights if folder else rights & _FILE_RIGHTS
        _checked(_libc.syscall(_ADD_RULE, rules, 1, struct.pack("=Qi", access, place), 0))
    finally:
        os.close(place)


def _calls() -> None:
    steps, code = filter_code()
    buffer = ctypes.create_string_buffer(code, len(code))
    described = struct.pack("@HP", steps, ctypes.addressof(buffer))
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    _prctl(_PR_SET_SECCOMP, 2, described)
