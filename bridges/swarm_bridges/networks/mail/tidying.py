"""What is changed in the mailbox after it was told: copies of what was sent, and what nobody reads."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ...api import Log, Refused
from .convert import Mail
from .imap import Imap
from .reading import find


async def put_away(imap: Imap, ours: Iterable[Mail], folder: str, sent: str, log: Log) -> None:
    """Put copies of what the owner sent from `folder` into that for it; one that is there already goes."""
    for mail in ours:
        try:
            there = await find(imap, mail.head.message_id, [sent])
            async with imap.folder(folder) as (box, _):
                await box.store([mail.uid], "+", "\\Seen")
                if there is None:
                    await box.move([mail.uid], sent)
                else:
                    await box.expunge([mail.uid])
        except Refused:
            log.warning("copy_not_put_away")


async def note_as_read(imap: Imap, uids: Sequence[int], folder: str, log: Log) -> None:
    """Nothing that is for a node alone is to be announced by the owner's other programs."""
    if not uids:
        return
    try:
        async with imap.folder(folder) as (box, _):
            await box.store(uids, "+", "\\Seen")
    except Refused:
        log.warning("not_noted_as_read")
