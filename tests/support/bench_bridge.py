"""A bridge that does what a benchmark wants of it: the account's name says what.

It is not imported but written into a package of its own (`SOURCE`), which a node finds as it finds others'.
Times in its messages are of the machine's monotonic clock, which is one for all processes.
"""

from __future__ import annotations

from pathlib import Path

from bridge_packages import write

SOURCE = '''
from swarm_bridges.api import (
    Actor, Batch, Capabilities, ConversationRef, ConversationSeen, Cursor, Field, Level, LoginDone,
    MessageRef, MessageSeen, Origin, Page, Refused, Step,
)
from swarm_bridges.text import from_plain

WORDS = "rain garden the a of tomorrow bridge kettle with letter from window river stone we green".split()
ROOMS = 20
ASK = Step(id="work", kind="form", title="Work", fields=(Field("work", "text", "Work"),))


def said(room, number, text, origin=Origin.LIVE):
    return MessageSeen(
        ref=MessageRef(ConversationRef(room), str(number)), actor=Actor(f"p{number % 50}"),
        body=from_plain(text), order=f"{number:09}", origin=origin,
    )


def talk(number):
    """Some sixty characters."""
    return " ".join(WORDS[(number * 7 + step * (number % 13 + 1)) % 16] for step in range(12)) + f" {number}"


class Login:
    async def begin(self, ctx):
        return ASK

    async def submit(self, ctx, step, answers):
        work = answers["work"]
        return LoginDone(network_account_id=work, display=work, secrets={}, settings={"work": work})

    async def tick(self, ctx, step):
        return ASK

    async def abort(self, ctx):
        pass


class Bridge:
    told = 0

    async def run(self, ctx):
        verb, *numbers = ctx.settings["work"].split()
        await getattr(self, verb)(ctx, *map(int, numbers))
        while True:
            await ctx.pause(3600)

    async def rush(self, ctx, count, at_once):
        """Tell `count` messages as fast as they are taken; then when it began and ended."""
        await self._met(ctx, "over")
        began = ctx.clock.monotonic()
        for first in range(0, count, at_once):
            batch = (said(f"r{n % ROOMS}", n, talk(n)) for n in range(first, min(first + at_once, count)))
            await ctx.ingest(Batch(tuple(batch), Cursor(b"%d" % first)))
        await ctx.ingest(Batch((said("over", 1, f"{began} {ctx.clock.monotonic()}"),)))

    async def past(self, ctx, each):
        """Rooms with a past of `each` messages, which is asked for; and five live messages a second."""
        await self._met(ctx, "over", *(f"r{number}" for number in range(ROOMS)))
        self.each, number = each, 0
        while True:
            number += 1
            text = f"{ctx.clock.monotonic()} {self.told}"
            await ctx.ingest(Batch((said("over", number, text),), Cursor(b"%d" % number)))
            await ctx.pause(0.2)

    async def _met(self, ctx, *rooms):
        await ctx.ingest(Batch(tuple(
            ConversationSeen(conversation=ConversationRef(room), kind="group", title=room) for room in rooms
        )))

    async def page(self, ctx, conversation, *, at, limit):
        room = conversation.remote_id
        if room == "over" or not hasattr(self, "each"):
            return Page(Batch(()), None)
        last = int(at) if at else self.each
        numbers = range(max(0, last - limit), last)
        self.told += len(numbers)
        events = tuple(said(room, number, talk(number), Origin.HISTORY) for number in numbers)
        return Page(Batch(events), Cursor(b"%d" % numbers[0]) if numbers[0] else None)

    async def send(self, ctx, out):
        raise Refused("this one only talks")

    async def capabilities(self, ctx, conversation):
        return Capabilities(version="1", levels={"text": Level.FULL})
'''


def install(site: Path) -> None:
    """Write it, and what its installation would leave, into a folder that a node's program looks into."""
    write(site, "burst", SOURCE)
