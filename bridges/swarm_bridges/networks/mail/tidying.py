"""What is changed in the mailbox after it was told: copies of what was sent, and what nobody reads."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from ...api import Refused
from .convert import Mail

if TYPE_CHECKING:
    from .session import Session


async def put_away(session: Session, folder: str, ours: Iterable[Mail]) -> None:
    """Put copies of what the owner sent into the folder for that; one that is there already goes."""
    if not session.settings.sent or folder == session.settings.sent:
        return
    for mail in ours:
        try:
            there = await session.find(mail.head.message_id, [session.settings.sent])
            async with session.imap.folder(folder) as (box, _):
                await box.store([mail.uid], "+", "\\Seen")
                if there is None:
                    await box.move([mail.uid], session.settings.sent)
                else:
                    await box.expunge([mail.uid])
        except Refused:
            session.ctx.log.warning("copy_not_put_away")


async def note_as_read(session: Session, folder: str, uids: Sequence[int]) -> None:
    """Nothing that is for a node alone is to be announced by the owner's other programs."""
    if not uids:
        return
    try:
        async with session.imap.folder(folder) as (box, _):
            await box.store(uids, "+", "\\Seen")
    except Refused:
        session.ctx.log.warning("not_noted_as_read")
