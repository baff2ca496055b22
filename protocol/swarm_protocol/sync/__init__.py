"""Repair: who lacks a message asks who has it, and gets the author's own bytes (spec 50).

    repair, targets = repair.due(tick)                       # whom to ask now: a Have to each, with asks=True
    have = Have.of(chains, asks=True)

    fetch, request = Fetch.start(mine, theirs)               # a Have came: what we lack of it, 256 at a time
    answer = Answer.to(request)                              # a Request came: 64 copies under way at once
    answer, copies = answer.take(source)
    fetch, request = fetch.after(mine)                       # copies came: is there more?

Copies enter where messages enter, and are believed for their author's signature alone. A Have that lacks
something deletes nothing.
"""

from .copies import Answer, Copy, Evidence, Repaired, Source, Tombstone, decode_copy
from .have import Have, Known
from .repair import Repair
from .request import Fetch, Request, Wanted, lacking

__all__ = [
    "Answer",
    "Copy",
    "Evidence",
    "Fetch",
    "Have",
    "Known",
    "Repair",
    "Repaired",
    "Request",
    "Source",
    "Tombstone",
    "Wanted",
    "decode_copy",
    "lacking",
]
