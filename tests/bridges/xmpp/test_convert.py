"""What stanzas mean. Those here were recorded from Prosody, ejabberd and ordinary clients, then shortened."""

from collections.abc import Sequence
from xml.etree.ElementTree import fromstring

import msgspec
import pytest

from swarm_bridges.api import (
    Actor,
    ConversationRef,
    ConversationSeen,
    Event,
    Fleeting,
    Invitation,
    MessageGone,
    MessageRef,
    MessageSeen,
    OpaqueSeen,
    Origin,
    ReactionsNow,
    ReceiptMoved,
)
from swarm_bridges.networks.xmpp.convert import events, returned, room_reference, sender_id
from swarm_bridges.networks.xmpp.heard import Seat, View, unwrap
from swarm_bridges.text import to_plain

ME = "ada@example.org"
BOB = ConversationRef("bob@example.net", private=True)
ROOM = ConversationRef("garden@rooms.example.org")
VIEW = View(ME, {"garden@rooms.example.org": Seat("ada", "occ-ada")})
OLD_ROOM = View(ME, {"garden@rooms.example.org": Seat("ada")})
ASKED = {"q1": (ME, Origin.HISTORY), "q2": ("garden@rooms.example.org", Origin.CATCH_UP)}


def heard(xml: str, view: View = VIEW) -> list[Event | Fleeting]:
    """The events in a stanza; `message` without a namespace is the client's."""
    stanza = fromstring(xml.replace("<message", "<message xmlns='jabber:client'"))  # noqa: S314 - our own
    found = unwrap(stanza, view, ASKED)
    return [] if found is None else list(events(found[0], view))


def one(found: Sequence[Event | Fleeting]) -> Event | Fleeting:
    assert len(found) == 1, found
    return found[0]


def from_bob(inner: str, more: str = "id='message-1'") -> str:
    return f"<message type='chat' from='bob@example.net/phone' to='{ME}/swarmnode' {more}>{inner}</message>"


def from_ada(inner: str, name: str) -> str:
    return f"<message type='chat' from='{ME}/phone' to='bob@example.net' id='{name}'>{inner}</message>"


def in_room(inner: str, nick: str = "bob", occupant: str = "occ-bob", more: str = "id='message-1'") -> str:
    given = f"<occupant-id xmlns='urn:xmpp:occupant-id:0' id='{occupant}'/>" if occupant else ""
    archived = "<stanza-id xmlns='urn:xmpp:sid:0' by='garden@rooms.example.org' id='archive-1'/>"
    sender = f"garden@rooms.example.org/{nick}" if nick else "garden@rooms.example.org"
    return f"<message type='groupchat' from='{sender}' to='{ME}' {more}>{inner}{given}{archived}</message>"


def archived(message: str, sender: str = "", query: str = "q1") -> str:
    who = f"from='{sender}'" if sender else ""
    return (
        f"<message to='{ME}/swarmnode' {who}><result xmlns='urn:xmpp:mam:2' queryid='{query}' id='archive-9'>"
        "<forwarded xmlns='urn:xmpp:forward:0'><delay xmlns='urn:xmpp:delay' stamp='2026-11-01T12:00:00Z'/>"
        f"{message}</forwarded></result></message>"
    )


def copied(direction: str, message: str, sender: str = ME) -> str:
    return (
        f"<message from='{sender}' to='{ME}/swarmnode'><{direction} xmlns='urn:xmpp:carbons:2'>"
        f"<forwarded xmlns='urn:xmpp:forward:0'>{message}</forwarded></{direction}></message>"
    )


def test_a_message_from_a_contact() -> None:
    seen = one(heard(from_bob("<body>hello</body>")))
    assert isinstance(seen, MessageSeen)
    assert (seen.ref, seen.actor) == (MessageRef(BOB, "message-1"), Actor("bob@example.net"))
    assert (to_plain(seen.body), seen.origin, seen.remote_time) == ("hello", Origin.LIVE, None)


def test_a_message_that_waited_is_not_live() -> None:
    late = "<body>hello</body><delay xmlns='urn:xmpp:delay' stamp='2026-11-01T12:00:00Z'/>"
    seen = one(heard(from_bob(late)))
    assert isinstance(seen, MessageSeen)
    assert (seen.origin, seen.remote_time) == (Origin.CATCH_UP, 1793534400.0)


def test_an_id_that_looks_like_a_counter_gives_way_to_the_archives() -> None:
    given = f"<body>hello</body><stanza-id xmlns='urn:xmpp:sid:0' by='{ME}' id='archive-7'/>"
    seen = one(heard(from_bob(given, "id='17'")))
    assert isinstance(seen, MessageSeen)
    assert seen.ref.remote_id == "archive-7"


def test_an_archives_id_in_anothers_name_is_nobodys() -> None:
    given = "<body>hello</body><stanza-id xmlns='urn:xmpp:sid:0' by='bob@example.net' id='archive-7'/>"
    seen = one(heard(from_bob(given, "id='17'")))
    assert isinstance(seen, MessageSeen)
    assert seen.ref.remote_id == "17"


def test_a_copy_of_what_the_owner_sent_elsewhere() -> None:
    sent = from_ada("<body>hi</body>", "message-2")
    seen = one(heard(copied("sent", sent)))
    assert isinstance(seen, MessageSeen)
    assert (seen.ref, seen.actor) == (MessageRef(BOB, "message-2"), Actor(ME, is_owner=True))
    assert seen.echo_of is None


@pytest.mark.parametrize("forger", ["mallory@example.com", f"{ME}/other", "example.org"])
def test_a_copy_from_anybody_else_is_a_forgery(forger: str) -> None:
    sent = from_ada("<body>hi</body>", "message-2")
    assert heard(copied("sent", sent, forger)) == []


def test_a_received_copy_that_claims_to_be_the_owners_is_dropped() -> None:
    sent = from_ada("<body>hi</body>", "message-2")
    assert heard(copied("received", sent)) == []


def test_an_echo_names_its_intent() -> None:
    own = from_ada("<body>hi</body>", "i77~0")
    seen = one(heard(archived(own)))
    assert isinstance(seen, MessageSeen)
    assert (seen.echo_of, seen.ref.remote_id) == ("i77", "i77~0")


def test_nobody_else_makes_an_echo() -> None:
    seen = one(heard(from_bob("<body>hello</body>", "id='i77~0'")))
    assert isinstance(seen, MessageSeen)
    assert seen.echo_of is None


def test_an_archive_that_nobody_asked_is_not_heard() -> None:
    inner = from_bob("<body>hello</body>")
    assert heard(archived(inner, query="q7")) == []
    assert heard(archived(inner, sender="mallory@example.com")) == []
    assert heard(archived(in_room("<body>x</body>"), query="q1")) == []
    assert len(heard(archived(inner, sender=ME))) == 1


def test_a_room_cannot_speak_for_another() -> None:
    inner = in_room("<body>x</body>").replace("garden@rooms.example.org/bob", "attic@rooms.example.org/bob")
    assert heard(archived(inner, "garden@rooms.example.org", "q2")) == []


def test_a_message_in_a_room_has_both_ids() -> None:
    seen = one(heard(in_room("<body>hello</body>")))
    assert isinstance(seen, MessageSeen)
    assert seen.ref == MessageRef(ROOM, "archive-1 message-1")
    assert seen.aliases == ("archive-1", "garden@rooms.example.org#occ-bob message-1")
    assert room_reference(seen.ref.remote_id) == "archive-1"
    assert sender_id(seen.ref.remote_id) == "message-1"


def test_the_owner_in_a_room_is_known_by_the_occupants_id_and_not_by_the_name() -> None:
    mine = one(heard(in_room("<body>x</body>", "another name", "occ-ada")))
    not_mine = one(heard(in_room("<body>x</body>", "ada", "occ-bob")))
    assert isinstance(mine, MessageSeen)
    assert isinstance(not_mine, MessageSeen)
    assert (mine.actor.is_owner, not_mine.actor.is_owner) == (True, False)


def test_where_a_room_gives_no_such_ids_an_id_is_the_senders_invention() -> None:
    seen = one(heard(in_room("<body>x</body>", "bob", "occ-ada"), OLD_ROOM))
    assert isinstance(seen, MessageSeen)
    assert seen.actor == Actor("garden@rooms.example.org/bob")


def test_a_correction_names_what_its_own_sender_wrote() -> None:
    fix = "<body>hullo</body><replace xmlns='urn:xmpp:message-correct:0' id='message-1'/>"
    direct = one(heard(from_bob(fix, "id='message-2'")))
    room = one(heard(in_room(fix, "eve", "occ-eve", "id='message-2'")))
    assert isinstance(direct, MessageSeen)
    assert isinstance(room, MessageSeen)
    assert (direct.ref.remote_id, direct.revision) == ("message-1", "message-2")
    assert room.ref.remote_id == "garden@rooms.example.org#occ-eve message-1"


def test_a_retraction() -> None:
    gone = one(heard(from_bob("<retract xmlns='urn:xmpp:message-retract:1' id='message-1'/><body>x</body>")))
    assert gone == MessageGone(target=MessageRef(BOB, "message-1"), actor=Actor("bob@example.net"))


def test_only_the_room_itself_speaks_for_its_moderators() -> None:
    moderated = (
        "<retract xmlns='urn:xmpp:message-retract:1' id='archive-1'>"
        "<moderated xmlns='urn:xmpp:message-moderate:1'/></retract>"
    )
    gone = one(heard(in_room(moderated, nick="", occupant="")))
    assert gone == MessageGone(target=MessageRef(ROOM, "archive-1"), actor=None)
    assert heard(in_room(moderated, "mallory", "occ-mallory")) == []


def test_a_tombstone_counts_in_an_archive_alone() -> None:
    stone = from_bob("<retracted xmlns='urn:xmpp:message-retract:1' stamp='2026-11-01T12:00:00Z'/>")
    gone = one(heard(archived(stone)))
    assert isinstance(gone, MessageGone)
    assert gone.target.remote_id == "message-1"
    assert heard(stone) == []


def test_reactions_are_bounded() -> None:
    many = "".join(f"<reaction>{n}</reaction>" for n in range(1000)) + f"<reaction>{'x' * 99}</reaction>"
    now = one(heard(from_bob(f"<reactions xmlns='urn:xmpp:reactions:0' id='m-1'>{many}</reactions>")))
    assert isinstance(now, ReactionsNow)
    assert len(now.values) == 20
    none = one(heard(from_bob("<reactions xmlns='urn:xmpp:reactions:0' id='m-1'/>")))
    assert isinstance(none, ReactionsNow)
    assert none.values == frozenset()


def test_a_reply_is_shown_without_the_quote() -> None:
    reply = (
        "<body>&gt; who?\nI do</body><reply xmlns='urn:xmpp:reply:0' id='m-1'/>"
        "<fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:reply:0'><body start='0' end='7'/></fallback>"
    )
    seen = one(heard(from_bob(reply)))
    assert isinstance(seen, MessageSeen)
    assert (to_plain(seen.body), seen.reply_to) == ("I do", MessageRef(BOB, "m-1"))


@pytest.mark.parametrize(
    ("start", "end"), [("5", "2"), ("-1", "3"), ("0", "99"), ("a", "b"), ("9" * 40, "1")]
)
def test_a_quote_that_lies_elsewhere_hides_nothing(start: str, end: str) -> None:
    reply = (
        "<body>hello</body><reply xmlns='urn:xmpp:reply:0' id='m-1'/><fallback xmlns='urn:xmpp:fallback:0' "
        f"for='urn:xmpp:reply:0'><body start='{start}' end='{end}'/></fallback>"
    )
    seen = one(heard(from_bob(reply)))
    assert isinstance(seen, MessageSeen)
    assert to_plain(seen.body) == "hello"


def test_a_file_is_no_text() -> None:
    url = "https://files.example.net/1/a%20cat.png"
    file = f"<body>{url}</body><x xmlns='jabber:x:oob'><url>{url}</url></x>"
    seen = one(heard(from_bob(file)))
    assert isinstance(seen, MessageSeen)
    assert to_plain(seen.body) == ""
    assert [(f.id, f.name, f.media_type) for f in seen.files] == [(url, "a cat.png", "image/png")]


@pytest.mark.parametrize("url", ["file:///etc/passwd", "javascript:alert(1)", "ftp://x/y", "", "http://[/x"])
def test_a_file_lies_on_the_web(url: str) -> None:
    seen = one(heard(from_bob(f"<body>look</body><x xmlns='jabber:x:oob'><url>{url}</url></x>")))
    assert isinstance(seen, MessageSeen)
    assert all(file.id.startswith("http") for file in seen.files)
    assert to_plain(seen.body) == "look"


def test_receipts_and_markers() -> None:
    got = one(heard(from_bob("<received xmlns='urn:xmpp:receipts' id='m-1'/>")))
    assert got == ReceiptMoved(up_to=MessageRef(BOB, "m-1"), actor=Actor("bob@example.net"), read=False)
    read = f"<message type='chat' from='{ME}/phone' to='bob@example.net'>"
    read += "<displayed xmlns='urn:xmpp:chat-markers:0' id='m-1'/></message>"
    mine = one(heard(copied("sent", read)))
    assert mine == ReceiptMoved(up_to=MessageRef(BOB, "m-1"), actor=Actor(ME, is_owner=True), read=True)


def test_typing_is_of_now() -> None:
    typing = from_bob("<composing xmlns='http://jabber.org/protocol/chatstates'/>")
    assert isinstance(one(heard(typing)), Fleeting)
    assert heard(archived(typing)) == []


def test_what_is_encrypted_is_named_and_not_shown() -> None:
    old = "<encrypted xmlns='eu.siacs.conversations.axolotl'><header/><payload>eA==</payload></encrypted>"
    for sealed in (old, "<encrypted xmlns='urn:xmpp:omemo:2'/>"):
        seen = one(heard(from_bob(f"{sealed}<body>You have no OMEMO.</body>")))
        assert isinstance(seen, MessageSeen)
        assert (seen.foreign_crypto, seen.unreadable, to_plain(seen.body)) == ("omemo", "no_keys", "")
        assert heard(from_ada(sealed, "i7~0")) == [], "what we have said ourselves is known"


def test_keys_alone_are_nothing_to_people() -> None:
    keys = "<encrypted xmlns='eu.siacs.conversations.axolotl'><header sid='1'/></encrypted>"
    assert heard(from_bob(f"{keys}<body>You have no OMEMO.</body>")) == []


def test_an_invitation() -> None:
    invited = (
        f"<message from='attic@rooms.example.org' to='{ME}'><x xmlns='http://jabber.org/protocol/muc#user'>"
        "<invite from='bob@example.net'/></x></message>"
    )
    seen = one(heard(invited))
    assert isinstance(seen, ConversationSeen)
    assert seen.conversation == ConversationRef("attic@rooms.example.org")
    bob = Actor("bob@example.net")
    assert seen.invitation == Invitation(by=bob, vouched=False, words="", ticket="bob@example.net")
    words = invited.replace("/></x>", "><reason> come up </reason></invite></x><body>You are invited</body>")
    with_words = one(heard(words))
    assert isinstance(with_words, ConversationSeen)
    assert with_words.invitation == msgspec.structs.replace(seen.invitation, words="come up")
    # Somebody in a room cannot invite in its name, and a room where the owner is needs no invitation.
    assert not [
        event
        for said in (
            invited.replace("example.org'", "example.org/bob'", 1),
            invited.replace("attic@", "garden@"),
        )
        for event in heard(said)
        if isinstance(event, ConversationSeen)
    ]


def test_an_invitation_by_somebody_directly() -> None:
    asked = "<x xmlns='jabber:x:conference' jid='attic@rooms.example.org' reason='come up'/>"
    for more, words in (("", "come up"), ("<body>Bob invites you</body>", "come up")):
        seen = one(heard(from_bob(asked + more)))
        assert isinstance(seen, ConversationSeen)
        assert seen.conversation == ConversationRef("attic@rooms.example.org")
        assert seen.invitation == Invitation(by=Actor("bob@example.net"), words=words)
    bare_one = one(heard(from_bob(asked.replace(" reason='come up'", "") + "<body>come</body>")))
    assert isinstance(bare_one, ConversationSeen)
    assert bare_one.invitation == Invitation(by=Actor("bob@example.net"), words="come")
    assert heard(from_bob(asked.replace("attic", "a" * 600))) == []
    assert heard(archived(from_bob(asked), ME)) == [], "years ago"


def test_a_room_where_the_owner_is_not_is_not_heard() -> None:
    assert heard(in_room("<body>x</body>").replace("garden@", "attic@")) == []


def test_private_words_in_a_room_are_a_conversation_of_their_own() -> None:
    seen = one(
        heard(from_bob("<body>x</body>").replace("bob@example.net/phone", "garden@rooms.example.org/bob"))
    )
    assert isinstance(seen, MessageSeen)
    assert seen.ref.conversation == ConversationRef("garden@rooms.example.org/bob", private=True)


@pytest.mark.parametrize(
    "xml",
    [
        "<message/>",
        "<message type='error' from='bob@example.net'><body>x</body></message>",
        "<message type='chat'/>",
        from_bob("<reactions xmlns='urn:xmpp:reactions:0'/>"),
        from_bob("<retract xmlns='urn:xmpp:message-retract:1'/>"),
        from_bob(f"<received xmlns='urn:xmpp:receipts' id='{'x' * 501}'/>"),
        archived("", sender=ME),
        copied("sent", ""),
    ],
)
def test_what_says_nothing_is_nothing(xml: str) -> None:
    assert heard(xml) == []


def came_back(sender: str, message_id: str = "i77~0") -> MessageRef | None:
    """What has not arrived, as an error says that comes from somebody."""
    stanza = fromstring(f"<message type='error' from='{sender}' id='{message_id}'/>")  # noqa: S314 - our own
    failed = returned(stanza, VIEW.rooms, "nobody is there")
    assert failed is None or (failed.reason, failed.intent) == ("nobody is there", "i77")
    return None if failed is None else failed.target


def test_what_another_server_sends_back_has_not_arrived() -> None:
    private = "garden@rooms.example.org/bob"
    assert came_back("Bob@example.net") == MessageRef(BOB, "i77~0")
    assert came_back(private) == MessageRef(ConversationRef(private, private=True), "i77~0")


@pytest.mark.parametrize(
    ("sender", "message_id"),
    [
        ("bob@example.net/phone", "i77~0"),
        ("garden@rooms.example.org", "i77~0"),
        ("bob@example.net", "message-1"),
        ("bob@example.net", ""),
    ],
)
def test_an_error_of_a_client_or_about_something_else_fails_nothing(sender: str, message_id: str) -> None:
    assert came_back(sender, message_id) is None


def test_a_huge_message_is_cut() -> None:
    seen = one(heard(from_bob(f"<body>{'line &#10;' * 200_000}</body>", f"id='{'x' * 9999}'")))
    assert isinstance(seen, MessageSeen)
    assert len(seen.ref.remote_id) <= 500


def bytes_in(text: str) -> str:
    return f"<opaque xmlns='urn:swarmnode:opaque:1'>{text}</opaque><body>for a node</body>"


def test_bytes_for_a_node_are_no_words() -> None:
    seen = one(heard(from_bob(bytes_in("AAEC"))))
    assert seen == OpaqueSeen(
        ref=MessageRef(BOB, "message-1"), actor=Actor("bob@example.net"), blob=b"\0\1\2"
    )
    copy = one(heard(copied("sent", from_ada(bytes_in("AAEC"), "message-1"))))
    assert isinstance(copy, OpaqueSeen)
    assert (copy.ref, copy.actor) == (MessageRef(BOB, "message-1"), Actor(ME, is_owner=True))
    past = one(heard(archived(from_bob(bytes_in("AAEC")))))
    assert isinstance(past, OpaqueSeen)
    assert (past.origin, past.remote_time) == (Origin.HISTORY, 1793534400.0)


@pytest.mark.parametrize("text", ["", "AAE", "AA!EC", "\u00e9\u00e9\u00e9\u00e9", "AAEC" * 90_000])
def test_what_are_no_bytes_are_the_words_beside_them(text: str) -> None:
    seen = one(heard(from_bob(bytes_in(text))))
    assert isinstance(seen, MessageSeen)
    assert to_plain(seen.body) == "for a node"


def test_bytes_in_a_room_are_the_words_beside_them() -> None:
    assert isinstance(one(heard(in_room(bytes_in("AAEC")))), MessageSeen)


def whose(message: str, sender: str, *inner: str) -> tuple[str, bool]:
    """Who has written something in a room, and whether that was the owner, as it or its archive tells it."""
    seats = {ROOM.remote_id: Seat("ada")}
    view = View(ME, seats, {ROOM.remote_id: {"ada": ME, "bob": "bob@example.net"}})
    text = in_room("".join(inner), sender, "")
    if message == "archived":
        text = archived(text, ROOM.remote_id, "q2")
    found = unwrap(fromstring(text.replace("<message", "<message xmlns='jabber:client'")), view, ASKED)  # noqa: S314
    assert found is not None
    return found[0].writer, found[0].own


BOBS = "<x xmlns='http://jabber.org/protocol/muc#user'><item jid='bob@example.net/desk'/></x>"
MINE = f"<x xmlns='http://jabber.org/protocol/muc#user'><item jid='{ME}'/></x>"


def test_who_has_written_is_believed_from_the_room_alone() -> None:
    assert whose("live", "bob") == ("bob@example.net", False)
    assert whose("live", "bob", MINE) == ("bob@example.net", False)
    assert whose("live", "eve", BOBS) == ("", False)
    assert whose("live", "ada") == (ME, True)
    assert whose("archived", "bob", BOBS) == ("bob@example.net", False)
    assert whose("archived", "bob") == ("", False), "another may have had that name then"
    assert whose("archived", "bob", BOBS, MINE) == ("", False), "one of them is not the room's"
    assert whose("archived", "ada", MINE) == (ME, True)
    assert whose("archived", "ada", BOBS) == ("bob@example.net", False), "he had the owner's name then"
