"""The bridge over a site of the test's own: what is told, once, whatever the site does."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping

import pytest
from bridge_owner import ACCOUNT
from feeds_site import NOW, Reading, Site, item, rss

from swarm_bridges.api import (
    AccountId,
    AuthExpired,
    Batch,
    ConversationGone,
    ConversationRef,
    ConversationSeen,
    MessageGone,
    MessageSeen,
    NotSupported,
    Origin,
    Refused,
    RemoteFile,
    State,
    Temporary,
)
from swarm_bridges.networks.feeds.opml import read_opml


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with Site().serving() as made:
        yield made


def of(*urls: str, **settings: str) -> Reading:
    return Reading({"feeds": "\n".join(urls), **settings})


async def test_entries_come_once_in_their_order_and_the_first_are_the_past(site: Site) -> None:
    url = site.put("/a", rss(item("2", "two"), item("1", "one")))
    async with of(url).running() as reading:
        assert reading.texts(url) == ["one", "two"]
        site.put("/a", rss(item("3", "three"), item("2", "two"), item("1", "one")))
        await reading.round()
        assert reading.texts(url) == ["one", "two", "three"]
        seen = [e for e in reading.events(MessageSeen) if e.ref.conversation.remote_id == url]
        assert [e.origin for e in seen] == [Origin.HISTORY, Origin.HISTORY, Origin.LIVE]
        assert [e.order for e in seen] == sorted(e.order or "" for e in seen)
        (room,) = (e for e in reading.events(ConversationSeen) if e.conversation.remote_id == url)
        assert (room.kind, room.title) == ("feed", "A site")


async def test_what_came_while_it_did_not_run_is_told_as_that(site: Site) -> None:
    url = site.put("/a", rss(item("1", "one")))
    reading = of(url)
    async with reading.running():
        pass
    site.put("/a", rss(item("2", "two"), item("1", "one")))
    reading.begin()
    reading.time.at += 8000
    async with reading.running():
        assert [
            (s.text, s.origin) for s in reading.journal.shown.values() if s.ref.conversation.remote_id == url
        ] == [
            ("one", Origin.HISTORY),
            ("two", Origin.CATCH_UP),
        ]


async def test_edits_are_edits_also_back_to_what_was_and_what_counts_readers_is_none(site: Site) -> None:
    url = site.put("/a", rss(item("1", "one <img src='/count?1'>")))
    async with of(url).running() as reading:
        for text in ("one <img src='/count?2'>", "won", "one", "one <img src='/count?3'>"):
            site.put("/a", rss(item("1", text)))
            await reading.round()
        (shown,) = (s for s in reading.journal.shown.values() if s.ref.remote_id == "1")
        assert (shown.text, shown.revisions) == ("one", ["0", "1", "2"])


async def test_one_id_for_several_entries_is_several_messages(site: Site) -> None:
    url = site.put("/a", rss(item("x", "one", link="/1")))
    async with of(url).running() as reading:
        two = [item("x", "two", link="/2"), item("x", "one", link="/1"), item("x", "one", link="/1")]
        for items in (two, [item("x", "three", link="/3"), *two], [item("x", "four", link="/4")]):
            site.put("/a", rss(*items))
            await reading.round()
        assert reading.texts(url) == ["one", "two", "three", "four"]


async def test_entries_without_ids_are_known_by_link_or_words(site: Site) -> None:
    link = "https://example.org/1"
    url = site.put("/a", rss(item("", "no more"), item("", "words", link=link)))
    async with of(url).running() as reading:
        site.put("/a", rss(item("", "other words", link=link), item("", "no more")))
        await reading.round()
        assert reading.texts(url) == ["other words", "no more"]


async def test_what_leaves_the_document_stays_and_what_is_taken_back_goes(site: Site) -> None:
    ids = ("1", "2", "3")
    atom = '<feed xmlns="http://www.w3.org/2005/Atom"><title>T</title>{}</feed>'
    entries = [f"<entry><id>{n}</id><title>t{n}</title></entry>" for n in ids]
    url = site.put("/a", atom.format("".join(reversed(entries))).encode())
    async with of(url).running() as reading:
        gone = '<at:deleted-entry xmlns:at="http://purl.org/atompub/tombstones/1.0" ref="2"/>'
        site.put("/a", atom.format(gone + entries[2]).encode())
        await reading.round()
        assert reading.texts(url) == ["t1", "t3"]
        assert [e.target.remote_id for e in reading.events(MessageGone)] == ["2"]


async def test_dates_that_lie_are_not_shown_and_change_no_order(site: Site) -> None:
    dates = ("Thu, 01 Jan 1970 00:00:00 GMT", "Fri, 01 Jan 2100 00:00:00 GMT", "never", "")
    url = site.put("/a", rss(*(item(str(n), f"t{n}", date=date) for n, date in enumerate(dates))))
    async with of(url).running() as reading:
        seen = [e for e in reading.events(MessageSeen) if e.ref.conversation.remote_id == url]
        assert [e.ref.remote_id for e in seen] == ["3", "2", "1", "0"]
        assert {e.remote_time for e in seen} == {None}


async def test_nothing_is_sent_twice_over_the_line_that_has_not_changed(site: Site) -> None:
    url = site.put("/a", rss(item("1", "one")), headers={"Last-Modified": "Tue, 14 Nov 2023 22:13:20 GMT"})
    async with of(url).running() as reading:
        await reading.round()
        await reading.round()
    assert site.answered == [200, 304, 304]
    assert site.asked[2][1]["If-Modified-Since"] == "Tue, 14 Nov 2023 22:13:20 GMT"


async def test_it_asks_as_rarely_as_the_site_wants_also_when_the_owner_looks(site: Site) -> None:
    quiet = site.put("/quiet", rss(more="<ttl>300</ttl>"))
    cached = site.put("/cached", rss(), headers={"Cache-Control": "max-age=7200"})
    plain = site.put("/plain", rss())
    async with of(quiet, cached, plain).running() as reading:
        site.paths()
        await reading.round(0.01, looks=True)
        assert site.paths() == []
        await reading.round(0.1, looks=True)
        assert site.paths() == ["/plain"]
        await reading.round(2.3)
        assert sorted(site.paths()) == ["/cached", "/plain"]
        await reading.round(3)
        assert sorted(site.paths()) == ["/cached", "/plain", "/quiet"]


async def test_moves_for_ever_are_kept_and_others_are_not(site: Site) -> None:
    old, now, never = (site.put(path, rss(item("1", path))) for path in ("/old", "/now", "/never"))
    async with of(old, now, never).running() as reading:
        site.moved("/old", "/new", 301)
        site.put("/new", rss(item("2", "at the new place"), item("1", "/old")))
        site.moved("/now", "/elsewhere", 302)
        site.put("/elsewhere", rss(item("1", "/now")))
        site.moved("/never", "/never", 308)
        await reading.round()
        site.paths()
        await reading.round()
        asked = site.paths()
        assert "/new" in asked
        assert "/old" not in asked
        assert "/now" in asked
        assert reading.texts(old) == ["/old", "at the new place"]
        (told,) = reading.notices()
        assert "moved for good" in told


async def test_a_move_to_what_is_no_feed_is_not_kept(site: Site) -> None:
    url = site.put("/a", rss(item("1", "one")))
    async with of(url).running() as reading:
        site.moved("/a", "/parked", 301)
        site.put("/parked", b"<html>This domain is for sale</html>")
        await reading.round()
        site.put("/a", rss(item("2", "two"), item("1", "one")))
        await reading.round()
        assert reading.texts(url) == ["one", "two"]


async def test_a_feed_that_moves_to_another_goes_on_there(site: Site) -> None:
    one, two = site.put("/1", rss(item("1", "one"))), site.put("/2", rss(item("1", "two")))
    async with of(one, two).running() as reading:
        site.moved("/1", "/2", 308)
        await reading.round()
        (gone,) = reading.events(ConversationGone)
        assert gone.conversation.remote_id == one
        assert gone.moved_to == ConversationRef(two)
        site.paths()
        await reading.round()
        assert site.paths() == ["/2"]


async def test_gone_for_good_is_told_and_asked_no_more(site: Site) -> None:
    url = site.put("/a", rss(item("1", "one")))
    async with of(url).running() as reading:
        site.put("/a", status=410)
        await reading.round()
        assert [e.conversation.remote_id for e in reading.events(ConversationGone)] == [url]
        assert "gone for good" in reading.notices()[0]
        site.paths()
        await reading.round(48)
        assert site.paths() == []
        assert reading.texts(url) == ["one"]


async def test_a_broken_feed_is_told_once_with_the_reason_and_comes_back(site: Site) -> None:
    url = site.put("/a", b"<rss><channel><title>x</title><item></channel></rss>")
    good = site.put("/b", rss())
    async with of(url, good).running() as reading:
        for _ in range(6):
            await reading.round(30)
        (told,) = reading.notices()
        assert "its XML is broken" in told
        site.put("/a", rss(item("1", "mended")))
        await reading.round(30)
        assert reading.texts(url) == ["mended"]


async def test_waits_grow_with_failures_and_a_site_may_name_its_own(site: Site) -> None:
    bad, limited, good = (
        site.put("/bad", status=500),
        site.put("/lim", status=429, headers={"Retry-After": "36000"}),
        site.put("/b", rss()),
    )
    async with of(bad, limited, good).running() as reading:
        site.paths()
        asked = []
        for _ in range(12 * 10):  # ten hours in steps of five minutes
            await reading.round(1 / 12)
            asked += site.paths()
        assert 6 <= asked.count("/bad") <= 8
        assert asked.count("/lim") == 1
        assert 8 <= asked.count("/b") <= 10


async def test_one_feed_that_is_down_does_not_end_the_account_but_all_do(site: Site) -> None:
    one, two = site.put("/1", status=503), site.put("/2", rss(item("1", "two")))
    reading = of(one, two)
    async with reading.running():
        assert reading.texts(two) == ["two"]
        assert reading.ended is None
        reading.desk.down = True
        reading.desk.cut()
        await reading.round()
        assert isinstance(reading.ended, Temporary)
    reading.begin()
    async with reading.running():
        assert isinstance(reading.ended, Temporary)
    reading.desk.down = False
    site.put("/1", rss(item("1", "one")))
    reading.begin()
    async with reading.running():
        assert reading.texts(one) == ["one"]
        assert reading.desk.of(ACCOUNT).health[-1].state is State.CONNECTED


async def test_a_password_goes_to_its_own_server_alone(site: Site) -> None:
    async with Site().serving() as other:
        away = other.put("/away", rss(item("1", "elsewhere")))
        site.put("/a", rss(item("1", "inside")), login="ada:sesame")
        url = site.moved("/gate", away, 301)
        settings = {"feeds": f"{site.url}/a\n{url}", "user": "ada", "origin": site.url}
        reading = Reading(settings, {"password": b"sesame"})
        async with reading.running():
            assert reading.texts(f"{site.url}/a") == ["inside"]
            assert reading.texts(url) == ["elsewhere"]
            assert all("Authorization" not in headers for _, headers in other.asked)
            other.pages["/away"].login = "ben:open"
            await reading.round()
            assert reading.ended is None, "this was not the account's password"
            site.pages["/a"].login = "ada:changed"
            await reading.round()
            assert isinstance(reading.ended, AuthExpired)


async def test_an_open_account_goes_on_where_one_feed_wants_a_password(site: Site) -> None:
    closed, url = site.put("/c", rss(), login="ada:sesame"), site.put("/a", rss(item("1", "one")))
    async with of(closed, url).running() as reading:
        for _ in range(4):
            await reading.round(30)
        assert reading.ended is None
        assert "asks for a password" in reading.notices()[0]


async def test_joining_leaving_and_the_list(site: Site) -> None:
    first = site.put("/a", rss(item("1", "one"), title="First & last"))
    feed = site.put("/f", rss(item("1", "two"), title="Second"))
    page = site.put("/", b"<html><head><link rel=alternate type='application/rss+xml' href=/f></head></html>")
    several = site.put(
        "/s",
        b"<html>" + b"".join(b"<link rel=alternate type=application/rss+xml href=/%d>" % n for n in (1, 2)),
    )
    async with of(first).running() as reading:
        room = await reading.bridge.join(reading.ctx, page)
        assert (room.conversation.remote_id, room.title) == (feed, "Second")
        assert reading.texts(feed) == ["two"]
        assert (await reading.bridge.join(reading.ctx, feed)).conversation == room.conversation
        for wrong in (
            several,
            site.put("/x", b"nothing"),
            "ftp://example.org/",
            "https://a:b@127.0.0.1/",
            "",
        ):
            with pytest.raises(Refused):
                await reading.bridge.join(reading.ctx, wrong)

        async def listed() -> dict[str, str]:
            (file,) = (f for e in reading.events(MessageSeen) for f in e.files)
            return read_opml(b"".join([piece async for piece in reading.bridge.fetch(reading.ctx, file)]))

        assert await listed() == {first: "First & last", feed: "Second"}
        await reading.bridge.leave(reading.ctx, ConversationRef(first))
        assert await listed() == {feed: "Second"}
        with pytest.raises(Refused):
            await reading.bridge.leave(reading.ctx, ConversationRef("nowhere"))
        await reading.bridge.join(reading.ctx, first)
        assert first in await listed()
        assert reading.texts(first) == ["one"]


async def test_what_was_left_does_not_come_back_at_a_start_but_by_a_new_login(site: Site) -> None:
    url = site.put("/a", rss(item("1", "one")))
    reading = of(url)
    async with reading.running():
        await reading.bridge.leave(reading.ctx, ConversationRef(url))
    for login, asked in (("1", []), ("2", ["/a"])):
        reading.settings["import"] = login
        reading.begin()
        site.paths()
        async with reading.running():
            assert site.paths() == asked


async def test_files_come_from_where_they_lie(site: Site) -> None:
    song = site.put("/dir/a%20song.mp3".replace("%20", "_"), b"la la la")
    more = f'<enclosure url="{song}" type="audio/mpeg" length="8"/>'
    url = site.put("/a", rss(item("1", "listen", more=more)))
    async with of(url).running() as reading:
        (file,) = next(s.files for s in reading.journal.shown.values() if s.ref.remote_id == "1")
        assert (file.name, file.media_type, file.size_bytes) == ("a_song.mp3", "audio/mpeg", 8)
        assert b"".join([piece async for piece in reading.bridge.fetch(reading.ctx, file)]) == b"la la la"
        with pytest.raises(Refused):
            _ = [
                piece async for piece in reading.bridge.fetch(reading.ctx, RemoteFile(id=f"{site.url}/gone"))
            ]


async def test_nothing_can_be_said(site: Site) -> None:
    url = site.put("/a", rss())
    async with of(url).running() as reading:
        with pytest.raises(NotSupported):
            await reading.bridge.send(reading.ctx, None)  # type: ignore[arg-type]
        assert set((await reading.bridge.capabilities(reading.ctx, None)).levels) == {"page"}


@pytest.mark.parametrize("point", range(6))
async def test_a_crash_between_telling_and_noting_counts_right(site: Site, point: int) -> None:
    """What is stored of the bridge's own is put back to before, for each of the last things it stored."""
    url = site.put("/a", rss(item("1", "one")))
    reading = of(url)
    account = reading.desk.of(ACCOUNT)
    async with reading.running():
        site.put("/a", rss(item("2", "two"), item("1", "won")))
        stored = [dict(account.values)]
        put = reading.desk.kv_put

        async def noting(who: AccountId, values: Mapping[str, bytes | None]) -> None:
            await put(who, values)
            stored.append(dict(account.values))

        reading.desk.kv_put = noting  # type: ignore[method-assign, assignment]
        await reading.round()
    account.values = stored[min(point, len(stored) - 1)]
    site.put("/a", rss(item("3", "three"), item("2", "too"), item("1", "one")))
    reading.begin()
    reading.time.at += 8000
    async with reading.running():
        shown = [s for s in reading.journal.shown.values() if s.ref.conversation.remote_id == url]
        assert [(s.text, s.revisions) for s in shown] == [
            ("one", ["0", "1", "2"]),
            ("too", ["0", "1"]),
            ("three", ["0"]),
        ]
        orders = [
            e.order
            for e in reading.events(MessageSeen)
            if e.ref.conversation.remote_id == url and e.revision == "0"
        ]
        assert len(set(orders)) == 3


async def test_five_thousand_entries_come_whole_in_bounded_batches(site: Site) -> None:
    items = [item(f"g{n}", f"entry {n}") for n in range(5000)]
    url = site.put("/a", rss(*reversed(items)))
    async with of(url).running() as reading:
        assert reading.texts(url) == [f"entry {n}" for n in range(5000)]
        assert max(len(batch.events) for batch in reading.desk.of(ACCOUNT).batches) <= 100
        before = len(reading.events(MessageSeen))
        site.put("/a", rss(item("new", "one more"), *reversed(items)))
        await reading.round()
        assert len(reading.events(MessageSeen)) == before + 1


async def test_no_cursor_and_no_log_holds_words_or_passwords(site: Site) -> None:
    site.put("/a", rss(item("1", "a secret of few")), login="ada:sesame")
    settings = {"feeds": f"{site.url}/a", "user": "ada", "origin": site.url}
    reading = Reading(settings, {"password": b"sesame"})
    async with reading.running():
        await reading.round()
    account = reading.desk.of(ACCOUNT)
    told = repr((account.lines, account.health, account.cursor, account.values, reading.bridge))
    assert "secret of few" not in told
    assert "sesame" not in told
    assert account.cursor is not None
    assert isinstance(account.batches[0], Batch)
    assert reading.time.at > NOW
