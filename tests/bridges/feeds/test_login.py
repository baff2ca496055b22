"""Logging in: addresses, pages, lists, passwords."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Mapping

import pytest
from bridge_owner import Lines
from feeds_site import Site, rss

from swarm_bridges.api import AccountId, LoginDone, Step
from swarm_bridges.context import Clock, LoginContext
from swarm_bridges.desk import LoginState
from swarm_bridges.networks.feeds import Login
from swarm_bridges.networks.feeds.opml import write_opml
from swarm_bridges.networks.feeds.words import typed


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with Site().serving() as made:
        yield made


async def answer(
    answers: Mapping[str, str], step: str = "address", state: LoginState | None = None
) -> tuple[Step | LoginDone, bytes]:
    """What follows from answers, and what is kept until the next step."""
    desk = Lines()
    ctx = LoginContext(
        desk, AccountId("flow"), state or LoginState(why="add"), clock=Clock(), random=os.urandom
    )
    try:
        return await Login().submit(ctx, step, answers), ctx.scratch
    finally:
        await ctx.close()
        desk.cut()


async def done(answers: Mapping[str, str]) -> LoginDone:
    found, _ = await answer(answers)
    assert isinstance(found, LoginDone), found
    return found


async def wrong(answers: Mapping[str, str], **state: str) -> str:
    found, _ = await answer(answers, state=LoginState(why="reauth", **state) if state else None)  # type: ignore[arg-type]
    assert isinstance(found, Step), found
    assert found.id == "address"
    return found.error


def links(*paths: str) -> bytes:
    named = "".join(
        f'<link rel="alternate" type="application/rss+xml" href="{p}" title="T{p}">' for p in paths
    )
    return f"<!doctype html><html><head>{named}</head></html>".encode()


async def test_the_address_of_a_feed_is_enough(site: Site) -> None:
    url = site.put("/a", rss())
    found = await done({"url": f" {url} ", "minutes": ""})
    assert (found.network_account_id, found.settings["feeds"], found.settings["minutes"]) == (
        "feeds",
        url,
        "60",
    )
    assert found.hosts == (site.url.removeprefix("http://"),)
    assert not found.secrets
    again = await done({"url": url})
    assert again.network_account_id == found.network_account_id
    assert again.settings["import"] != found.settings["import"]


@pytest.mark.parametrize(
    ("text", "address"),
    [
        (" example.org/feed ", "https://example.org/feed"),
        ("http://example.org/", "http://example.org/"),
        ("feed:https://example.org/", "https://example.org/"),
        ("feed://example.org/", "https://example.org/"),
        ("https://example.org@evil.example/", ""),
        ("javascript://example.org/", ""),
        ("", ""),
    ],
)
def test_addresses_as_people_type_them(text: str, address: str) -> None:
    assert typed(text) == address


async def test_a_page_leads_to_its_feed_and_a_move_for_ever_to_the_new_place(site: Site) -> None:
    page = site.put("/page", links("/f"))
    site.moved("/f", "/g", 301)
    site.put("/g", rss())
    assert (await done({"url": page})).settings["feeds"] == f"{site.url}/g"


async def test_of_several_feeds_the_owner_chooses(site: Site) -> None:
    page = site.put("/page", links("/1", "/2"))
    for path in ("/1", "/2"):
        site.put(path, rss())
    step, kept = await answer({"url": page, "minutes": "5"})
    assert isinstance(step, Step)
    (field,) = step.fields
    assert [label for _, label in field.options] == ["T/1", "T/2", "All of them"]
    state = LoginState(why="add", scratch=kept)
    one, _ = await answer({"feed": f"{site.url}/2"}, "choose", state)
    assert isinstance(one, LoginDone)
    assert (one.settings["feeds"], one.settings["minutes"]) == (f"{site.url}/2", "5")
    both, _ = await answer({"feed": "all"}, "choose", state)
    assert isinstance(both, LoginDone)
    assert both.settings["feeds"] == f"{site.url}/1\n{site.url}/2"
    other, _ = await answer({"feed": "http://127.0.0.1:1/"}, "choose", state)
    assert isinstance(other, Step)
    assert other.error


async def test_a_list_is_taken_without_asking_for_each(site: Site) -> None:
    listed = [(f"https://{n}.example/feed", f"Feed {n}", "") for n in range(300)]
    found = await done({"opml": write_opml(listed).decode()})
    assert found.settings["feeds"].split("\n") == [url for url, _, _ in listed]
    assert site.asked == []


async def test_a_feed_behind_a_password_is_an_account_of_its_own(site: Site) -> None:
    url = site.put("/a", rss(), login="ada:sesame")
    answers = {"url": url, "user": "ada", "password": "sesame"}
    found = await done(answers)
    assert found.secrets == {"password": b"sesame"}
    assert found.network_account_id == f"ada at {site.url}"
    assert "sesame" not in repr(found) + str(found.settings)
    assert "does not accept" in await wrong({**answers, "password": "guess"})
    assert "does not accept" in await wrong({"url": url})


async def test_a_password_is_not_for_servers_that_a_page_or_a_redirect_names(site: Site) -> None:
    async with Site().serving() as other:
        feed = other.put("/f", rss())
        for url in (site.put("/page", links(feed)), site.moved("/m", feed, 301)):
            assert "another server" in await wrong({"url": url, "user": "ada", "password": "sesame"})
        assert all("Authorization" not in headers for _, headers in other.asked)


@pytest.mark.parametrize(
    ("answers", "says"),
    [
        ({}, "no address"),
        ({"url": "ftp://127.0.0.1/"}, "no address"),
        ({"url": "http://ada:sesame@127.0.0.1/"}, "no address"),
        ({"url": "http://127.0.0.1:1/"}, "did not work"),
        ({"opml": "<opml/>"}, "no OPML"),
        ({"opml": "<opml><body/></opml>"}, "names no feed"),
        ({"url": "http://127.0.0.1:1/", "minutes": "soon"}, "a number"),
        ({"url": "http://127.0.0.1:1/", "minutes": "99999"}, "a number"),
        ({"url": "http://127.0.0.1:1/", "user": "ada"}, "needs a user"),
        ({"url": "http://127.0.0.1:1/", "user": "a:b", "password": "c"}, "colon"),
    ],
)
async def test_what_does_not_do_is_said(answers: dict[str, str], says: str) -> None:
    assert says in await wrong(answers)


async def test_what_is_no_feed_is_said_with_the_reason(site: Site) -> None:
    assert "a web page and no feed" in await wrong({"url": site.put("/p", b"<html></html>")})
    assert "beyond mending" in await wrong({"url": site.put("/b", b"<rss><channel></rss>")})
    assert "empty" in await wrong({"url": site.put("/e")})
    assert "another page" in await wrong({"url": site.put("/q", links("/q"))})
    assert "did not work" in await wrong({"url": f"{site.url}/nowhere"})


async def test_a_new_login_cannot_become_another_account(site: Site) -> None:
    url = site.put("/a", rss())
    assert "another account" in await wrong({"url": url}, account="ada at http://127.0.0.1:1")
