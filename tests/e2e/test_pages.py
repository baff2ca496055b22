"""Ben proves to Anna that a page of the web is his; she looks through her reader of feeds."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pytest
from e2e_networks import Elsewhere, add
from e2e_world import Home, Village, eventually
from feeds_site import Page, Site, item, rss

from swarmnode.domain.book import PersonView

until = partial(eventually, within_s=90)


@pytest.fixture
def site() -> Iterator[Site]:
    with Elsewhere() as elsewhere:
        yield elsewhere.enter(Site().serving())


def proof(anna: Home) -> tuple[str, str]:
    """How it stands with Ben's page, for Anna."""
    ben = anna.client.get(f"/people/{anna.client.resolve('person', 'ben')}", PersonView)
    return next(((p.state, p.why) for p in ben.proofs), ("", ""))


def test_a_page_is_claimed_written_seen_and_taken_back(
    site: Site, tmp_path_factory: pytest.TempPathFactory
) -> None:
    feed = site.put("/feed", rss(item("1", "one")))
    url = site.put("/", b"<h1>Ben</h1>", kind="text/html")
    with Village(tmp_path_factory.mktemp("pages")) as village:
        relay = village.relay("post")
        anna, ben = village.person("anna", relay), village.person("ben", relay)
        village.meet(anna, ben)
        add(ben, "feeds", {"url": feed, "minutes": "600"}, "--at-home")
        code, error = ben.error("proofs", "make", "http://ben.example", "--yes")
        assert (code, error["code"]) == (2, "usage"), error
        made = ben.json("proofs", "make", url, "--to", "anna", "--yes")
        assert (made["state"], made["why"], made["place"]) == ("waiting", "not-yet", "page")
        until(lambda: proof(anna)[0] in {"unchecked", "unreachable"})  # she has no reader
        add(anna, "feeds", {"url": feed, "minutes": "600"}, "--at-home")
        until(lambda: proof(anna) == ("gone", "says-nothing"))

        link = f'<link rel="me" href="{made["text"]}">'
        assert link in ben("proofs", "make", url, "--yes").stdout
        site.pages["/"] = Page(f"<head>{link}</head><h1>Ben</h1>".encode(), kind="text/html")
        assert ben.json("proofs", "make", url, "--yes")["state"] == "there"
        anna.json("proofs", "check", "ben")
        assert proof(anna) == ("ok", "")
        assert url in anna("people", "show", "ben").stdout

        stolen = f'<link rel="me" href="swarm:1:{"M" * 42}A">'
        site.pages["/"] = Page(stolen.encode(), kind="text/html")
        anna.json("proofs", "check", "ben")
        assert proof(anna) == ("changed", "")
        assert anna.standing("ben") == "key-alert"
        ben.json("proofs", "drop", url, "--yes")
        assert ben.json("proofs", "list")["items"] == []
        until(lambda: proof(anna) == ("", ""))
