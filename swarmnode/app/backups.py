"""Backups: written with what each floor keeps, and read into an empty home (ADR 0020).

The settings that the owner chose are in them, and come back for the same owner. What the machine's keeper
said is about that machine, and is not. When they come back only the owner's count: a backup opens no door.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import TypeVar

from swarm_protocol.cbor import Value
from swarm_protocol.identity import RecoveryKit

from ..api.node import File
from ..config import kept
from ..delivery.runner import Runner
from ..errors import StorageError
from ..services import book
from ..services.node import Node
from ..services.step import Step
from .files import pieces_of, write_new

T = TypeVar("T")
UPLOADED = "uploaded.backup"
"""In an empty home: a backup that was sent over the API, until the restore."""
CHOICE = 96
"""The number of records of settings; those below are of the floors below."""


async def take(path: Path, pieces: AsyncIterator[bytes]) -> int:
    """Write a file as it comes, whole or not at all; its size. Raises StorageError."""
    size = 0
    beside = path.with_name(f".{path.name}.part")
    try:
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as out:
            async for piece in pieces:
                await asyncio.to_thread(out.write, piece)
                size += len(piece)
        beside.replace(path)
    except OSError as e:
        raise StorageError(f"{path} cannot be written: {e.strerror}") from e
    finally:
        beside.unlink(missing_ok=True)
    return size


# Writing


async def write(runner: Runner, home: Path, path: Path) -> int:
    """Write a sealed backup; its size."""
    from ..services import backup as backups  # noqa: PLC0415 - rarely wanted, and not for a start

    size = await asyncio.to_thread(write_new, path, await _sealed(runner, home))
    await runner.do(lambda step, _: backups.made(step))
    return size


async def as_file(runner: Runner, home: Path) -> File:
    """A sealed backup, which counts as made once it is handed out."""
    from ..services import backup as backups  # noqa: PLC0415

    data = b"".join(await _sealed(runner, home))
    await runner.do(lambda step, _: backups.made(step))
    return File("swarmnode.backup", "application/octet-stream", data)


async def _sealed(runner: Runner, home: Path) -> list[bytes]:
    from ..bridging.core import backup as remote  # noqa: PLC0415
    from ..services import backup as backups  # noqa: PLC0415

    choices = await asyncio.to_thread(kept, home)
    number = await runner.do(lambda step, _: backups.next_generation(step))

    def records(step: Step) -> Iterator[list[Value]]:
        return chain(remote.records(step), ([CHOICE, name, text] for name, text in choices.items()))

    return await runner.look(lambda step, node: list(backups.write(step, node, number, more=records(step))))


# Reading


async def restore(
    runner: Runner,
    kit: RecoveryKit,
    backup_file: Path | None,
    choose: Callable[[Step, Node, dict[str, str]], T],
) -> T:
    """Bring a persona back into an empty store; what `choose` makes of its owner's choices in that step."""
    from ..bridging.core import backup as remote  # noqa: PLC0415
    from ..services import restore as restoring  # noqa: PLC0415

    pieces = None if backup_file is None else await asyncio.to_thread(lambda: list(pieces_of(backup_file)))

    def begin(step: Step, node: Node) -> T:
        choices: dict[str, str] = {}
        others = remote.Restored(step)

        def take(number: int, values: list[Value]) -> None:
            match number, values:
                case 96, [str(name), str(text), *_]:
                    choices[name] = text
                case _:
                    others.take(number, values)

        restoring.begin(step, node, kit, pieces, more=take)
        book.complete(step)
        return choose(step, node, choices)

    return await runner.do(begin)
