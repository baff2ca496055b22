"""Bytes of files: those that the owner sends, and those of others that were fetched once.

They lie encrypted under content keys, as messages do, and are destroyed with their message. A file that is to
be sent is named by its body; one that lies on a network by what the network calls it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from swarm_bridges import api

from ...domain.ids import number_of
from ...domain.words import File
from ...errors import NotFound, UsageError
from ...services.step import Step
from ...storage.bridge_shelves import ACCOUNTS, FILES, REMOTE_MESSAGES, ROOMS, RemoteMessage
from . import words

MAX_BYTES = 8 << 20
"""Of all files that are sent with one message, and of one that is fetched."""
MAX_FILES = 10


def put(step: Step, files: Sequence[File]) -> list[api.LocalFile]:
    """Store files that are to be sent; `belong` says with which message.

    Raises:
        UsageError: too many, or too large.
    """
    if len(files) > MAX_FILES:
        raise UsageError(f"a message takes {MAX_FILES} files")
    if sum(len(file.data) for file in files) > MAX_BYTES:
        raise UsageError(f"the files of a message have {MAX_BYTES >> 20} MiB at most")
    return [
        api.LocalFile(
            id=str(step.tx.bodies.put(file.data)),
            name=file.name,
            media_type=file.media_type,
            size_bytes=len(file.data),
            description=file.description,
        )
        for file in files
    ]


def with_bytes(file: api.LocalFile, data: bytes) -> File:
    """What stands in a message, and the bytes that belong to it."""
    return File(file.name, file.media_type, data, file.description)


def belong(step: Step, message_id: int, files: Iterable[api.LocalFile]) -> None:
    """Files that were stored are those of this message."""
    for file in files:
        FILES.add(step.tx, message_id=message_id, remote_id="", body_id=int(file.id))


def to_send(step: Step, account: str, file: api.LocalFile) -> bytes:
    """The bytes of a file that an account is to send.

    Raises:
        NotFound: it is not one of this account's, or is no longer there.
    """
    found = _stored(step, file)
    message = None if found is None else REMOTE_MESSAGES.get(step.tx, found[0])
    room = None if message is None else ROOMS.get(step.tx, message.conversation_id)
    owner = ACCOUNTS.one(step.tx, account=account)
    if found is None or found[1] is None or room is None or owner is None or room.account_id != owner.id:
        raise NotFound("there is no such file")
    return found[1]


def of(step: Step, row: RemoteMessage, index: int) -> tuple[api.RemoteFile | api.LocalFile, bytes | None]:
    """A file of a message, and its bytes if they are here.

    Raises:
        NotFound: there is no such file.
    """
    said = words.of(step, row)
    files: Sequence[api.RemoteFile | api.LocalFile] = () if said is None else said.files or said.sending
    if not 0 <= index < len(files):
        raise NotFound("there is no such file in this message")
    file = files[index]
    if isinstance(file, api.LocalFile):
        stored = _stored(step, file)
        return file, None if stored is None else stored[1]
    known = FILES.one(step.tx, message_id=row.id, remote_id=file.id)
    ours = FILES.all(step.tx, message_id=row.id, remote_id="")
    if known is None and len(ours) == len(files):
        known = ours[index]  # what we sent, which the network shows as its own now
    data = None if known is None else step.tx.bodies.get(known.body_id)
    return file, data if data is None or file.size_bytes in {None, len(data)} else None


def fetched(step: Step, message_id: int, file: api.RemoteFile, data: bytes) -> None:
    """Keep what was fetched, unless its message is gone meanwhile."""
    row = REMOTE_MESSAGES.get(step.tx, message_id)
    if row is None or row.gone_at is not None:
        return
    if FILES.one(step.tx, message_id=row.id, remote_id=file.id) is None:
        FILES.add(step.tx, message_id=row.id, remote_id=file.id, body_id=step.tx.bodies.put(data))


def bodies(step: Step, message_id: int) -> list[int]:
    """The bodies of a message's files."""
    return [file.body_id for file in FILES.all(step.tx, message_id=message_id)]


def shred(step: Step, message_id: int) -> None:
    """Destroy the files of a message."""
    if found := bodies(step, message_id):
        step.tx.bodies.shred(found)
        FILES.drop(step.tx, message_id=message_id)


def move(step: Step, from_id: int, to_id: int) -> None:
    """Two messages become one, which has the files of both."""
    for file in FILES.all(step.tx, message_id=from_id):
        FILES.change(step.tx, file.id, message_id=to_id)


def _stored(step: Step, file: api.LocalFile) -> tuple[int, bytes | None] | None:
    """The message of a file that is to be sent, and its bytes."""
    found = FILES.one(step.tx, body_id=number_of(file.id))
    return None if found is None else (found.message_id, step.tx.bodies.get(found.body_id))
