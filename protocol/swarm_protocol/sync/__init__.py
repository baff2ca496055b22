"""Repair: who lacks a message asks who has it, and gets the author's own bytes (spec 50).

    have = Have.of(chains, asks=True)                        # when: `rules.GRACE_S`, `IDLE_S` and `APART_S`

    fetch, request = Fetch.start(mine, theirs)               # a Have came: what we lack of it, 256 at a time
    allowance, allowed = allowance.take(tick)                # a Request came, or a Have that asks
    answer = Answer.to(request)                              # 64 copies under way at once
    answer, copies = answer.take(source)
    fetch, request = fetch.after(mine)                       # copies came: is there more?

Copies enter where messages enter, and are believed for their author's signature alone. A Have that lacks
something deletes nothing.
"""

from .allowance import Allowance
from .copies import Answer, Copy, Evidence, Repaired, Source, Tombstone, decode_copy
from .have import Have, Known
from .request import Fetch, Request, Wanted, lacking

__all__ = [
    "Allowance",
    "Answer",
    "Copy",
    "Evidence",
    "Fetch",
    "Have",
    "Known",
    "Repaired",
    "Request",
    "Source",
    "Tombstone",
    "Wanted",
    "decode_copy",
    "lacking",
]
