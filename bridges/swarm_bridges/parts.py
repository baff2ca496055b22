"""What is more than one message on a network: parts are said in order, and any may be the last for now."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from .api import Accepted, Interrupted, Limited, MessageRef, Outcome, Outgoing, Temporary, Unknown


async def part_by_part(out: Outgoing, say: Callable[[int], Awaitable[MessageRef]]) -> Outcome:
    """Say the parts that were not said yet, each by its number in `out.parts`.

    When the network takes nothing for now (`Temporary`, `Limited`), that is an error before the first of them
    alone. Afterwards the node has to know which ones stand, and asks later what became of the rest.

    Raises:
        BridgeError: what `say` raised, except for that and for `Interrupted`.
    """
    refs = list(out.done_parts)
    for number in range(len(refs), len(out.parts)):
        try:
            refs.append(await say(number))
        except Interrupted as e:
            return Unknown(str(e), tuple(refs))
        except (Temporary, Limited) as e:
            if len(refs) == len(out.done_parts):
                raise
            return Unknown(str(e), tuple(refs))
    return Accepted(tuple(refs))
