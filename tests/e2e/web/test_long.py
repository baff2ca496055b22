"""A long conversation: few rows are drawn, older ones come as one scrolls, and the row that is read stays."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from e2e_networks import Elsewhere, add, chat
from e2e_world import eventually
from playwright.sync_api import Page, Route, expect
from web_browser import Visitor, browser_of, missing, still
from web_village import PagesVillage

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing())

COUNT = 200
TOP = "() => document.querySelector('.list.end').scrollTop = 0"
OLDER = re.compile(r"/messages\?before=")
SEEN = """() => {
    const list = document.querySelector('.list.end').getBoundingClientRect()
    const rows = [...document.querySelectorAll('.list.end article')]
    const seen = rows.filter(row => row.getBoundingClientRect().top >= list.top)
    seen.sort((a, b) => a.getBoundingClientRect().top - b.getBoundingClientRect().top)
    return {text: seen[0].querySelector('p').textContent, top: seen[0].getBoundingClientRect().top}
}"""
"""The first row that is seen whole, and how many pixels below the window's upper edge it is."""


def place(page: Page, text: str) -> float:
    """How many pixels below the window's upper edge a message is."""
    box = page.locator(".list.end article").filter(has=page.get_by_text(text, exact=True)).bounding_box()
    assert box is not None
    return box["y"]


def count(page: Page) -> int:
    """How many messages the page has."""
    return int(page.locator(".list.end li").first.get_attribute("aria-setsize") or 0)


def test_two_hundred_messages(tmp_path: Path) -> None:
    with (
        PagesVillage(tmp_path) as village,
        Elsewhere() as elsewhere,
        browser_of() as browser,
        Visitor(browser) as visitor,
    ):
        network, olga = elsewhere.demo(), village.person("Olga")
        add(olga, "demo", network.answers, "--at-home")
        talk = chat(olga, "Ada and Olga", "demo")
        for number in range(COUNT):
            network.do(lambda n, number=number: n.say(f"message {number}"))  # type: ignore[misc]
        eventually(lambda: len(olga.heard(talk)) == COUNT, within_s=60)

        page = visitor.open(olga, f"/chats/{talk}")
        log = page.get_by_role("list", name="Messages")
        last = log.get_by_text(f"message {COUNT - 1}", exact=True)
        expect(last).to_be_in_viewport()
        assert page.locator(".list.end li").count() < 60, "only what is near the window is drawn"

        # What comes at the end is followed; what comes while one reads above is not.
        network.do(lambda n: n.say("the newest"))
        expect(log.get_by_text("the newest", exact=True)).to_be_in_viewport()
        page.evaluate("() => document.querySelector('.list.end').scrollTop -= 900")
        still(page)
        reading, rows = page.evaluate(SEEN), count(page)
        network.do(lambda n: n.say("even newer"))
        expect(page.locator(f".list.end li[aria-setsize='{rows + 1}']").first).to_be_attached()
        still(page)
        assert abs(place(page, reading["text"]) - reading["top"]) <= 1

        # Older ones come before the one that is read, which stays in its place.
        asked: list[Route] = []
        page.route(OLDER, lambda route: asked.append(route), times=1)  # noqa: PLW0108 - not a builtin
        with page.expect_request(OLDER):
            page.evaluate("() => document.querySelector('.list.end').scrollTop = 500")
        still(page)
        reading = page.evaluate(SEEN)
        asked[0].continue_()
        expect(page.locator(f".list.end li[aria-setsize='{rows + 1}']")).to_have_count(0)
        still(page)
        assert abs(place(page, reading["text"]) - reading["top"]) <= 1
        first = log.get_by_text("message 0", exact=True)
        for _ in range(COUNT):
            if first.count():
                break
            page.evaluate(TOP)
            page.wait_for_timeout(150)
        expect(first).to_be_attached()
        expect(last).to_have_count(0)
