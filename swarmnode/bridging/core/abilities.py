"""Whether a network can do what the owner wants, asked before it is written down."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

from swarm_bridges import api
from swarm_bridges.api import Level

from ...errors import UsageError
from ...services.step import Step
from ...storage.bridge_shelves import AccountRow, RemoteConversation, RemoteMessage
from . import accounts

UNKNOWN = api.Capabilities(version="", levels={"text": Level.FULL})
"""Of an account that was never connected: only plain words, which wait for it."""

_SAID = {
    "text": "messages",
    "edit": "edits",
    "delete": "taking back",
    "reaction": "reactions",
    "file": "files",
    "poll": "polls",
    "post": "posts",
    "favourite": "favourites",
    "boost": "boosts",
    "bookmark": "bookmarks",
    "claim": "place where an account says whose it is",
}


def of(step: Step, account: AccountRow, room: RemoteConversation) -> api.Capabilities:
    """What can be done in a conversation."""
    return accounts.capabilities(step, account, room.abilities) or UNKNOWN


def has(can: api.Capabilities, feature: str) -> bool:
    """Whether a network has a feature of its own."""
    return can.levels.get(feature, Level.REJECTED) >= Level.PARTIAL


def need(can: api.Capabilities, feature: str) -> None:
    """Ask for a feature.

    Raises:
        UsageError: the network has no such thing, or would lose it.
    """
    level, said = can.levels.get(feature, Level.REJECTED), _SAID.get(feature, feature)
    if level == Level.REJECTED:
        raise UsageError(
            f"this network has no {said}" if can.version else "this account was not connected yet"
        )
    if level == Level.DROPPED:
        raise UsageError(f"this network would lose {said} without saying so")


def check_said(
    can: api.Capabilities,
    kind: str,
    *,
    files: Sequence[api.LocalFile],
    poll: api.Poll | None,
    visibility: str,
    protect: str,
) -> None:
    """Look whether something can be said like this.

    Raises:
        UsageError: it cannot.
    """
    need(can, "post" if kind == "post" else "text")
    if poll is not None:
        need(can, "poll")
    if files:
        need(can, "file")
    if can.max_files is not None and len(files) > can.max_files:
        raise UsageError(f"this network takes {can.max_files} files at once")
    for file in files:
        limits = [size for kinds, size in can.media.items() if fnmatchcase(file.media_type, kinds)]
        if can.media and not limits:
            raise UsageError(f"this network does not take files of the kind {file.media_type}")
        if limits and file.size_bytes > max(limits):
            raise UsageError(f"this network takes such files up to {max(limits)} bytes")
    if visibility and visibility not in can.visibilities:
        raise UsageError(f"here posts are {' or '.join(can.visibilities) or 'all alike'}")
    if protect and protect not in can.protect:
        raise UsageError(f"{protect} cannot be had here", hint="Nothing was sent.")


def check_reactions(can: api.Capabilities, symbols: Sequence[str]) -> None:
    """Look whether the owner's reactions can be these.

    Raises:
        UsageError: they cannot.
    """
    need(can, "reaction")
    if can.reactions is not None and not can.reactions.issuperset(symbols):
        raise UsageError("this network has other reactions", hint=" ".join(sorted(can.reactions)))
    if can.reactions_each is not None and len(set(symbols)) > can.reactions_each:
        raise UsageError(f"this network takes {can.reactions_each} reactions from each")
    if any(not symbol or len(symbol) > 64 for symbol in symbols):
        raise UsageError("a reaction has 1 to 64 characters")


def check_age(row: RemoteMessage, within_s: float | None, now: int, verb: str) -> None:
    """Look whether a message is young enough to be changed. The network's own clock has the last word.

    Raises:
        UsageError: it is too old.
    """
    if within_s is not None and now - row.wall_s > within_s:
        raise UsageError(f"on this network a message can be {verb} for {int(within_s)} seconds")
