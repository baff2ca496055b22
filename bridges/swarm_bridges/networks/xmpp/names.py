"""How people are called: from the address book, from rooms, and from what they publish."""

from __future__ import annotations

from collections.abc import Mapping
from xml.etree.ElementTree import Element

from ...api import Actor, ActorSeen, ConversationSeen, Event, MessageSeen, RemoteFile
from .stanzas import AVATAR, PUBSUB_EVENT, ROSTER, bare, resource

MAX_NAME = 200
MAX_TOLD = 10_000
"""People whose names were told in this session; beyond it, all are told again."""
MAX_AVATAR = 1_000_000


class Names:
    """Says each name once in a session, and again when it changes."""

    def __init__(self, owner: str) -> None:
        self._owner = owner
        self.contacts: dict[str, str] = {}
        self._avatars: dict[str, RemoteFile] = {}
        self._told: dict[str, str] = {}

    def knows(self, jid: str) -> bool:
        """Whether somebody is in the address book."""
        return jid in self.contacts

    def seen(self, actor: Actor) -> ActorSeen:
        """How somebody with an address of their own is called."""
        jid = actor.remote_id
        name = self.contacts.get(jid) or jid.partition("@")[0]
        return ActorSeen(actor=actor, name=name, handle=jid, avatar=self._avatars.get(jid))

    def of_roster(self, answer: Element) -> list[Event]:
        """The entries of an address book, or of a change to it (RFC 6121, 2)."""
        made: list[Event] = []
        for item in answer.iterfind(f"{{{ROSTER}}}query/{{{ROSTER}}}item"):
            jid = bare(item.get("jid", ""))
            if item.get("subscription") == "remove":
                self.contacts.pop(jid, None)
            elif jid:
                self.contacts[jid] = item.get("name", "")[:MAX_NAME]
                made.append(self.seen(Actor(jid)))
        return made

    def around(
        self, event: MessageSeen, stanza: Element, people: Mapping[str, Mapping[str, str]]
    ) -> list[Event]:
        """What is to be told before a message: who wrote it, and in which conversation, if that is new."""
        made: list[Event] = []
        conversation, actor = event.ref.conversation, event.actor
        if len(self._told) > MAX_TOLD:
            self._told.clear()
        if conversation.private and self._new(f"chat {conversation.remote_id}", ""):
            peer = self.seen(Actor(conversation.remote_id))
            made.append(
                ConversationSeen(
                    conversation=conversation, kind="direct", title=peer.name, members=(peer.actor,)
                )
            )
        nick = resource(stanza.get("from", "")) if not conversation.private else ""
        if nick:
            handle = people.get(conversation.remote_id, {}).get(nick, "")
            if self._new(actor.remote_id, nick + handle):
                made.append(ActorSeen(actor=actor, name=nick[:MAX_NAME], handle=handle))
        elif conversation.private and self._new(actor.remote_id, self.contacts.get(actor.remote_id, "")):
            made.append(self.seen(actor))
        return made

    def avatar(self, jid: str, around: Element) -> list[Event]:
        """A contact's picture, as its description was published (XEP-0084)."""
        info = around.find(f"{{{PUBSUB_EVENT}}}item/{{{AVATAR}}}metadata/{{{AVATAR}}}info")
        if not self.knows(jid) and jid != self._owner:
            return []
        size = info.get("bytes", "") if info is not None else ""
        if info is None or not size.isdecimal() or len(size) > 9 or int(size) > MAX_AVATAR or info.get("url"):
            self._avatars.pop(jid, None)
        else:
            self._avatars[jid] = RemoteFile(
                id=f"avatar {jid} {info.get('id', '')}",
                name="avatar",
                media_type=info.get("type", "image/png"),
                size_bytes=int(size),
            )
        return [self.seen(Actor(jid, is_owner=jid == self._owner))]

    def _new(self, who: str, name: str) -> bool:
        if self._told.get(who) == name:
            return False
        self._told[who] = name
        return True
