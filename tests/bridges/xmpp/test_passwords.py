"""Rooms that want a password, from wherever one comes to them. Against Prosody."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from bridge_owner import ACCOUNT, Lines, Owner, owner_of
from slixmpp.jid import JID
from xmpp_network import XmppNetwork
from xmpp_peer import XmppPeer
from xmpp_server import Server

from swarm_bridges.api import ConversationSeen, Gone, Invitation, Matter, Refused, Step

PASSWORD = "open <sesame> & be welcome"  # noqa: S105 - what a person might choose
WANTED = "this room wants a password"


class Attic(XmppNetwork):
    """The friend's room with a password. The owner is not in it."""

    def __init__(self, server: Server) -> None:
        super().__init__(server, room=True)
        self.enter = False

    @property
    def room(self) -> str:
        return self._room

    async def begun(self) -> XmppPeer:
        """Make it; gives the friend, who is in it."""
        friend = (await self.peer()).client
        await friend.configure(self._room, roomsecret=PASSWORD)
        return friend

    async def phone(self) -> XmppPeer:
        """Another client of the owner's."""
        return await self.client(self._owner, "phone")


@pytest.fixture
async def attic(prosody: Server) -> AsyncIterator[Attic]:
    made = Attic(prosody)
    yield made
    await made.close()


async def to_settle(owner: Owner, count: int) -> tuple[Matter, ...]:
    account = owner.desk.of(ACCOUNT)
    await owner.until(lambda _: len(account.matters) == count)
    return account.matters


async def is_in(owner: Owner, friend: XmppPeer, room: str, text: str) -> None:
    """What is said in the room arrives."""
    friend.say(room, text, "groupchat")
    await owner.sees(text)


def invitations(owner: Owner) -> list[Invitation]:
    events = [event for batch in owner.desk.of(ACCOUNT).batches for event in batch.events]
    return [e.invitation for e in events if isinstance(e, ConversationSeen) and e.invitation is not None]


async def test_who_goes_in_is_asked_and_comes_in_again_without(attic: Attic) -> None:
    friend = await attic.begun()
    async with await owner_of(attic) as owner:
        with pytest.raises(Refused, match=WANTED):
            await owner.call("join", attic.room)
        (matter,) = await to_settle(owner, 1)
        assert (matter.title, matter.pressing) == (f"{attic.room} wants a password.", True)
        shown: Step = await owner.call("settle", matter.id, "", {})
        assert [(field.name, field.kind) for field in shown.fields] == [("password", "secret")]
        for wrong, error in (
            ("wrong", "The room does not accept this password."),
            ("", "This is no password of a room."),
            ("\x00", "This is no password of a room."),
        ):
            shown = await owner.call("settle", matter.id, "password", {"password": wrong})
            assert shown.error == error
        assert await owner.call("settle", matter.id, "password", {"password": PASSWORD}) is None
        assert await to_settle(owner, 0) == ()
        await is_in(owner, friend, attic.room, "come in")
        with pytest.raises(Gone):
            await owner.call("settle", matter.id, "", {})
        values = dict(owner.desk.of(ACCOUNT).values)
        phone = await attic.phone()
        told = await phone.plugin["xep_0060"].get_items(None, "urn:xmpp:bookmarks:1")  # type: ignore[no-untyped-call]
        assert attic.room in str(told)
        assert "sesame" not in str(told), "the server need not know it"
    desk = Lines()
    desk.of(ACCOUNT).values.update(values)
    async with await owner_of(attic, desk=desk) as again:  # as after a new start, with what was remembered
        await is_in(again, friend, attic.room, "welcome back")
        assert again.desk.of(ACCOUNT).matters == ()


async def test_an_invitation_or_an_address_may_bring_it(attic: Attic) -> None:
    friend = await attic.begun()
    async with await owner_of(attic) as owner:
        address = JID(attic.answers["address"])
        friend.plugin["xep_0045"].invite(JID(attic.room), address, reason="by the room")
        friend.raw(
            f"<message to='{address}'><x xmlns='jabber:x:conference' jid='{attic.room}' "
            "password='open &lt;sesame&gt; &amp; be welcome' reason='directly'/></message>"
        )
        await owner.until(lambda _: len(invitations(owner)) == 2)
        by_room, directly = sorted(invitations(owner), key=lambda one: one.words)
        assert directly.words == "directly"
        await owner.call("decline", attic.conversation, by_room)
        await owner.call("accept", attic.conversation, directly)
        await is_in(owner, friend, attic.room, "come in")
        await owner.call("leave", attic.conversation)
        with pytest.raises(Refused, match=WANTED):
            await owner.call("join", attic.room)
        await to_settle(owner, 1)
        words = "open%20%3Csesame%3E%20%26%20be%20welcome"
        await owner.call("join", f"xmpp:{attic.room}?join;password={words}")
        assert await to_settle(owner, 0) == ()
        await is_in(owner, friend, attic.room, "and again")


async def test_a_bookmark_that_leads_there_asks_without_haste(attic: Attic) -> None:
    friend = await attic.begun()
    phone = await attic.phone()

    def mark(password: str) -> str:
        return (
            "<iq type='set' id='{0}'><pubsub xmlns='http://jabber.org/protocol/pubsub'>"
            "<publish node='urn:xmpp:bookmarks:1'>"
            f"<item id='{attic.room}'><conference xmlns='urn:xmpp:bookmarks:1' autojoin='true'>{password}"
            "</conference></item></publish></pubsub></iq>"
        )

    phone.raw(mark("").format("m1"))
    async with await owner_of(attic) as owner:
        (matter,) = await to_settle(owner, 1)
        assert not matter.pressing
        await owner.call("dismiss", matter.id)
        assert await to_settle(owner, 0) == ()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(owner.sees("for those who have the password"))
            words = "<password>open &lt;sesame&gt; &amp; be welcome</password>"
            phone.raw(mark(words).format("m2"))
            friend.say(attic.room, "for those who have the password", "groupchat")
