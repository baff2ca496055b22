"""Which persona an account belongs to: published, read and noticed, on one server and across two."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from bridge_owner import ACCOUNT, Owner, owner_of
from slixmpp.jid import JID
from xmpp_federation import Federation
from xmpp_network import XmppNetwork
from xmpp_server import Prosody, wanted

from swarm_bridges.api import Actor, ClaimsSeen, Gone, NotSupported
from swarm_bridges.networks.xmpp.stanzas import CLAIMS

ONE, TWO = (f"swarm:1:{letter * 43}" for letter in "AB")


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Federation]:
    wanted(Prosody)
    made = Federation(tmp_path_factory.mktemp("federation"))
    made.start()
    yield made
    made.stop()


@pytest.fixture(params=["prosody", "ejabberd", "pair"])
async def network(request: pytest.FixtureRequest) -> AsyncIterator[XmppNetwork]:
    server: Any = request.getfixturevalue(request.param)
    if isinstance(server, Federation):
        made = XmppNetwork(server.one, room=False, other=server.two)
    else:
        made = XmppNetwork(server, room=False)
    yield made
    await made.close()


def told(owner: Owner) -> list[ClaimsSeen]:
    batches = owner.desk.of(ACCOUNT).batches
    return [event for batch in batches for event in batch.events if isinstance(event, ClaimsSeen)]


async def test_they_are_read_where_everybody_may_read_them(network: XmppNetwork) -> None:
    other = network.from_the_other_side()
    ada = Actor(network.answers["address"])
    async with await owner_of(network) as owner, await owner_of(other) as friend:
        seen = await friend.call("read_claims", ada)
        assert seen == ClaimsSeen(actor=ada, claims=(), where="item")
        for claims in ((ONE,), (ONE, TWO), (TWO,), (TWO,), (), ()):
            await owner.call("publish_claims", claims)
            assert await friend.call("read_claims", ada) == ClaimsSeen(actor=ada, claims=claims, where="item")
        own = Actor(ada.remote_id, is_owner=True)
        assert (await owner.call("read_claims", own)).actor == own


async def test_who_is_not_there_claims_nothing(network: XmppNetwork) -> None:
    host = network.answers["address"].partition("@")[2]
    async with await owner_of(network) as owner:
        nobody = Actor(f"nobody{os.urandom(4).hex()}@{host}")
        assert (await owner.call("read_claims", nobody)).claims == ()
        with pytest.raises(Gone):
            await owner.call("read_claims", Actor(f"ada@upload.{host}"))
        for name in ("room@rooms.example/ada", "room@rooms.example#occupant"):
            with pytest.raises(NotSupported):
                await owner.call("read_claims", Actor(name))


async def test_contacts_notice_them(network: XmppNetwork) -> None:
    peer, phone = await network.peer(), await network.other_client()
    async with await owner_of(network) as owner:
        friend = Actor(peer.client.boundjid.bare)
        phone.client.send_presence_subscription(pto=JID(friend.remote_id))  # ordinary clients agree at once
        async with asyncio.timeout(45):
            while phone.client.client_roster[friend.remote_id]["subscription"] != "both":  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        async with await owner_of(network.from_the_other_side()) as other:
            # ejabberd tells whoever wants to hear it, as soon as it has learned who that is.
            async with asyncio.timeout(45):
                while ClaimsSeen(actor=friend, claims=(ONE,), where="item") not in told(owner):
                    await other.call("publish_claims", (ONE,))
                    await asyncio.sleep(0.1)
            await other.call("publish_claims", ())
            withdrawn = ClaimsSeen(actor=friend, claims=(), where="item")
            await owner.until(lambda _: told(owner)[-1:] == [withdrawn])


async def test_a_place_that_another_program_made_for_friends_alone_is_opened(network: XmppNetwork) -> None:
    phone: Any = (await network.other_client()).client
    form = phone.plugin["xep_0004"].make_form("submit")
    form.add_field("FORM_TYPE", "hidden", value="http://jabber.org/protocol/pubsub#node_config")
    form.add_field("pubsub#access_model", value="whitelist")
    await phone.plugin["xep_0060"].create_node(JID(phone.boundjid.bare), CLAIMS, config=form)
    async with await owner_of(network) as owner, await owner_of(network.from_the_other_side()) as friend:
        ada = Actor(network.answers["address"])
        assert (await friend.call("read_claims", ada)).claims == ()
        await owner.call("publish_claims", (ONE,))
        assert (await friend.call("read_claims", ada)).claims == (ONE,)
