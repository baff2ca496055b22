"""What a room's server, or a stranger's, may try: more than it was asked for."""

from __future__ import annotations

from typing import Any, cast
from xml.etree.ElementTree import Element, SubElement

from swarm_bridges.api import Origin
from swarm_bridges.networks.xmpp.archive import MOST, Archives
from swarm_bridges.networks.xmpp.heard import Seat, View
from swarm_bridges.networks.xmpp.stanzas import CLIENT, FORWARD, MAM

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


async def test_an_archive_that_says_more_than_it_was_asked_fills_no_memory() -> None:
    stream = Endless()
    view = View(ME, {ROOM: Seat("ada")})
    stream.archives = Archives(cast("Any", stream), view, lambda: "q1")
    page = await stream.archives.page(ROOM, Origin.CATCH_UP)
    assert len(page.messages) == MOST
