"""Pages of the web that claim something: by `rel=me`, where they lie, and nothing that others put there."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

import pytest
from feeds_site import Page, Reading, Site

from swarm_bridges.api import Actor, Gone, NotSupported, Refused
from swarm_bridges.networks.feeds.pages import MAX_BYTES, said_in

ONE, OTHER = f"swarm:1:{'A' * 43}", f"swarm:1:{'B' * 42}A"


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with Site().serving() as made:
        yield made


async def claims(reading: Reading, url: str) -> tuple[str, ...]:
    seen = await reading.bridge.read_claims(reading.ctx, Actor(url))
    assert (seen.where, seen.actor.remote_id, seen.whole, seen.authentic) == ("page", url, True, True)
    return seen.claims


@pytest.mark.parametrize(
    ("page", "found"),
    [
        (f'<link rel="me" href="{ONE}">', (ONE,)),
        (f"<p>I am <a class=x REL='nofollow ME' HREF={ONE}>here</a></p>", (ONE,)),
        (f'<link rel=me href=" {ONE}&#10;"><a rel=me href="{OTHER}">x</a>', (ONE, OTHER)),
        (f'<link rel=me href="{ONE}"/><link rel=me href="{ONE}">', (ONE,)),
        (f'<a href="{ONE}">no rel</a>', ()),
        (f'<a rel="menu" href="{ONE}">x</a>', ()),
        (f"<p>{ONE}</p>", ()),
        (f'<!-- <link rel="me" href="{ONE}"> -->', ()),
        (f'<script>"<link rel=me href={ONE}>"</script>', ()),
        (f"<textarea><link rel=me href={ONE}></textarea>", ()),
        (f'<img alt="<a rel=me href={ONE}>">', ()),
        (f'<a rel="me" href="https://evil.example/{ONE}">x</a>', ()),
        (f'<a rel="me" href="{ONE} {OTHER}">x</a>', ()),
        (f'<a rel="me" href="{ONE}A">x</a>', ()),
    ],
)
def test_a_page_claims_by_a_link_that_is_its_own(page: str, found: tuple[str, ...]) -> None:
    assert said_in(page, "text/html") == found


def test_in_plain_text_a_claim_has_a_line_of_its_own() -> None:
    assert said_in(f"Ben\n  {ONE}\r\nmore {OTHER}\n", "text/plain") == (ONE,)
    assert said_in(ONE, "application/json") == ()
    assert len(said_in("\n".join(f"swarm:1:{n:041}Aw" for n in range(40)), "text/plain")) == 16


def test_what_is_made_to_take_long_does_not() -> None:
    began = time.process_time()
    for piece in ("<a rel=me href=", "<a x ", "<!--", "<link rel='me' href=\"", f"<a rel=me href={ONE}>"):
        said_in(piece * (MAX_BYTES // len(piece)), "text/html")
    assert time.process_time() - began < 20


async def test_a_page_is_asked_for_where_it_lies(site: Site) -> None:
    site.pages["/"] = Page(f'<link rel="me" href="{ONE}">'.encode(), kind="text/html; charset=utf-8")
    async with Reading({"feeds": ""}).running() as reading:
        assert await claims(reading, f"{site.url}/") == (ONE,)
        site.moved("/me", "/", 302)
        assert await claims(reading, f"{site.url}/me") == (ONE,)
        with pytest.raises(Gone):
            await claims(reading, f"{site.url}/nothing")
        site.pages["/"] = Page(b"x" * (MAX_BYTES + 1), kind="text/html")
        with pytest.raises(Refused):
            await claims(reading, f"{site.url}/")


async def test_what_leads_elsewhere_claims_nothing(site: Site) -> None:
    async with Site().serving() as other, Reading({"feeds": ""}).running() as reading:
        other.pages["/"] = Page(f'<link rel="me" href="{ONE}">'.encode(), kind="text/html")
        site.moved("/away", f"{other.url}/", 301)
        site.moved("/round", "/round", 302)
        for path in ("/away", "/round"):
            assert await claims(reading, f"{site.url}{path}") == ()
        assert other.asked == [], "nobody there is asked"


@pytest.mark.parametrize(
    "url", ["http://ben.example/", "ben", "ftp://ben.example/", "https://a@ben.example/", "swarm:1:x"]
)
async def test_what_can_be_changed_on_its_way_is_not_asked(url: str) -> None:
    async with Reading({"feeds": ""}).running() as reading:
        with pytest.raises(NotSupported):
            await claims(reading, url)
