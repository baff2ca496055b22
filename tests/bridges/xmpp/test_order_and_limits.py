"""Pages of archives in the wrong order, errors that name a time, and how large a stanza may be."""

import itertools
from collections.abc import AsyncIterator
from xml.etree.ElementTree import fromstring

import pytest
from bridge_owner import owner_of
from xmpp_network import XmppNetwork
from xmpp_server import Server

from swarm_bridges.api import Limited
from swarm_bridges.networks.xmpp.account import MAX_TEXT
from swarm_bridges.networks.xmpp.archive import in_order
from swarm_bridges.networks.xmpp.errors import of_stanza
from swarm_bridges.networks.xmpp.heard import Heard

NOW = 1_793_520_000.0  # 2026-11-01 08:00 UTC
CHANGES = {
    "edit": "<replace xmlns='urn:xmpp:message-correct:0' id='m1'/>",
    "edit again": "<replace xmlns='urn:xmpp:message-correct:0' id='m1'/>",
    "smile": "<reactions xmlns='urn:xmpp:reactions:0' id='a-m1'/>",
    "gone": "<retract xmlns='urn:xmpp:message-retract:1' id='a-m1'/>",
}


def heard(name: str, inner: str = "") -> Heard:
    stanza = fromstring(f"<message xmlns='jabber:client' id='{name}'>{inner}</message>")  # noqa: S314 - ours
    return Heard(stanza, archive_id=f"a-{name}")


def names(messages: tuple[Heard, ...]) -> list[str]:
    return [one.stanza.get("id", "") for one in messages]


def test_a_change_stands_behind_what_it_changes_and_all_else_where_it_stood() -> None:
    page = [heard("m0"), *(heard(name, inner) for name, inner in CHANGES.items()), heard("m1"), heard("m2")]
    assert names(in_order(page)) == ["m0", "m1", *CHANGES, "m2"]


def test_each_order_of_a_page_ends_alike_but_for_changes_among_themselves() -> None:
    page = [heard("m0"), heard("m1"), *(heard(name, CHANGES[name]) for name in ("edit", "gone"))]
    for turned in itertools.permutations(page):
        found = names(in_order(turned))
        assert found.index("m1") < min(found.index("edit"), found.index("gone"))
        assert sorted(found) == sorted(names(tuple(page)))
    assert names(in_order(page)) == names(tuple(page))


def test_what_changes_itself_or_in_circles_or_what_is_elsewhere_stays_where_it_is() -> None:
    replace = "<replace xmlns='urn:xmpp:message-correct:0' id='{}'/>"
    page = [heard("b", replace.format("c")), heard("c", replace.format("b")), heard("d", replace.format("d"))]
    page += [heard("e", replace.format("elsewhere")), heard("f", replace.format("")), heard("")]
    assert sorted(names(in_order(page))) == sorted(names(tuple(page)))
    assert names(in_order(page))[2:] == ["d", "e", "f", ""]


@pytest.mark.parametrize(
    ("retry", "wait_s"),
    [
        ("<retry xmlns='urn:xmpp:http:upload:0' stamp='2026-11-01T08:01:29.2Z'/>", 90.0),
        ("<retry xmlns='urn:xmpp:http:upload:0' stamp='2026-11-01T07:00:00Z'/>", 1.0),
        ("<retry xmlns='urn:xmpp:http:upload:0' stamp='2036-11-01T07:00:00Z'/>", 86_400.0),
        ("<retry xmlns='urn:xmpp:http:upload:0' stamp='soon'/>", None),
        ("<retry xmlns='urn:xmpp:http:upload:0'/>", None),
        ("", None),
    ],
)
def test_an_error_says_for_how_long_to_wait(retry: str, wait_s: float | None) -> None:
    named = "<resource-constraint xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>"
    xml = f"<iq xmlns='jabber:client' type='error'><error type='wait'>{named}{retry}</error></iq>"
    error = of_stanza(fromstring(xml), NOW)  # noqa: S314 - ours
    assert isinstance(error, Limited)
    assert error.wait_s == wait_s


@pytest.fixture
async def direct(prosody: Server) -> AsyncIterator[XmppNetwork]:
    made = XmppNetwork(prosody, room=False)
    yield made
    await made.close()


async def test_the_longest_text_of_the_widest_characters_fits_into_a_stanza(direct: XmppNetwork) -> None:
    peer = await direct.peer()
    async with await owner_of(direct) as owner:
        can = await owner.call("capabilities", direct.conversation)
        assert (can.text_unit, can.max_text) == ("byte", MAX_TEXT)
        await owner.say('"' * can.max_text)
        await peer.sees('"' * can.max_text)
        assert owner.runs == 1
