"""Events as messages, and content from documents. Pure: what servers leave out, and what is hostile."""

from typing import Any

import msgspec
import pytest

from swarm_bridges.api import Actor, IntentId, Invitation, LocalFile, MessageSeen, Notice, Origin, Rendered
from swarm_bridges.document import Document, Mention, Paragraph, Strong, Text
from swarm_bridges.networks.matrix.convert import content_of, edited, intent_of, key_of, message_of, related
from swarm_bridges.networks.matrix.login import base_of, user_of
from swarm_bridges.networks.matrix.model import Event, event_of, events_of
from swarm_bridges.networks.matrix.rooms import Person, Room, changed, left, of_invitation, seen, title_of
from swarm_bridges.text import from_markdown, from_plain, to_plain

ROOM = Room(
    "!r:x", membership="join", people={"@ada:x": Person("Ada", "join"), "@me:x": Person("Me", "join")}
)
ME = "@me:x"


def event(content: Any, **more: Any) -> Event:
    raw = {"type": "m.room.message", "sender": "@ada:x", "event_id": "$1", "content": content, **more}
    made = event_of(raw)
    assert made is not None
    return made


def told(content: Any, **more: Any) -> MessageSeen:
    return message_of(event(content, **more), ROOM, ME, Origin.LIVE)


def html(markup: str) -> dict[str, Any]:
    return {"msgtype": "m.text", "body": "x", "format": "org.matrix.custom.html", "formatted_body": markup}


def test_a_text_is_its_words_and_an_emote_says_who() -> None:
    said = told({"msgtype": "m.text", "body": "hello"}, origin_server_ts=1_700_000_000_123)
    assert (to_plain(said.body), said.remote_time, said.revision) == ("hello", 1_700_000_000.123, "0")
    assert to_plain(told({"msgtype": "m.emote", "body": "waves"}).body) == "* Ada waves"
    assert to_plain(told({"msgtype": "m.emote", "body": "x"}, sender="@bob:x").body) == "* bob x"
    assert to_plain(told({"msgtype": "m.notice", "body": "built"}).body) == "built"


def test_html_becomes_a_document_and_mentions_are_people() -> None:
    body = told(html('<b>hi</b> <a href="https://matrix.to/#/@bob:x">Bob</a>')).body
    assert body == Document((Paragraph((Strong((Text("hi"),)), Text(" "), Mention("@bob:x", "@bob"))),))
    other = told(html('<a href="https://matrix.to/#/!room:x">a room</a>')).body
    assert to_plain(other) == "a room (https://matrix.to/#/!room:x)"


def test_what_is_answered_is_named_and_its_quote_left_out() -> None:
    about = {"m.relates_to": {"m.in_reply_to": {"event_id": "$0"}}}
    plain = told({"msgtype": "m.text", "body": "> <@bob:x> what?\n> really?\n\nyes", **about})
    assert (to_plain(plain.body), plain.reply_to and plain.reply_to.remote_id) == ("yes", "$0")
    rich = told({**html("<mx-reply><blockquote>what?</blockquote></mx-reply>yes"), **about})
    assert to_plain(rich.body) == "yes"
    assert to_plain(told({"msgtype": "m.text", "body": "> <@bob:x> kept"}).body) == "> <@bob:x> kept"


def test_a_thread_has_its_root_and_a_fallback_is_no_answer() -> None:
    about = {"rel_type": "m.thread", "event_id": "$0", "m.in_reply_to": {"event_id": "$5"}}
    for falls_back, answered in ((True, ""), (False, "$5")):
        said = told(
            {"msgtype": "m.text", "body": "x", "m.relates_to": {**about, "is_falling_back": falls_back}}
        )
        assert said.thread_root is not None
        assert said.thread_root.remote_id == "$0"
        assert (said.reply_to.remote_id if said.reply_to else "") == answered


def test_an_edit_is_the_message_with_another_revision() -> None:
    new = {"msgtype": "m.text", "body": "better"}
    about = {"rel_type": "m.replace", "event_id": "$0"}
    said = told({"msgtype": "m.text", "body": "* better", "m.new_content": new, "m.relates_to": about})
    assert (said.ref.remote_id, said.revision, to_plain(said.body)) == ("$0", "$1", "better")


def test_a_file_has_a_name_and_words_only_where_they_are_others() -> None:
    said = {"msgtype": "m.image", "body": "cat.png", "url": "mxc://x/1"}
    (file,) = told(said).files
    assert (file.id, file.name, file.media_type, told(said).body) == (
        "mxc://x/1", "cat.png", "image/*", Document(),
    )  # fmt: skip
    captioned = told(
        {**said, "body": "my cat", "filename": "cat.png", "info": {"size": 7, "mimetype": "image/png"}}
    )
    assert to_plain(captioned.body) == "my cat"
    assert (captioned.files[0].name, captioned.files[0].size_bytes) == ("cat.png", 7)


def test_our_own_key_comes_back_to_us_alone() -> None:
    unsigned = {"transaction_id": key_of("i7", 2)}
    assert told({"body": "x"}, sender=ME, unsigned=unsigned).echo_of == IntentId("i7")
    assert told({"body": "x"}, unsigned=unsigned).echo_of is None
    assert intent_of(key_of("i.7", 0)) == ("i.7", 0)
    assert intent_of("m1234.5") is None


def test_what_is_encrypted_is_shown_as_such() -> None:
    said = told({"algorithm": "m.megolm.v1.aes-sha2", "ciphertext": "x"}, type="m.room.encrypted")
    assert (said.unreadable, said.foreign_crypto, said.body) == ("encrypted", "megolm", Document())


ODD: list[Any] = [
    {},
    {"msgtype": 7, "body": ["x"]},
    {"body": None, "format": "org.matrix.custom.html", "formatted_body": {"a": 1}},
    {"msgtype": "m.image", "body": "x", "url": 5, "info": []},
    {"msgtype": "m.file", "body": "x", "url": "https://evil.example/x"},
    {"msgtype": "m.file", "filename": "../../x" * 500, "url": "mxc://", "info": {"size": -1, "mimetype": 9}},
    {"m.relates_to": [1]},
    {"m.relates_to": {"rel_type": "m.replace", "event_id": {}}},
    {"m.relates_to": {"m.in_reply_to": "x", "rel_type": ["m.thread"]}},
    {"m.new_content": "x", "m.relates_to": {"rel_type": "m.replace", "event_id": "$0"}},
    html("<b>" * 50_000),
    html("<a x " * 20_000),
    html("<script>alert(1)</script><img src=x onerror=alert(1)>"),
    {"msgtype": "m.text", "body": "\x1b[31m\x00\u202e"},
]


@pytest.mark.parametrize("content", ODD, ids=range(len(ODD)))
def test_hostile_content_is_a_message_that_harms_nobody(content: Any) -> None:
    said = told(content)
    assert "\x1b" not in to_plain(said.body)
    assert "script" not in repr(said.body)
    assert all(file.id.startswith("mxc://") for file in said.files)


@pytest.mark.parametrize(
    "raw",
    [None, [], "x", {}, {"type": 5, "sender": "@a:x"}, {"type": "m", "sender": "@a:x", "content": 3}],
    ids=range(6),
)
def test_what_is_no_event_is_none(raw: Any) -> None:
    assert event_of(raw) is None


# --- what is to be said ---


def part(text: str, body: Document | None = None, **more: Any) -> Rendered:
    return Rendered(from_plain(text) if body is None else body, text, **more)


def test_plain_words_have_no_html_and_others_have() -> None:
    assert content_of(part("see https://example.org")) == {
        "msgtype": "m.text",
        "body": "see https://example.org",
        "m.mentions": {},
    }
    rich = content_of(part("**hi**", from_markdown("**hi** <b>")))
    assert rich["formatted_body"] == "<p><strong>hi</strong> &lt;b&gt;</p>"
    named = content_of(part("@bob", Document((Paragraph((Mention("@bob:x", "@bob"),)),))))
    assert named["m.mentions"] == {"user_ids": ["@bob:x"]}
    assert named["formatted_body"] == '<p><a href="https://matrix.to/#/@bob:x">@bob</a></p>'


def test_an_edit_an_answer_and_a_file_say_what_they_are() -> None:
    said = edited(content_of(part("new")), "$0")
    assert (said["body"], said["m.new_content"]["body"]) == ("* new", "new")
    assert said["m.relates_to"] == {"rel_type": "m.replace", "event_id": "$0"}
    assert related({}, "$1", "")["m.relates_to"] == {"m.in_reply_to": {"event_id": "$1"}}
    thread = related({}, "", "$0")["m.relates_to"]
    assert (thread["rel_type"], thread["event_id"], thread["is_falling_back"]) == ("m.thread", "$0", True)
    assert thread["m.in_reply_to"] == {"event_id": "$0"}
    file = LocalFile(id="f", name="a.ogg", media_type="audio/ogg", size_bytes=3)
    sound = content_of(part("", files=(file,)), {"url": "mxc://x/1"})
    assert (sound["msgtype"], sound["body"], sound["filename"]) == ("m.audio", "a.ogg", "a.ogg")


# --- rooms ---


def state(kind: str, content: dict[str, Any], key: str = "", sender: str = "@ada:x") -> Event:
    return event(content, type=kind, state_key=key, sender=sender)


def test_a_room_is_what_its_state_says() -> None:
    room = ROOM
    for one in (
        state("m.room.create", {"room_version": "10"}),
        state("m.room.name", {"name": "Garden"}),
        state("m.room.power_levels", {"users": {"@ada:x": 100, "@bob:x": 50, "@eve:x": "50"}, "redact": 60}),
        state("m.room.encryption", {"algorithm": "m.megolm.v1.aes-sha2"}),
        state("m.room.encryption", {}),
        state("m.room.member", {"membership": "leave"}, "@ada:x"),
        state("m.room.name", {"name": ["x"]}, "other"),
    ):
        room = changed(room, one)
    assert room.moderators == {"@ada:x"}
    assert room.encrypted
    assert set(room.people) == {ME}
    assert changed(room, state("m.room.topic", {"topic": ""})) is room


def test_what_is_remembered_of_a_room_has_bounds() -> None:
    room, long = ROOM, "x" * 60_000
    for n in range(1500):
        room = changed(room, state("m.room.member", {"membership": "join", "displayname": long}, f"@{n}:x"))
        room = changed(room, state("m.space.child", {"via": ["x"]}, f"!{n}:x"))
    for one in (
        state("m.room.name", {"name": long}),
        state("m.room.topic", {"topic": long}),
        state("m.room.tombstone", {"replacement_room": long}),
        state("m.room.create", {"room_version": long, "additional_creators": [long] * 1000}),
        state("m.room.power_levels", {"users": {f"@{n}:x": 1 for n in range(5000)}}),
    ):
        room = changed(room, one)
    assert len(msgspec.msgpack.encode(room)) < 60_000


def test_newer_rooms_are_moderated_by_those_who_made_them() -> None:
    content = {"room_version": "12", "additional_creators": ["@bob:x", 7]}
    room = changed(ROOM, state("m.room.create", content))
    room = changed(room, state("m.room.power_levels", {"users": {"@eve:x": 50}}))
    assert room.moderators == {"@ada:x", "@bob:x", "@eve:x"}


def test_a_room_without_a_name_is_called_by_who_is_in_it() -> None:
    assert title_of(ROOM, ME) == "Ada"
    assert title_of(Room("!r:x", joined=1), ME) == Notice("Notes")
    assert title_of(Room("!r:x", alias="#garden:x"), ME) == "#garden:x"
    invited = Room("!r:x", membership="invite", inviter="@ben:x", words="come in")
    shown = seen(invited, ME, ["Home"])
    assert (shown.labels, shown.invitation) == (("Home",), Invitation(by=Actor("@ben:x"), words="come in"))
    moved = left(Room("!r:x", moved_to="!s:x"), "moved").moved_to
    assert moved is not None
    assert moved.remote_id == "!s:x"


# --- addresses ---


@pytest.mark.parametrize(
    ("typed", "url"),
    [
        ("matrix.example.org", "https://matrix.example.org"),
        (" https://matrix.example.org/ ", "https://matrix.example.org"),
        ("http://127.0.0.1:8008", "http://127.0.0.1:8008"),
        ("http://matrix.example.org", ""),
        ("http://93.184.215.14", ""),
        ("http://localhost:8008", "http://localhost:8008"),
        ("ftp://x", ""),
        ("https://ada:pw@x", ""),
        ("https://x?y", ""),
        ("https://x:port", ""),
        ("", ""),
    ],
)
def test_a_server_is_what_people_type(typed: str, url: str) -> None:
    assert base_of(typed) == url


@pytest.mark.parametrize(
    ("typed", "server", "user"),
    [
        ("@ada:x.org", "", "@ada:x.org"),
        ("ada:x.org", "", "@ada:x.org"),
        ("ada", "https://x.org", "@ada:x.org"),
        ("ada", "@olga:x.org", "@ada:x.org"),
    ],
)
def test_an_address_is_what_people_type(typed: str, server: str, user: str) -> None:
    assert user_of(typed, server) == user


def test_of_an_invitation_little_is_taken() -> None:
    """Whoever has a server can write what they like into one."""
    member = {"type": "m.room.member", "sender": "@eve:example.org", "content": {"membership": "join"}}
    told = [
        {"type": "m.room.power_levels", "sender": "@eve:example.org", "state_key": "", "content": {}},
        {"type": "m.space.child", "sender": "@eve:example.org", "state_key": "x" * 9_000, "content": {}},
        *({**member, "state_key": f"@{n}:example.org"} for n in range(1_000)),
        {"type": "m.room.name", "sender": "@eve:example.org", "state_key": "", "content": {"name": "Loft"}},
        {**member, "state_key": "@ada:example.org", "content": {"membership": "invite"}},
    ]
    taken = of_invitation(events_of(told), "@ada:example.org")
    assert [event.type for event in taken] == ["m.room.name", *["m.room.member"] * 6]
    assert taken[-1].state_key == "@ada:example.org"


def test_what_is_no_id_is_in_no_room() -> None:
    room = Room("!r:example.org", space=True)
    for kind, content in (("m.space.child", {"via": ["a"]}), ("m.room.member", {"membership": "join"})):
        long = Event(kind, "@eve:example.org", state_key="x" * 256, content=content)
        assert changed(room, long) == room
        assert changed(room, Event(kind, "@eve:example.org", state_key="x" * 255, content=content)) != room
