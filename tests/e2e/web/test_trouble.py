"""What a page does when something breaks: no word is lost, and none is said twice."""

from __future__ import annotations

from pathlib import Path

import pytest
from e2e_networks import chat
from e2e_world import eventually
from playwright.sync_api import expect
from web_browser import Visitor, browser_of, missing, stored, violations
from web_village import PagesVillage

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing())


def test_a_killed_node_a_reload_and_closed_tabs_lose_and_double_nothing(tmp_path: Path) -> None:
    with PagesVillage(tmp_path) as village, browser_of() as browser, Visitor(browser) as visitor:
        post = village.relay("post")
        ada, ben = village.person("Ada", post), village.person("Ben", post)
        village.meet(ada, ben)
        talk = chat(ada, "Ben")
        page = visitor.open(ada, f"/chats/{talk}")
        write = page.get_by_label("Write to Ben")
        write.fill("one")
        write.press("Enter")
        log = page.get_by_role("list", name="Messages")
        expect(log.get_by_text("delivered")).to_be_visible()

        # The node dies while something is written; what is said meanwhile waits here, over a closed tab too.
        ada.kill()
        write.fill("two")
        write.press("Enter")
        expect(log.get_by_text("will be sent")).to_be_visible()
        expect(write).to_have_value("")
        write.fill("three, half wri")
        eventually(lambda: stored(page, "drafts").get(talk, {}).get("text") == "three, half wri")
        assert not violations(page)
        page.close()
        ada.start()
        page = visitor.context.new_page()
        page.goto(f"{ada.ready['url']}/chats/{talk}")
        eventually(lambda: ben.heard(chat(ben, "Ada")) == ["one", "two"], within_s=60)
        write = page.get_by_label("Write to Ben")
        expect(write).to_have_value("three, half wri")
        expect(page.get_by_text("will be sent")).to_have_count(0)

        # Several tabs hear of the same; when the one that listens is closed, another one goes on.
        others = [visitor.context.new_page() for _ in range(2)]
        for other in others:
            other.goto(f"{ada.ready['url']}/chats/{talk}")
            expect(other.get_by_label("Write to Ben")).to_be_visible()
        ben.say(chat(ben, "Ada"), "heard by all")
        for tab in (page, *others):
            expect(tab.get_by_role("list", name="Messages").get_by_text("heard by all")).to_be_visible()
        page.close()
        ben.say(chat(ben, "Ada"), "heard by the next")
        for tab in others:
            heard = tab.get_by_role("list", name="Messages").get_by_text("heard by the next")
            expect(heard).to_have_count(1)
        assert ben.heard(chat(ben, "Ada")) == ["one", "two"]

        # A locked store asks for the passphrase, and says when it is wrong.
        page = others[0]
        page.goto(f"{ada.ready['url']}/settings")
        page.get_by_role("button", name="Lock the node").click()
        expect(page.get_by_role("heading", name="Your node is locked")).to_be_visible()
        assert not violations(page)
        page.get_by_label("Passphrase").fill("a guess")
        page.get_by_role("button", name="Unlock").click()
        expect(page.get_by_role("alert")).to_have_text("This is not the passphrase.")
        page.get_by_label("Passphrase").fill("which everybody knows")
        page.get_by_role("button", name="Unlock").click()
        expect(page.get_by_role("heading", name="Settings")).to_be_visible()


def test_keys_alone_are_enough(tmp_path: Path) -> None:
    with PagesVillage(tmp_path) as village, browser_of() as browser, Visitor(browser) as visitor:
        post = village.relay("post")
        ada, ben = village.person("Ada", post), village.person("Ben", post)
        village.meet(ada, ben)
        ben.say(chat(ben, "Ada"), "first")
        ben.say(chat(ben, "Ada"), "second")
        page = visitor.open(ada)
        expect(page.get_by_role("link", name="Ben 2 Unread")).to_be_visible()
        keys = page.keyboard
        keys.press("n")
        expect(page.get_by_role("heading", name="Ben", exact=True)).to_be_focused()
        expect(page.locator("main article")).to_have_count(2)
        chosen = page.locator("article:focus")
        keys.press("k")
        expect(chosen).to_contain_text("second")
        keys.press("k")
        expect(chosen).to_contain_text("first")

        # What comes meanwhile, at the end and to others, takes the focus from nobody.
        ben.say(chat(ben, "Ada"), "third")
        expect(page.locator("main article")).to_have_count(3)
        expect(chosen).to_contain_text("first")
        keys.press("r")
        write = page.get_by_label("Write to Ben")
        keys.type("an answer")
        keys.press("Enter")
        expect(page.locator("main blockquote")).to_contain_text("first")
        keys.press("Escape")
        keys.press("e")
        expect(write).to_have_value("an answer")
        keys.press("End")
        keys.type(", changed")
        keys.press("Control+Enter")
        eventually(lambda: ben.heard(chat(ben, "Ada")) == ["an answer, changed"])
        keys.press("Escape")
        expect(page.locator("textarea:focus")).to_have_count(0)
        keys.press("?")
        help_ = page.get_by_role("dialog", name="Keys")
        expect(help_).to_contain_text("Next unread conversation")
        assert not violations(page)
        keys.press("Escape")
        expect(help_).to_have_count(0)
        keys.press("g")
        keys.press("s")
        expect(page.get_by_role("heading", name="Settings")).to_be_focused()
