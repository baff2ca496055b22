"""Undo, sending later, the outbox, and what became of a deletion: in the page, by mouse and by keys."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from e2e_networks import chat
from e2e_world import Home, eventually
from playwright.sync_api import Browser, Response, expect
from web_browser import Visitor, browser_of, missing, violations
from web_village import PagesVillage

from swarmnode.cli import explain_receipts

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing())


@dataclass
class World:
    ada: Home
    ben: Home
    browser: Browser

    def heard(self) -> list[str]:
        return self.ben.heard(chat(self.ben, "Ada"))


@pytest.fixture(scope="module", name="world")
def a_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with PagesVillage(tmp_path_factory.mktemp("village")) as village, browser_of() as browser:
        post = village.relay("post")
        ada, ben = village.person("Ada", post), village.person("Ben", post)
        village.meet(ada, ben)
        yield World(ada, ben, browser)


def _to_say_something(answer: Response) -> bool:
    return answer.request.method == "POST" and answer.url.endswith("/messages")


def test_what_was_sent_is_taken_back_or_leaves_without_the_page(world: World) -> None:
    with Visitor(world.browser, undo_s=30) as visitor:
        page = visitor.open(world.ada, f"/chats/{chat(world.ada, 'Ben')}")
        write = page.get_by_label("Write to Ben")
        held = page.get_by_role("list", name="Not sent yet")

        write.fill("said too soon")
        write.press("Enter")
        expect(held).to_contain_text("said too soon")
        expect(held).to_contain_text("goes in")
        expect(page.locator("[aria-live=polite]", has_text="Undo takes it back")).to_have_count(1)
        assert not violations(page)
        held.get_by_role("button", name="Undo").click()
        expect(write).to_have_value("said too soon")
        expect(held).to_have_count(0)

        write.press("Enter")
        expect(held).to_contain_text("said too soon")
        page.locator("#chat-title").focus()
        page.keyboard.press("z")
        expect(write).to_have_value("said too soon")
        expect(write).to_be_focused()

        # A time of one's own
        page.get_by_role("button", name="Send later").click()
        later = page.get_by_role("dialog", name="Send later")
        assert not violations(page)
        later.get_by_label("Another time").fill("2000-01-01T00:00")
        expect(later.get_by_role("button", name="Send then")).to_be_disabled()
        later.get_by_role("listitem").nth(1).get_by_role("button").click()
        expect(held).to_contain_text("leaves")
        page.goto(world.ada.ready["url"] + "/outbox")
        row = page.get_by_role("article").filter(has_text="said too soon")
        expect(row).to_contain_text("leaves at its time")
        assert not violations(page)
        assert "said too soon" not in world.heard()
        row.get_by_role("button", name="Send now").click()
        eventually(lambda: "said too soon" in world.heard())
        expect(page.get_by_text("Nothing waits")).to_be_visible()

    with Visitor(world.browser, undo_s=5) as visitor:
        page = visitor.open(world.ada, f"/chats/{chat(world.ada, 'Ben')}")
        page.get_by_label("Write to Ben").fill("the tab is closed")
        with page.expect_response(_to_say_something) as promised:
            page.keyboard.press("Enter")
        assert promised.value.json()["state"] == "scheduled"
    eventually(lambda: "the tab is closed" in world.heard())


def test_a_deletion_is_followed_until_the_other_node_has_signed(world: World) -> None:
    talk = chat(world.ada, "Ben")
    world.ada.say(talk, "a secret slip")
    eventually(lambda: "a secret slip" in world.heard())
    world.ben.stop()
    with Visitor(world.browser) as visitor:
        page = visitor.open(world.ada, f"/chats/{talk}")
        row = page.locator("main article").filter(has_text="a secret slip")
        expect(page.get_by_label("Write to Ben")).to_be_visible()
        row.click()
        page.get_by_role("button", name="Delete", exact=True).click()
        page.get_by_role("button", name="For everybody").click()
        places = page.get_by_role("dialog", name="What became of it")
        expect(places).to_contain_text("destroyed here")
        expect(places).to_contain_text("asked, no answer since")
        world.ben.start()
        expect(places).to_contain_text("Ben: confirmed, signed by node")
        assert not violations(page)
        with page.expect_download() as saved:
            places.get_by_role("button", name="Save receipts").click()
        receipts = explain_receipts.read(saved.value.path().read_bytes())
        assert receipts is not None
        assert [explain_receipts.fault(receipt) for receipt in receipts.receipts] == [""]
        assert "secret" not in json.dumps(saved.value.path().read_text())
        places.get_by_role("button", name="Close").first.click()

        page.goto(world.ada.ready["url"] + "/deletions")
        expect(page.get_by_role("heading", name="Deleted", level=1)).to_be_visible()
        expect(page.get_by_text("Ben: confirmed, signed by node").first).to_be_visible()
        assert not violations(page)
    assert "a secret slip" not in world.heard()
