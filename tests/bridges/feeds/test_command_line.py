"""A person who reads feeds, through the command line: a list comes in, news arrive, the list goes out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from e2e_networks import Elsewhere, add, chat, state
from e2e_world import Home, Village, eventually
from feeds_site import Site, item, rss

from swarm_bridges.networks.feeds.opml import read_opml, write_opml


@dataclass
class Place:
    """A person with an account that reads the feed `/a` of a site."""

    home: Home
    site: Site
    account: str

    def texts(self, chat_id: str) -> list[str]:
        return [m.text for m in self.home.messages(chat_id) if m.kind == "text"]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with Village(tmp_path_factory.mktemp("feeds")) as village, Elsewhere() as elsewhere:
        site = Site()
        serving = site.serving()
        elsewhere.run(serving.__aenter__())

        async def close() -> None:
            await serving.__aexit__(None, None, None)

        elsewhere.at_end(close)
        url = site.put("/a", rss(item("1", "the past"), title="Ada's site"))
        home = village.person("olga")
        answers = {"opml": write_opml([(url, "", "")]).decode(), "minutes": "0"}
        yield Place(home, site, add(home, "feeds", answers, "--at-home"))


def test_feeds_are_read_added_edited_and_listed(place: Place, tmp_path: Path) -> None:
    home, site = place.home, place.site
    ada = chat(home, "Ada's site", "feeds")
    eventually(lambda: place.texts(ada) == ["the past"])
    site.put("/a", rss(item("2", "newz"), item("1", "the past"), title="Ada's site"))
    eventually(lambda: place.texts(ada) == ["the past", "newz"])
    site.put("/a", rss(item("2", "news"), item("1", "the past"), title="Ada's site"))
    eventually(lambda: place.texts(ada) == ["the past", "news"])
    assert {"news", "the past"} <= {post["text"] for post in home.json("timeline")["items"]}
    assert "news" in home("timeline").stdout
    code, error = home.error("send", "Ada's site", "a comment")
    assert (code, error["code"]) == (2, "usage")

    second = site.put("/b", rss(item("1", "also"), title="Ben's site"))
    page = site.put(
        "/", f'<html><link rel=alternate type=application/rss+xml href="{second}"></html>'.encode()
    )
    home.json("bridge", "open", "Feeds", page, "--room")
    eventually(lambda: place.texts(chat(home, "Ben's site", "feeds")) == ["also"])
    (listed,) = [m for m in home.messages(chat(home, "Feeds", "feeds")) if m.attachments]
    home.json("save", listed.id, "0", str(tmp_path / "feeds.opml"))
    assert set(read_opml((tmp_path / "feeds.opml").read_bytes()).values()) >= {"Ada's site", "Ben's site"}


def test_a_feed_that_ends_is_told_and_the_account_goes_on(place: Place) -> None:
    site, home = place.site, place.home
    url = site.put("/c", rss(item("1", "the last"), title="Cem's site"))
    home.json("bridge", "open", "Feeds", url, "--room")
    cem = chat(home, "Cem's site", "feeds")
    site.put("/c", status=410)
    notices = chat(home, "Feeds", "feeds")
    eventually(lambda: any("gone for good" in text for text in place.texts(notices)))
    assert place.texts(cem) == ["the last"]
    assert state(home, place.account).state == "connected"
    assert "Cem's site" not in home.log.read_text()
