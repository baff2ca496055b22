"""JSON as events: pure. What servers leave out, what they say otherwise, and what is hostile."""

import dataclasses
from typing import Any

import msgspec
import pytest

from swarm_bridges.api import ConversationRef, MessageSeen, Origin
from swarm_bridges.document import Emoji, Mention, Paragraph
from swarm_bridges.networks.mastodon.convert import (
    HOME,
    View,
    direct,
    marks_of,
    message_of,
    notice_of,
    seen,
)
from swarm_bridges.networks.mastodon.marks import Entry, Marks, missing
from swarm_bridges.networks.mastodon.model import Account, Notification, Status, convert
from swarm_bridges.networks.mastodon.server import server_of
from swarm_bridges.networks.mastodon.words import addressed
from swarm_bridges.text import to_plain

MASTODON = server_of({"version": "4.4.2"})
OLD_SNAC = server_of({"version": "4.0.0 (not true; really snac/2.75)"})
ME = Account(id="1", acct="olga", username="olga", url="https://one.example/@olga")
ADA: dict[str, Any] = {"id": "2", "acct": "ada@two.example", "url": "https://two.example/@ada"}
BOB: dict[str, Any] = {"id": "3", "acct": "bob", "url": "https://one.example/@bob"}
OLGA: dict[str, Any] = {"id": "1", "acct": "olga", "url": "https://one.example/@olga"}


def post(**more: Any) -> Status:
    return convert({"id": "100", "account": ADA, "content": "<p>hello</p>", **more}, Status)


def told(status: Status, view: View = View(ME, MASTODON)) -> MessageSeen:  # noqa: B008 - a value
    return message_of(status, view, Origin.LIVE)


def name(account: dict[str, Any]) -> str:
    return f'<span class="h-card"><a href="{account["url"]}" class="u-url mention">@<span>x</span></a></span>'


# --- where a post stands ---


def test_what_is_public_is_in_the_timeline() -> None:
    event = told(post(visibility="private", spoiler_text="cake", sensitive=True, in_reply_to_id="99"))
    assert (event.ref.conversation, event.visibility, event.title, event.sensitive) == (
        HOME,
        "followers",
        "cake",
        True,
    )
    assert event.reply_to is not None
    assert event.reply_to.remote_id == "99"


def test_direct_posts_stand_by_those_whom_they_are_for_whoever_wrote_them() -> None:
    from_ada = told(post(visibility="direct", mentions=[OLGA, BOB]))
    from_me = told(post(account=OLGA, visibility="direct", mentions=[BOB, ADA]))
    assert from_ada.ref.conversation == from_me.ref.conversation == direct(frozenset({"2", "3"}))
    assert not from_ada.actor.is_owner
    assert from_me.actor.is_owner
    room = seen(from_me.ref.conversation, {"2": "Ada", "3": "Bob"}, View(ME, MASTODON))
    assert (room.kind, room.title, room.members_complete) == ("group", "Ada, Bob", True)


def test_a_conversation_of_very_many_has_a_short_id_and_is_the_same_for_all() -> None:
    people = [{"id": f"{n:020}", "acct": f"a{n}", "url": f"https://x.example/{n}"} for n in range(200)]
    event = told(post(visibility="direct", mentions=people))
    again = told(post(visibility="direct", mentions=people[::-1]))
    assert event.ref == again.ref
    assert len(event.ref.conversation.remote_id) < 100
    assert seen(event.ref.conversation, {}, View(ME, MASTODON)).kind == "group"


def test_where_it_stood_first_it_stays() -> None:
    place = ConversationRef("direct 2", private=True)
    event = told(post(visibility="direct", mentions=[BOB]), View(ME, MASTODON, {"100": place}))
    assert event.ref.conversation == place


def test_an_old_snac_says_private_of_direct_posts_and_numbers_mentions() -> None:
    mine = post(id="1795331174" + "c" * 32, account=OLGA, visibility="private", mentions=[{**ADA, "id": "0"}])
    event = told(mine, View(ME, OLD_SNAC))
    hashed = "ebd0fc3dbfc6d0e1a4a1a3b4b5a1f6e5"
    assert event.ref.remote_id == "c" * 32
    assert event.ref.conversation.remote_id.startswith("direct ")
    assert len(event.ref.conversation.remote_id) == len(f"direct {hashed}")
    assert event.order is None
    edited = dataclasses.replace(View(ME, OLD_SNAC), places={"c" * 32: event.ref.conversation})
    later = post(id="1799999999" + "c" * 32, account=OLGA, visibility="private")
    assert told(later, edited).ref == event.ref


# --- what it says ---


def test_names_of_a_conversation_are_left_out_at_the_beginning_alone() -> None:
    text = f"<p>{name(OLGA)} {name(BOB)} ask {name(BOB)} about it</p>"
    event = told(post(visibility="direct", mentions=[OLGA, BOB], content=text))
    assert to_plain(event.body) == "ask @bob about it"
    (block,) = event.body.blocks
    assert isinstance(block, Paragraph)
    assert block.children[1] == Mention("3", "@bob")


def test_names_without_a_link_are_left_out_too_but_not_strangers() -> None:
    view = View(ME, MASTODON, {"100": direct(frozenset({"2"}))}, {"2": "@ada@two.example"})
    mine = post(account=OLGA, visibility="direct", content="<p>@ada@two.example @nobody edited</p>")
    assert to_plain(told(mine, view).body) == "@nobody edited"


@pytest.mark.parametrize(
    ("text", "names", "whole"),
    [
        ("hi", ["@ada"], "@ada hi"),
        ("hi @ada", ["@ada"], "hi @ada"),
        ("hi @adalbert", ["@ada"], "@ada hi @adalbert"),
        ("hi @ada@two.example", ["@ada"], "@ada hi @ada@two.example"),
        ("", ["@ada", "@bob"], "@ada @bob"),
        ("hi", [], "hi"),
    ],
)
def test_names_are_put_before_what_lacks_them(text: str, names: list[str], whole: str) -> None:
    assert addressed(text, names) == whole


def test_emoji_of_the_network_are_pictures_in_a_line() -> None:
    emojis = [{"shortcode": "blob", "url": "https://two.example/blob.png"}]
    text = '<p>a :blob: <a href="https://x.example/:blob:">b</a> :other:</p>'
    event = told(post(content=text, emojis=emojis))
    (block,) = event.body.blocks
    assert isinstance(block, Paragraph)
    assert block.children[1] == Emoji("blob", ":blob:", "https://two.example/blob.png")
    assert to_plain(event.body) == "a :blob: b (https://x.example/:blob:) :other:"


def test_a_boost_is_the_post_with_who_brought_it() -> None:
    inner = {"id": "90", "account": BOB, "content": "<p>look</p>", "favourites_count": 3, "favourited": True}
    outer = post(reblog=inner, content="")
    event = told(outer)
    assert (event.ref.remote_id, event.actor.remote_id) == ("90", "3")
    assert event.shared_by is not None
    assert event.shared_by.remote_id == "2"
    assert event.order == "100".zfill(20)
    assert outer.reblog is not None
    marks = marks_of(outer.reblog, event.ref, Origin.LIVE)
    assert (marks.mine, marks.counts) == (frozenset({"favourite"}), {"favourite": 3})


def test_revisions_grow_with_edits_and_votes() -> None:
    poll = {"id": "5", "options": [{"title": "a"}, {"title": "b", "votes_count": None}]}
    posts = [
        post(),
        post(poll={**poll, "votes_count": 1}),
        post(poll={**poll, "votes_count": 2, "voted": True, "own_votes": [1]}),
        post(edited_at="2026-11-01T10:00:00.001Z", poll=poll),
        post(edited_at="2026-11-01T10:00:00.002Z"),
    ]
    revisions = [told(status).revision for status in posts]
    assert [int(revision) for revision in revisions] == sorted({int(revision) for revision in revisions})
    assert revisions[0] == "0"
    found = told(posts[2]).poll
    assert found is not None
    assert (found.mine, found.options[1].votes) == (frozenset({"1"}), None)


def test_two_edits_of_one_second_are_two() -> None:
    one = told(post(edited_at="2026-11-01T10:00:00Z", content="a")).revision
    other = told(post(edited_at="2026-11-01T10:00:00Z", content="b")).revision
    assert one != other
    assert not one.isdecimal()


def test_files_have_a_name_a_type_and_a_description() -> None:
    media = [
        {"id": "1", "type": "image", "url": "https://cdn.example/a%20cat.png?x=1", "description": "a cat"},
        {"id": "2", "type": "unknown", "url": None, "remote_url": "https://far.example/file"},
        {"id": "3", "type": "audio", "url": None},
        {"id": "4", "type": "image", "url": "http://[broken/x.png"},
    ]
    files = told(post(media_attachments=media)).files
    assert [(f.name, f.media_type, f.description) for f in files] == [
        ("a cat.png", "image/png", "a cat"),
        ("file", "application/octet-stream", ""),
        ("", "image/*", ""),
    ]


# --- what is hostile ---

HOSTILE: list[tuple[str, str]] = [
    ("<script>alert(1)</script>", ""),
    ("<p onclick=x>a<img src=x onerror=alert(1)></p>", "a"),
    ('<a href="javascript:alert(1)">x</a>', "x"),
    ("<p>\x1b[31m\x00red</p>", "[31mred"),
    ("<p>" + "<b>" * 5000 + "deep", "deep"),
    ("&lt;script&gt;", "<script>"),
    ("<a class='mention' href='https://evil.example'>@olga</a>", "@olga (https://evil.example)"),
    ("@" * 50_000, "@" * 50_000),
    ("@a" * 20_000, "@a" * 20_000),
    (":a" * 20_000, ":a" * 20_000),
]


@pytest.mark.parametrize(("content", "shown"), HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("visibility", ["public", "direct"])
def test_hostile_content_is_text(content: str, shown: str, visibility: str) -> None:
    assert to_plain(told(post(content=content, visibility=visibility)).body).strip() == shown


@pytest.mark.parametrize(
    "raw",
    [
        None,
        [],
        {},
        {"id": 7, "account": ADA},
        {"id": "7", "account": "ada"},
        {"id": "7", "account": ADA, "content": ["x"]},
        {"id": "7", "account": ADA, "mentions": "all"},
        {"id": "7", "account": ADA, "poll": {"options": [{}]}},
    ],
    ids=range(8),
)
def test_what_makes_no_sense_is_refused(raw: Any) -> None:
    with pytest.raises(msgspec.ValidationError):
        convert(raw, Status)


def test_null_is_the_same_as_nothing_and_depth_ends() -> None:
    names = ("content", "edited_at", "mentions", "poll", "reblog", "emojis", "visibility", "url")
    event = told(post(**dict.fromkeys(names)))
    assert to_plain(event.body) == ""
    deep: Any = {"id": "1", "account": ADA}
    for _ in range(500):
        deep = {"id": "1", "account": ADA, "reblog": deep}
    with pytest.raises(msgspec.ValidationError):
        convert(deep, Status)


def test_a_notification_says_who_and_leads_to_the_post() -> None:
    raw = {
        "id": "8",
        "type": "favourite",
        "account": {**BOB, "display_name": "B{}ob\nx"},
        "status": {"id": "70", "account": OLGA, "content": "<p>my words</p>"},
    }
    event = notice_of(convert(raw, Notification), View(ME, MASTODON), Origin.LIVE)
    assert to_plain(event.body) == "B{}ob x likes your post\n\n> my words"
    assert event.reply_to is not None
    assert (event.reply_to.conversation, event.reply_to.remote_id) == (HOME, "70")
    odd = notice_of(
        convert({**raw, "type": "{0.x}" * 50, "status": None}, Notification), View(ME, MASTODON), Origin.LIVE
    )
    assert to_plain(odd.body).startswith("Something happened: {0.x}")


@pytest.mark.parametrize(
    "told_", [None, [], "x", {"version": 7, "configuration": [1]}, {"configuration": {"statuses": 5}}]
)
def test_a_server_that_says_nonsense_of_itself_is_a_usual_one(told_: Any) -> None:
    made = server_of(told_)
    assert (made.software, made.max_text, made.max_files) == ("unknown", 500, 4)


@pytest.mark.parametrize(
    ("version", "software", "keyed"),
    [
        ("4.4.2", "mastodon", True),
        ("4.3.0+glitch", "mastodon", True),
        ("2.7.2 (compatible; Pleroma 2.5.0)", "pleroma", True),
        ("2.7.2 (compatible; Akkoma 3.10.4)", "akkoma", True),
        ("0.17.3+git-abc", "unknown", False),
        ("4.0.0 (not true; really snac/2.96)", "snac", False),
        ("", "unknown", False),
        ("2.8.0 (compatible; Pixelfed 0.12.4)", "pixelfed", False),
    ],
)
def test_servers_are_told_from_each_other(version: str, software: str, keyed: bool) -> None:
    made = server_of({"version": version})
    assert (made.software, made.keyed) == (software, keyed)


# --- what is missing ---


def test_what_is_missing_is_what_stood_above_something_that_still_stands() -> None:
    known = [Entry(name) for name in "edcba"]
    assert [e.id for e in missing(known, ["f", "e", "c"], whole=False)] == ["d"]
    assert [e.id for e in missing(known, ["f", "e", "c"], whole=True)] == ["d", "b", "a"]
    assert missing(known, ["h", "g"], whole=False) == []
    assert missing(known, [], whole=True) == known


def test_a_cursor_that_makes_no_sense_is_a_new_beginning() -> None:
    marks = Marks((Entry("1", "1", "home"),), (), "5")
    assert Marks.read(marks.cursor()) == marks
    for broken in (None, b"", b"{", b'{"home": 5}', b"\xff"):
        assert Marks.read(broken) == Marks()  # type: ignore[arg-type]
