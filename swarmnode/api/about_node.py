"""Routes about the node itself: its state, its persona, its relays, its files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from ..domain.views import CarryView, Check, Items, RelayView, StatusView
from ..errors import AccessDenied
from .access import Scope
from .node import File, NodeView, Retried, SettingView
from .route import Body, Call, Query, Route, Stream, Streamed, Upload
from .streams import of_events

BACKUP = 8 * 1024 * 1024 * 1024
"""Bytes of a backup; the disk decides before that."""

Passphrase = Annotated[str, Meta(min_length=1, max_length=1024)]
Word = Annotated[str, Meta(max_length=16)]
Words = Annotated[tuple[Word, ...], Meta(min_length=24, max_length=24)]
PathText = Annotated[str, Meta(min_length=1, max_length=4096)]
Name = Annotated[str, Meta(min_length=1, max_length=200)]


class NewPersona(Body, frozen=True, kw_only=True):
    """A persona to make; without a passphrase and a key file its key lies open in the home."""

    name: Name
    passphrase: Passphrase | None = None
    key_file: PathText | None = None
    words: Words | None = None


class RecoveryWords(msgspec.Struct, frozen=True):
    """The 24 words, shown once. Who has them is you."""

    words: tuple[str, ...]


class SomeWords(Body, frozen=True, kw_only=True):
    """Words by their places, from 1: a few right after they were shown, or all 24 at any time."""

    words: Annotated[dict[str, Word], Meta(min_length=3, max_length=24)]


class Right(msgspec.Struct, frozen=True):
    """Whether it was right."""

    right: bool


class Restoring(Body, frozen=True, kw_only=True):
    """The words, and a backup: by its path, or (`uploaded`) as it was sent before."""

    words: Words
    backup: PathText | None = None
    uploaded: bool = False
    passphrase: Passphrase | None = None


class Unlocking(Body, frozen=True, kw_only=True):
    """How to open the store."""

    passphrase: Passphrase


class Renaming(Body, frozen=True, kw_only=True):
    """A name."""

    name: Name


class SettingValue(Body, frozen=True, kw_only=True):
    """What a setting is to be, as `swarmnode config` shows it; null: its default."""

    value: Annotated[str, Meta(max_length=4096)] | None


class TicketOrder(Body, frozen=True, kw_only=True):
    """How many links to make, for one person each."""

    count: Annotated[int, Meta(ge=1, le=100)] = 1


class Links(msgspec.Struct, frozen=True):
    """Links; secrets until they are used."""

    links: tuple[str, ...]


class SomeLink(Body, frozen=True, kw_only=True):
    """A link or a spoken code."""

    link: Annotated[str, Meta(min_length=1, max_length=4096)]


class OutTo(Body, frozen=True, kw_only=True):
    """A file to write, on the node's machine; `contact` is an id, or empty for all."""

    path: PathText
    contact: str = ""


class InFrom(Body, frozen=True, kw_only=True):
    """A file on the node's machine."""

    path: PathText


class Written(msgspec.Struct, frozen=True):
    """A file that was written."""

    path: str
    size_bytes: int


class Size(msgspec.Struct, frozen=True):
    """How much came."""

    size_bytes: int


class Wiping(Body, frozen=True, kw_only=True):
    """The persona's name, as a sign that it is meant."""

    confirm: str


class After(Query, frozen=True, kw_only=True):
    """Where to go on; the header `Last-Event-ID` says the same."""

    after: Annotated[int, Meta(ge=0)] | None = None


class Peer(Query, frozen=True, kw_only=True):
    """A contact's or relay's id."""

    peer: str


async def status(call: Call) -> StatusView:
    """Answer with the node's state."""
    return await call.node.status(call.language)


async def doctor(call: Call) -> Items[Check]:
    """Check everything."""
    return Items(await call.node.doctor(call.language))


async def retry(call: Call) -> Retried:
    """Take what was kept aside."""
    return await call.node.retry()


async def settings(call: Call) -> Items[SettingView]:
    """List settings."""
    return Items(await call.node.settings())


async def change_setting(call: Call, body: SettingValue) -> SettingView:
    """Change a setting."""
    return await call.node.change_setting(call.params["setting"], body.value)


async def nodes(call: Call) -> Items[NodeView]:
    """List nodes."""
    return Items(await call.node.nodes())


async def create(call: Call, body: NewPersona) -> RecoveryWords:
    """Make a persona."""
    if body.key_file is not None:
        call.access.require(Scope.OWNER)
    key_file = Path(body.key_file) if body.key_file is not None else None
    return RecoveryWords(await call.node.create(body.name, body.passphrase, key_file, body.words))


async def check_words(call: Call, body: SomeWords) -> Right:
    """Try the recovery words."""
    places = {int(place): word for place, word in body.words.items() if place.isdecimal() and len(place) < 3}
    return Right(len(places) == len(body.words) and await call.node.check_words(places))


async def restore(call: Call, body: Restoring) -> StatusView:
    """Bring a persona back."""
    if body.backup is not None:
        call.access.require(Scope.OWNER)
    backup = Path(body.backup) if body.backup is not None else None
    return await call.node.restore(body.words, backup, body.passphrase, uploaded=body.uploaded)


async def upload(call: Call, upload: Upload) -> Size:
    """Take a backup."""
    return Size(await call.node.take_backup(upload))


async def unlock(call: Call, body: Unlocking) -> StatusView:
    """Open the store. Everybody may try: while it is closed no token can be looked up in it.

    Who shows no token learns the state alone: a store that is open takes any passphrase.
    """
    if call.access.scope is Scope.OWNER:
        await call.node.unlock(body.passphrase)
        return await call.node.status(call.language)
    throttle = call.gate.unlocking
    async with throttle.turn:
        throttle.check(call.gate.clock().tick)
        try:
            await call.node.unlock(body.passphrase)
        except AccessDenied:
            throttle.failed(call.gate.clock().tick)
            raise
        throttle.wrong = 0
    status = await call.node.status(call.language)
    return status if call.access.scope >= Scope.READ else StatusView(status.state)


async def lock(call: Call) -> StatusView:
    """Close the store."""
    await call.node.lock()
    return await call.node.status(call.language)


async def rename_self(call: Call, body: Renaming) -> StatusView:
    """Change the persona's name."""
    await call.node.rename_self(body.name)
    return await call.node.status(call.language)


async def relays(call: Call) -> Items[RelayView]:
    """List relays."""
    return Items(await call.node.relays())


async def relay_use(call: Call, body: SomeLink) -> RelayView:
    """Use a relay."""
    return await call.node.relay_use(body.link)


async def relay_remove(call: Call) -> None:
    """Leave a relay."""
    await call.node.relay_remove(call.params["relay"])


async def relay_tickets(call: Call, body: TicketOrder) -> Links:
    """Lend this relay."""
    return Links(await call.node.relay_tickets(body.count))


async def carry_out(call: Call, body: OutTo) -> CarryView:
    """Write a bundle file."""
    return await call.node.carry_out(Path(body.path), body.contact)


async def carry_in(call: Call, body: InFrom) -> CarryView:
    """Read a bundle file."""
    return await call.node.carry_in(Path(body.path))


async def backup(call: Call, body: InFrom) -> Written:
    """Write a backup."""
    return Written(body.path, await call.node.backup(Path(body.path)))


async def export(call: Call, body: InFrom) -> Written:
    """Write an export."""
    return Written(body.path, await call.node.export(Path(body.path)))


async def backup_file(call: Call) -> File:
    """Give a backup."""
    return await call.node.backup_file()


async def export_file(call: Call) -> File:
    """Give an export."""
    return await call.node.export_file()


async def wipe(call: Call, body: Wiping) -> None:
    """Destroy everything."""
    await call.node.wipe(body.confirm)


async def events(call: Call, query: After) -> Stream:
    """Tell what happens."""
    after = call.last_event if call.last_event is not None else query.after
    return of_events(call.node.events(after))


async def trace(call: Call, query: Peer) -> Stream:
    """Tell what passes."""
    lines = call.node.trace(query.peer)
    return (Streamed("line", msgspec.json.encode(line)) async for line in lines)


ROUTES = (
    Route("GET", "/status", status, Scope.READ, "How the node is"),
    Route("GET", "/doctor", doctor, Scope.ADMIN, "Checks, each with a way out"),
    Route("POST", "/doctor/retry", retry, Scope.ADMIN, "Take once more what was kept aside"),
    Route("GET", "/settings", settings, Scope.ADMIN, "How each setting is, and who may change it"),
    Route("PATCH", "/settings/{setting}", change_setting, Scope.ADMIN, "Change a setting of the owner's"),
    Route("GET", "/nodes", nodes, Scope.READ, "The persona's nodes"),
    Route("GET", "/events", events, Scope.READ, "What happens, as server-sent events"),
    Route("GET", "/trace", trace, Scope.OWNER, "What passes between this node and a peer"),
    Route("POST", "/identity", create, Scope.ADMIN, "Make a persona; the words come once", once=False),
    Route("PATCH", "/identity", rename_self, Scope.ADMIN, "Change the persona's name"),
    Route("POST", "/identity/words/check", check_words, Scope.ADMIN, "Try the recovery words", once=False),
    Route("POST", "/identity/restore", restore, Scope.ADMIN, "Bring a persona back", once=False),
    Route(
        "PUT",
        "/identity/backup",
        upload,
        Scope.ADMIN,
        "Send a backup, for a restore",
        limit=BACKUP,
        once=False,
    ),
    Route("POST", "/unlock", unlock, Scope.PUBLIC, "Open the store", once=False),
    Route("POST", "/lock", lock, Scope.WRITE, "Close the store", once=False),
    Route("GET", "/relays", relays, Scope.READ, "The relays that this node uses"),
    Route("POST", "/relays", relay_use, Scope.ADMIN, "Use somebody's relay"),
    Route("DELETE", "/relays/{relay}", relay_remove, Scope.ADMIN, "Use a relay no longer"),
    Route("POST", "/relays/tickets", relay_tickets, Scope.ADMIN, "Lend this relay", once=False),
    Route("POST", "/carry/out", carry_out, Scope.OWNER, "Write what waits to a bundle file"),
    Route("POST", "/carry/in", carry_in, Scope.OWNER, "Take in a bundle file"),
    Route("POST", "/backups", backup, Scope.OWNER, "Write a sealed backup"),
    Route("POST", "/exports", export, Scope.OWNER, "Write everything, readable"),
    Route("POST", "/backups/file", backup_file, Scope.ADMIN, "A sealed backup, as a file", once=False),
    Route("POST", "/exports/file", export_file, Scope.ADMIN, "Everything, readable, as a file", once=False),
    Route("POST", "/wipe", wipe, Scope.ADMIN, "Destroy the key, then the files", once=False),
)
