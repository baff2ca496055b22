"""What others send is text: nothing of it runs, calls out, draws signs of trust, or breaks the page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from e2e_networks import Elsewhere, add, chat
from e2e_world import eventually
from playwright.sync_api import expect
from web_browser import Visitor, browser_of, missing, sideways, violations
from web_village import PagesVillage

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing())

MARKUP = (
    "<img src=https://elsewhere.example/x onerror='window.ran = true'><script>window.ran = true</script>"
    "<a href='javascript:window.ran = true'>look</a>{{constructor.constructor('window.ran = true')()}}"
)
TURNED = "safe \u202eexe.cod\u202c \u2066\u2067\u200b name"
FAKE = "Ada ✓ ✅ \U0001f512 verified \u202e"
LONG = "a word and " * 500_000
"""Five megabytes."""
WIDE = "w" * 5_000


def test_nothing_of_others_runs_or_breaks_the_page(tmp_path: Path) -> None:
    with (
        PagesVillage(tmp_path) as village,
        Elsewhere() as elsewhere,
        browser_of() as browser,
        Visitor(browser, width=390, height=740) as visitor,
    ):
        network, olga = elsewhere.demo(), village.person("Olga")
        add(olga, "demo", network.answers, "--at-home")
        talk = chat(olga, "Ada and Olga", "demo")
        for text in (LONG, MARKUP, TURNED, WIDE, "\n" * 500 + "end", "\u0301" * 3_000, FAKE):
            network.do(lambda n, text=text: n.say(text))  # type: ignore[misc]
        network.do(lambda n: n.say(MARKUP, title=MARKUP))
        network.do(lambda n: n.say("the last one"))
        eventually(lambda: "the last one" in olga.heard(talk), within_s=60)
        page = visitor.open(olga, f"/chats/{talk}")
        expect(page.get_by_role("list", name="Messages").get_by_text("the last one")).to_be_visible()
        for _ in range(25):
            page.evaluate("() => document.querySelector('.list.end').scrollTop -= 2000")
            page.wait_for_timeout(30)
        assert page.evaluate("() => window.ran") is None
        assert page.locator("main article a[href^='javascript'], main article script").count() == 0
        assert sideways(page) <= 0

        # A check mark that somebody writes stands in a bubble; beside names only ours do.
        page.goto(f"{olga.ready['url']}/")
        expect(page.get_by_role("link", name="Ada and Olga")).to_be_visible()
        assert page.locator(".checked").count() == 0
        assert not any(
            sign in text for text in page.locator("bdi.row-name").all_inner_texts() for sign in "✓✅\u202e"
        )
        assert sideways(page) <= 0
        assert not violations(page)

        # Anywhere by keys.
        page.set_viewport_size({"width": 1280, "height": 800})
        page.keyboard.press("Control+k")
        find = page.get_by_role("combobox", name="A conversation, a page")
        expect(find).to_be_focused()
        find.fill("sett")
        first = page.get_by_role("option").first
        expect(first).to_have_text(re.compile("^Settings"))
        assert not violations(page)
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Settings")).to_be_focused()
        page.keyboard.press("Control+k")
        find.fill("ada and")
        expect(first).to_have_text(re.compile("^Ada and Olga"))
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Ada and Olga")).to_be_focused()
