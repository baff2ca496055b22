"""Files that leave and enter a node: bundles and exports; and the removal of all. Backups: see `backups`."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from ..api import local
from ..api.node import File
from ..bridging.core import inbox
from ..delivery.runner import Runner
from ..domain.views import CarryView
from ..errors import ConfigError, StorageError
from ..services.node import Node
from ..services.step import Step
from ..storage.home import LOCK, Home

_PIECE = 256 * 1024


def write_new(path: Path, pieces: Iterable[bytes]) -> int:
    """Write a new file that only its owner reads, whole or not at all; its size.

    Raises:
        ConfigError: there is one already.
        StorageError: it cannot be written.
    """
    size = 0
    beside = None
    try:
        # A name that nobody guesses: others may write to this folder, and put a file or a link there.
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
        beside = Path(name)
        with os.fdopen(handle, "wb") as out:
            for piece in pieces:
                out.write(piece)
                size += len(piece)
            out.flush()
            os.fsync(out.fileno())
        if path.exists():
            raise ConfigError(f"{path} is there already", hint="Name a new file.")
        beside.rename(path)
    except OSError as e:
        raise StorageError(f"{path} cannot be written: {e.strerror}") from e
    finally:
        if beside is not None:
            beside.unlink(missing_ok=True)
    return size


def pieces_of(path: Path) -> Iterator[bytes]:
    """What a file holds, piece by piece. Raises ConfigError where it cannot be read."""
    try:
        with path.open("rb") as source:
            while piece := source.read(_PIECE):
                yield piece
    except OSError as e:
        raise ConfigError(f"{path} cannot be read: {e.strerror}") from e


async def carry_out(runner: Runner, path: Path, contact: str) -> CarryView:
    """Write what waits for a contact, or for all, to a bundle file."""
    from ..services import carry  # noqa: PLC0415 - rarely wanted, and not for a start

    def make(step: Step, node: Node) -> tuple[list[bytes], int]:
        return carry.write(step, node, contact)

    pieces, records = await runner.do(make)
    size = await asyncio.to_thread(write_new, path, pieces)
    return CarryView(records=records, size_bytes=size)


async def carry_in(runner: Runner, path: Path) -> CarryView:
    """Take a bundle file in.

    Raises:
        ConfigError: it cannot be read.
        StorageError: it is damaged; what came before that stays.
    """
    from ..services import carry  # noqa: PLC0415

    pieces = await asyncio.to_thread(lambda: list(pieces_of(path)))
    view = await runner.do(lambda step, node: carry.take(step, node, pieces))
    if view.damage:
        raise StorageError(
            f"the file is damaged: {view.damage}; {view.new} new records before that were taken in",
            hint="Have it written anew: what came twice does no harm.",
        )
    return view


async def export(runner: Runner, path: Path) -> int:
    """Write everything that can be read; its size."""
    return await asyncio.to_thread(write_new, path, await _readable(runner))


async def export_file(runner: Runner) -> File:
    """Everything that can be read."""
    return File("swarmnode.jsonl", "application/jsonl", b"".join(await _readable(runner)))


async def _readable(runner: Runner) -> list[bytes]:
    """Everything as JSON lines, for other programs: people, and what was said."""
    import msgspec  # noqa: PLC0415

    from ..bridging.core import consents, persons, post_screens  # noqa: PLC0415
    from ..services import book_changes  # noqa: PLC0415

    def lines(step: Step, node: Node) -> list[bytes]:
        out = [_line("person", msgspec.to_builtins(person)) for person in persons.everybody(step)]
        changes = book_changes.everything(step)
        out += [_line("change", msgspec.to_builtins(change)) for change in changes]
        out += [_line("consent", msgspec.to_builtins(said)) for said in consents.listed(step)]
        out += [_line("post", msgspec.to_builtins(post)) for post in post_screens.everything(step)]
        for chat in inbox.chats(step, node):
            out.append(_line("chat", {"id": chat.id, "title": chat.title, "network": chat.network}))
            before, at = "", len(out)
            while (page := inbox.page(step, node, chat.id, before=before, limit=200)).items:
                said = [
                    {
                        "chat": item.chat,
                        "id": item.id,
                        "author": item.author_name,
                        "mine": item.mine,
                        "text": item.text,
                        "kind": item.kind,
                        "time": item.wall_s,
                        "reply_to": item.reply_to,
                    }
                    for item in page.items
                ]
                out[at:at] = [_line("message", message) for message in said]
                before = page.prev
                if not before:
                    break
        return out

    return await runner.look(lines)


def _line(kind: str, data: dict[str, object]) -> bytes:
    return json.dumps({"type": kind, **data}, ensure_ascii=False).encode() + b"\n"


def remove_all(place: Home) -> None:
    """Remove what is left of a home whose key is destroyed; the process goes on, and can be asked."""
    for entry in place.path.iterdir():
        if entry.name in {LOCK, local.NAME}:
            continue
        if entry.is_dir():
            shutil.rmtree(entry, ignore_errors=True)
        else:
            entry.unlink(missing_ok=True)
