"""What a bridged message's body holds, and what search and screens make of it."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Mapping

import msgspec

from swarm_bridges import api, notices
from swarm_bridges.document import Document
from swarm_bridges.text import to_plain

from ...storage.search import REMOTE
from . import bounds


class Content(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """All of a message that is destroyed with its body."""

    body: Document
    title: str = ""
    sensitive: bool = False
    visibility: str = ""
    reply_to: api.MessageRef | None = None
    thread_root: api.MessageRef | None = None
    shared_by: str = ""
    """Remote id."""
    files: tuple[api.RemoteFile, ...] = ()
    sending: tuple[api.LocalFile, ...] = ()
    """Files of a message of ours that the network has not shown yet."""
    poll: api.Poll | None = None
    url: str = ""
    foreign_crypto: str = ""
    unreadable: str = ""
    notice: api.Notice | None = None

    @classmethod
    def of(cls, event: api.MessageSeen) -> Content:
        """The content of a message that came."""
        return cls(
            body=event.body,
            title=event.title,
            sensitive=event.sensitive,
            visibility=event.visibility,
            reply_to=event.reply_to,
            thread_root=event.thread_root,
            shared_by="" if event.shared_by is None else event.shared_by.remote_id,
            files=tuple(map(_plain, event.files)),
            poll=event.poll,
            url=event.url,
            foreign_crypto=event.foreign_crypto,
            unreadable=event.unreadable,
            notice=event.notice,
        )

    def encode(self) -> bytes:
        """As it is stored."""
        return _ENCODER.encode(self)

    @property
    def text(self) -> str:
        """What is shown where only text is."""
        return to_plain(self.body)

    @property
    def others(self) -> Mapping[str, str]:
        """The same in other languages, where a bridge says it itself."""
        return notices.in_others(self.notice, self.body)

    @property
    def words(self) -> str:
        """What search finds it by."""
        options = () if self.poll is None else (option.text for option in self.poll.options)
        files: tuple[api.RemoteFile | api.LocalFile, ...] = (*self.files, *self.sending)
        named = (f"{file.name} {file.description}".strip() for file in files)
        return "\n".join(
            part for part in (self.title, self.text, *self.others.values(), *options, *named) if part
        )


def _plain(file: api.RemoteFile) -> api.RemoteFile:
    """A file with a name that hides nothing: no folders, nothing that turns its ending around."""
    size = file.size_bytes if file.size_bytes is None or file.size_bytes >= 0 else None
    return msgspec.structs.replace(file, name=bounds.file_name(file.name), size_bytes=size)


def decode(data: bytes) -> Content:
    """A content as it was stored."""
    return _DECODER.decode(data)


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(Content)


def likeness(body: Document) -> bytes:
    """16 bytes that are equal for a text and the copy of it that a network shows.

    Networks trim, curl and compose: case, white space and whatever is neither letter nor digit do not count,
    except where nothing else is left.
    """
    folded = unicodedata.normalize("NFKC", to_plain(body)).casefold()
    kept = "".join(char for char in folded if char.isalnum()) or "".join(folded.split())
    return hashlib.sha256(b"copy " + kept.encode("utf-8", "replace")).digest()[:16]


def search_id(message_id: int, wall_s: int) -> int:
    """A message's id in the search index, which gives the newest first: by time, then by number."""
    return REMOTE | min(wall_s, (1 << 38) - 1) << 24 | message_id & 0xFFFFFF
