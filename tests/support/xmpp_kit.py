"""The kit's network over a real Prosody: two rooms on it, Ada and the owner's phone, faults in a proxy.

What is true is what Ada hears in the room.
"""

from __future__ import annotations

import asyncio
import itertools
import tempfile
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

from bridge_suite import folder_of
from slixmpp.exceptions import IqError
from slixmpp.jid import JID
from xmpp_faults import StanzaFaults
from xmpp_peer import PATIENCE_S, XmppPeer
from xmpp_proxy import StanzaProxy
from xmpp_server import Server

from swarm_bridges.claims import texts_in
from swarm_bridges.networks.xmpp import claims, stanzas
from swarm_bridges.networks.xmpp.rooms import OPTIONS
from swarm_bridges.networks.xmpp.stanzas import AROUND, WIDEST, bare, resource
from swarm_bridges.testing import OWNER, PEER, FakeMessage, FakeNetwork, FakeRoom
from swarm_bridges.testing.network import PASSWORD

NUMBERS = itertools.count()
DECLINE = f"{{{stanzas.MUC_USER}}}x/{{{stanzas.MUC_USER}}}decline"
MALLORY = "u-mallory"


class Uploads(dict[str, bytes]):
    """The files that the server has."""

    def __init__(self, server: Server) -> None:
        super().__init__()
        self._folder = server.folder / "data" / "upload%2elocalhost"

    def values(self) -> Any:
        return [path.read_bytes() for path in self._folder.rglob("*.bin")]


class Listener(XmppPeer):
    """A client whose messages the network looks at, too."""

    network: XmppKit

    def _note(self, stanza: Any) -> Any:
        self.network.hear(stanza.xml)
        return super()._note(stanza)


class XmppKit(FakeNetwork):
    """One world of a check: accounts and rooms of its own on a server that all share."""

    def __init__(self, server: Server) -> None:
        super().__init__()
        number = next(NUMBERS)
        self._server, self._number = server, number
        self._names = {OWNER: f"olga{number}", PEER: f"ada{number}", MALLORY: f"mallory{number}"}
        self.people = dict(self._names)
        titles = {"r1": f"house{number}", "r2": f"garden{number}"}
        self.rooms = {room: FakeRoom(room, title=title) for room, title in titles.items()}
        self._password = PASSWORD
        self._clients: dict[str, XmppPeer] = {}
        self._places: dict[str, str] = {}
        """Of each message by its sender's id: what the room's archive calls it."""
        self._actors: dict[str, str] = {}
        """By nick: what bridges call who has it."""
        self._own: set[str] = set()
        """Ids that clients here have given."""
        self._quiet = asyncio.Event()
        self._quiet.set()
        self.files = Uploads(server)
        self._tasks: asyncio.TaskGroup | None = None
        self.faults: StanzaFaults = StanzaFaults(self._quiet)
        self.proxy = StanzaProxy(server, self.faults)
        self._last: tuple[str, ...] = ()

    # --- what the kit asks

    def answers(self) -> Mapping[str, str]:
        return {
            "address": f"{self._names[OWNER]}@localhost",
            "password": self._password,
            "host": "127.0.0.1",
            "port": str(self.proxy.port),
            "certificate": self._server.certificate,
        }

    def room_id(self, room: str) -> str:
        return f"{self.rooms[room].title}@conference.localhost"

    def actor_id(self, who: str, room: str) -> str:  # noqa: ARG002 - the same in both
        return self._actors[self._names[who]]

    def message_id(self, id_: str) -> str:
        return f"{self._places[id_]} {id_}"

    def address(self, who: str) -> tuple[str, str]:
        return (f"{self._names[who]}@localhost",) * 2

    nobody = "nobody@upload.localhost"  # of others it does not say so

    async def claimed(self, who: str) -> tuple[str, ...]:
        """As Mallory's client reads it."""
        reader: Any = self._clients[MALLORY].plugin["xep_0060"]
        try:
            answer = await reader.get_items(JID(self.address(who)[1]), stanzas.CLAIMS)
        except IqError:
            return ()
        return texts_in(" ".join(text for item in answer.xml.iter() if (text := item.text)))

    async def beside_claims(self, who: str) -> object:
        """What else the account publishes."""
        own: Any = self._clients[who]
        answer = await own.plugin["xep_0030"].get_items(JID(own.boundjid.bare))
        return sorted(str(item[1]) for item in answer["disco_items"]["items"] if item[1] != stanzas.CLAIMS)

    async def claim(self, who: str, *texts: str) -> None:
        own: Any = self._clients[who].plugin["xep_0060"]
        jid: Any = None
        if not texts:
            await own.retract(jid, stanzas.CLAIMS, "current", notify=True)
            return
        payload = stanzas.element(stanzas.CLAIMS, "claims")
        payload.extend(stanzas.element(stanzas.CLAIMS, "claim", text) for text in texts)
        iq: Any = self._clients[who].Iq(stype="set")
        iq.xml.append(stanzas.publish(stanzas.CLAIMS, "current", payload, claims.OPTIONS))
        await iq.send()

    # --- what people do

    def say(self, text: str, *, who: str = PEER, room: str = "r1", **more: Any) -> str:
        id_ = f"said-{next(self._numbers):06}"
        self._tell_room(who, room, id_, self._said(text, more))
        self.faults.twice = self.duplicate
        return id_

    def _said(self, text: str, more: Mapping[str, Any]) -> list[Element]:
        made = stanzas.said(text)
        if "html" in more:
            html = stanzas.element("http://jabber.org/protocol/xhtml-im", "html")
            html.append(stanzas.element("http://www.w3.org/1999/xhtml", "body", more["html"]))
            made.append(html)
        if "reply_to" in more:
            made.append(stanzas.answering(self._places[more["reply_to"]]))
        return made

    async def invite(self, words: str) -> str:
        room = f"r{len(self.rooms) + 1}"
        self.rooms[room] = FakeRoom(room, title=f"attic{self._number}-{room}")
        where, ada = JID(self.room_id(room)), self._clients[PEER].plugin["xep_0045"]
        await ada.join_muc_wait(where, self._names[PEER], timeout=PATIENCE_S)
        ada.invite(where, JID(self.address(OWNER)[1]), reason=words)
        return room

    def inviter(self, room: str) -> str:
        return f"{self.room_id(room)}/{self._names[PEER]}"

    async def withdraw(self, room: str) -> None:
        await self._clients[PEER].plugin["xep_0045"].destroy(JID(self.room_id(room)))

    async def comes(self, room: str) -> str:
        where, ada = self.room_id(room), self._clients[PEER]
        try:
            found = await ada.plugin["xep_0030"].get_items(JID(where))
        except IqError:
            return "out"
        if any(bare(str(said["from"])) == where and said.xml.find(DECLINE) is not None for said in ada.heard):
            return "out"
        names = {resource(str(item[0])) for item in found["disco_items"]["items"]}
        return "in" if self._names[OWNER] in names else "asked"

    def edit(self, id_: str, text: str) -> None:
        children = [*stanzas.said(text), stanzas.correcting(id_)]
        self._tell_room(PEER, "r1", f"edit-{next(self._numbers):06}", children)

    def take_back(self, id_: str, *, who: str = PEER) -> None:
        name = f"gone-{next(self._numbers):06}"
        self._will_hear(name)

        async def take() -> None:
            while id_ not in self._places:  # noqa: ASYNC110 - the room has not said it yet
                await asyncio.sleep(0.01)
            self._send(who, "r1", name, stanzas.taking_back(self._places[id_]))

        assert self._tasks is not None
        self._tasks.create_task(take())

    def react(self, id_: str, values: Iterable[str], *, who: str = PEER) -> None:
        name = f"react-{next(self._numbers):06}"
        self._tell_room(who, "r1", name, stanzas.reacting(self._places[id_], values))

    def say_file(self, name: str, content: bytes, media_type: str = "image/png") -> str:
        id_ = f"file-{next(self._numbers):06}"

        async def upload() -> None:
            with tempfile.TemporaryDirectory() as folder:
                path = folder_of(Path(folder), name, content)
                url = await self._clients[PEER].plugin["xep_0363"].upload_file(path, content_type=media_type)
            self._tell_room(PEER, "r1", id_, stanzas.said("a file", [str(url)]))

        assert self._tasks is not None
        self._tasks.create_task(upload())
        return id_

    def read(self, id_: str, *, who: str = PEER) -> None:
        mark = stanzas.element(stanzas.MARKERS, "displayed", id=self._places[id_])
        self._tell_room(who, "r1", f"read-{next(self._numbers):06}", [mark])

    def type(self, *, room: str = "r1", on: bool = True) -> None:
        state = stanzas.element(stanzas.CHAT_STATES, "composing" if on else "paused")
        self._tell_room(PEER, room, f"type-{next(self._numbers):06}", [state])

    def record(self, count: int, *, room: str = "r1") -> None:
        for number in range(count):
            self.say(f"old words {number}", room=room)

    def change(self, kind: str, **what: Any) -> None:
        if what.get("by") == MALLORY:
            self.take_back(what["id"], who=MALLORY)
        elif what.get("rev") == "?":
            odd = [stanzas.element(stanzas.CORRECT, "replace"), *stanzas.said(str(what["text"]))]
            self._tell_room(PEER, "r1", "", odd)
        else:
            super().change(kind, **what)

    def _tell_room(self, who: str, room: str, id_: str, children: Iterable[Element]) -> None:
        if id_:
            self._will_hear(id_)
        self._send(who, room, id_, children)

    def _will_hear(self, id_: str) -> None:
        self._last = (*self._last[-1:], id_)
        self._own.add(id_)
        self._quiet.clear()

    def _send(self, who: str, room: str, id_: str, children: Iterable[Element]) -> None:
        client = self._clients[who]
        client.send(client.Message(xml=stanzas.message(self.room_id(room), "groupchat", id_, children)))

    # --- what Ada hears

    def hear(self, stanza: Element) -> None:
        """Note what a room has said."""
        room = next((r for r in self.rooms if self.room_id(r) == bare(stanza.get("from", ""))), "")
        nick, id_ = resource(stanza.get("from", "")), stanza.get("id", "")
        occupant = stanza.find(f"{{{stanzas.OCCUPANT}}}occupant-id")
        if not room or not nick or occupant is None:
            return
        if room == "r1":
            self._actors[nick] = f"{self.room_id(room)}#{occupant.get('id', '')}"
        if stanza.tag == stanzas.PRESENCE:
            return
        super().change("heard")
        ours = id_ in self._own
        self._own.discard(id_)
        if not self._own:
            self._quiet.set()
        if (given := stanza.find(f"{{{stanzas.SID}}}stanza-id")) is not None:
            place = self._places[id_] = given.get("id", "")
            who = next(w for w, name in self._names.items() if name == nick)
            self._apply(stanza, FakeMessage(id_ if ours else f"{place} {id_}", room, who, ""))

    def _apply(self, stanza: Element, seen: FakeMessage) -> None:
        reply = stanza.find(f"{{{stanzas.REPLY}}}reply")
        text = stanza.findtext(f"{{{stanzas.CLIENT}}}body")
        for space, name in (
            (stanzas.CORRECT, "replace"),
            (stanzas.RETRACT, "retract"),
            (stanzas.REACTIONS, "reactions"),
        ):
            if (change := stanza.find(f"{{{space}}}{name}")) is None:
                continue
            message = self._named(change.get("id", ""))
            if message is not None and name == "reactions":
                message.reactions[seen.author] = tuple(r.text or "" for r in change)
            elif message is not None and message.author == seen.author:
                message.gone = message.gone or name == "retract"
                message.text = text if name == "replace" and text is not None else message.text
            return
        if text is not None:
            seen.more = {"reply_to": self._key(reply.get("id", ""))} if reply is not None else {}
            seen.text = text
            key = seen.id if seen.id not in self.messages else f"{seen.id} again"
            self.messages[key] = seen

    def _key(self, name: str) -> str:
        """The id that the kit has for a message, by the room's id of it or by its sender's."""
        sent = next((sent for sent, place in self._places.items() if place == name), name)
        return next((m.id for m in self.messages.values() if m.id.rpartition(" ")[2] == sent), "")

    def _named(self, name: str) -> FakeMessage | None:
        return self.messages.get(self._key(name))

    # --- what goes wrong

    def swap_last(self) -> None:
        """The archive tells the last two in the wrong order."""
        self.faults.swapped[self._last[-2]] = self._last[-1]

    def set_limits(self, room: str = "r1", **limits: Any) -> None:  # noqa: ARG002 - it is the server's
        """The server takes smaller stanzas from the next session on (XEP-0478), which begins now."""
        self.faults.max_bytes = AROUND + WIDEST * int(limits["max_text"])
        self.cut()

    def expire(self) -> None:
        """The password is changed at the server."""
        self._password = f"{PASSWORD} battery {self._number}"
        self._server.add(self._names[OWNER], self._password)
        self.cut()

    def cut(self) -> None:
        self.proxy.cut()

    # --- running it

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        for name in self._names.values():
            self._server.add(name, PASSWORD)
        async with self.proxy, asyncio.TaskGroup() as self._tasks:
            try:
                for who in (PEER, OWNER, MALLORY):
                    self._clients[who] = await self._online(who)
                for title in (self.room_id(room) for room in self.rooms):
                    mark = stanzas.element(stanzas.BOOKMARKS, "conference", autojoin="true")
                    iq: Any = self._clients[OWNER].Iq(stype="set")
                    iq.xml.append(stanzas.publish(stanzas.BOOKMARKS, title, mark, OPTIONS))
                    await iq.send()
                yield ""
            finally:
                for client in self._clients.values():
                    client.end()

    async def _online(self, who: str) -> XmppPeer:
        kind = Listener if who == PEER else XmppPeer
        client = kind(f"{self._names[who]}@localhost/phone", PASSWORD, self._server.authority)
        if isinstance(client, Listener):
            client.network = self
        await client.online(self._server.port)
        for room in self.rooms if who != MALLORY else ("r1",):
            plugin = client.plugin["xep_0045"]
            await plugin.join_muc_wait(JID(self.room_id(room)), self._names[who], timeout=PATIENCE_S)
        return client
