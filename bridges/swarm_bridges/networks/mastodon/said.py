"""What intents became, for a while: the node may die between hearing of it and storing it, and then asks."""

from __future__ import annotations

import msgspec

from ...api import Context, IntentId, MessageRef

NAME = "said"
MOST = 64
"""Far more than can be said before the node has stored what came of it."""


class Said:
    """Intents that were said last, with the ids of their posts."""

    def __init__(self, ids: dict[str, list[str]]) -> None:
        self._ids = ids

    @classmethod
    async def read(cls, ctx: Context) -> Said:
        """What an earlier session kept."""
        kept = await ctx.kv.get(NAME)
        return cls({} if kept is None else msgspec.json.decode(kept, type=dict[str, list[str]]))

    def became(self, intent: IntentId) -> list[str]:
        """The ids of its posts, in order; none if it is not known to have been said."""
        return self._ids.get(intent, [])

    def note(self, intent: IntentId, refs: list[MessageRef]) -> dict[str, bytes]:
        """Remember one; gives what is to be put into `kv`."""
        self._ids.pop(intent, None)
        self._ids[intent] = [ref.remote_id for ref in refs]
        for old in list(self._ids)[:-MOST]:
            del self._ids[old]
        return {NAME: msgspec.json.encode(self._ids)}
