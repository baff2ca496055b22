"""What a room's server, or a stranger's, may try: more than it was asked for."""

from __future__ import annotations

from typing import Any, cast
from xml.etree.ElementTree import Element, SubElement

from swarm_bridges.api import Batch, Cursor, Origin
from swarm_bridges.networks.xmpp.archive import MOST, Archives, Marks
from swarm_bridges.networks.xmpp.heard import Seat, View
from swarm_bridges.networks.xmpp.keys import NoKeys
from swarm_bridges.networks.xmpp.names import Names
from swarm_bridges.networks.xmpp.rooms import MOST_PEOPLE, Rooms
from swarm_bridges.networks.xmpp.stanzas import CLIENT, FORWARD, MAM, MUC_USER, RSM
from swarm_bridges.networks.xmpp.telling import Teller

ROOM, ME = "loft@rooms.example", "ada@example.org"


class Endless:
    """Answers a question for a page with ten times as much."""

    archives: Archives

    async def ask(self, payload: Element, *, to: str, kind: str) -> Element:
        assert kind == "set"
        for number in range(10 * MOST):
            around = Element(f"{{{CLIENT}}}message", {"from": to})
            result = SubElement(
                around, f"{{{MAM}}}result", {"queryid": payload.get("queryid", ""), "id": str(number)}
            )
            said = {"from": f"{to}/eve", "type": "groupchat", "id": f"m{number}"}
            SubElement(SubElement(result, f"{{{FORWARD}}}forwarded"), f"{{{CLIENT}}}message", said)
            assert self.archives.take(around) is None
        answer = Element("iq")
        SubElement(answer, f"{{{MAM}}}fin", {"complete": "true"})
        return answer


class Stuck:
    """Gives the same page for ever, and says that there is more."""

    asked = 0

    async def ask(self, payload: Element, *, to: str, kind: str) -> Element:
        assert (to, kind, payload.tag) == (ROOM, "set", f"{{{MAM}}}query")
        self.asked += 1
        assert self.asked < 10
        answer = Element("iq")
        page = SubElement(SubElement(answer, f"{{{MAM}}}fin"), f"{{{RSM}}}set")
        SubElement(page, f"{{{RSM}}}last").text = "m7"
        return answer

    def new_id(self) -> str:
        return "q1"


class Told:
    """Of a context what the teller needs: the cursor of before, and what it stores."""

    owner = ME

    def __init__(self) -> None:
        self.cursors: list[bytes | None] = []

    async def cursor(self) -> Cursor:
        return Marks({ROOM: "m5"}).cursor()

    async def ingest(self, batch: Batch) -> None:
        self.cursors.append(batch.cursor_after)


async def test_an_archive_that_does_not_come_to_its_end_is_left() -> None:
    stream, ctx, names = Stuck(), Told(), Names(ME)
    rooms = Rooms(cast("Any", stream), "ada")
    teller = Teller(cast("Any", ctx), cast("Any", stream), rooms, names, NoKeys(), lambda _: [])
    await teller.begin()
    await teller.catch_up(ROOM)
    assert stream.asked == 2
    assert ctx.cursors[-1] == Marks({ROOM: "m7"}).cursor()


def test_a_room_full_of_people_is_no_end_of_memory() -> None:
    rooms = Rooms(cast("Any", None), "ada")
    rooms.seats[ROOM] = Seat("ada")
    for number in range(MOST_PEOPLE + 10):
        stanza = Element(f"{{{CLIENT}}}presence", {"from": f"{ROOM}/{number}"})
        about = SubElement(stanza, f"{{{MUC_USER}}}x")
        SubElement(about, f"{{{MUC_USER}}}item", {"jid": f"p{number}@example.org/home"})
        assert rooms.heard(stanza) == ""
    assert len(rooms.people[ROOM]) == MOST_PEOPLE


async def test_an_archive_that_says_more_than_it_was_asked_fills_no_memory() -> None:
    stream = Endless()
    view = View(ME, {ROOM: Seat("ada")})
    stream.archives = Archives(cast("Any", stream), view, lambda: "q1")
    page = await stream.archives.page(ROOM, Origin.CATCH_UP)
    assert len(page.messages) == MOST
