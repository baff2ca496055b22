"""Two screens, many tabs, no network, a killed node: no word is lost or said twice, and one reads on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from e2e_networks import Demo, Elsewhere, add, chat
from e2e_world import SOAK, Home, eventually
from playwright.sync_api import Browser, Locator, Page, Route, expect
from web_browser import Visitor, browser_of, missing, still
from web_village import PagesVillage

from swarmnode.domain.views import DraftView

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing())

MANY = 120
MOMENTS_MS = (0, 5, 20, 80, 150, 400) if SOAK else (20,)
"""After Enter, when the node is killed."""
TABS = 8 if SOAK else 5


@dataclass
class World:
    """Olga's node with an account elsewhere, and the browser."""

    olga: Home
    network: Demo
    browser: Browser

    @property
    def talk(self) -> str:
        """The conversation there."""
        return chat(self.olga, "Ada and Olga", "demo")

    def mine(self, word: str) -> list[str]:
        """What of a test's own was said there."""
        return [text for text in self.network.texts() if text.startswith(word)]

    def open(self, visitor: Visitor) -> Page:
        """The conversation, with nothing written in it yet."""
        self.olga.client.do("PUT", f"/chats/{self.talk}/draft", {"text": ""})
        page = visitor.open(self.olga, f"/chats/{self.talk}")
        expect(field(page)).to_have_value("")
        return page

    @contextmanager
    def killed(self) -> Iterator[None]:
        """The node is killed, and starts again where it was when the block ends."""
        self.olga.kill()
        try:
            yield
        finally:
            self.olga.start()


@pytest.fixture(scope="module", name="world")
def a_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with (
        PagesVillage(tmp_path_factory.mktemp("village")) as village,
        Elsewhere() as elsewhere,
        browser_of() as browser,
    ):
        network, olga = elsewhere.demo(), village.person("Olga")
        add(olga, "demo", network.answers, "--at-home")
        yield World(olga, network, browser)


def field(page: Page) -> Locator:
    return page.get_by_label("Write to Ada and Olga")


BOTH = re.compile("^(from the first\nfrom the second|from the second\nfrom the first)$")


def test_a_draft_that_two_screens_keep_at_the_same_time_is_lost_in_neither(world: World) -> None:
    with Visitor(world.browser) as one, Visitor(world.browser) as other:
        first, second = (world.open(visitor) for visitor in (one, other))
        late: list[Route] = []

        def pass_on(route: Route) -> None:
            """All but the first that the second screen wants to be kept."""
            if route.request.method == "PUT" and not late:
                late.append(route)
            else:
                route.continue_()

        second.route(re.compile("/draft$"), pass_on)
        field(second).press_sequentially("from the second")
        eventually(lambda: second.title() and late)
        field(first).press_sequentially("from the first")
        path = f"/chats/{world.talk}/draft"
        eventually(lambda: world.olga.client.get(path, DraftView).text == "from the first")
        late[0].continue_()
        for page in (first, second):
            expect(field(page)).to_have_value(BOTH)


def test_drafts_of_two_screens_become_one(world: World) -> None:
    with Visitor(world.browser) as one, Visitor(world.browser) as other:
        pages = [world.open(visitor) for visitor in (one, other)]
        for page, text in zip(pages, ("from the first", "from the second"), strict=True):
            field(page).press_sequentially(text)
        for page in pages:
            expect(field(page)).to_have_value(BOTH)
        # One goes on writing and sends; the other one's field is empty too then.
        field(pages[0]).press("Control+Home")
        field(pages[0]).press_sequentially("draft, ")
        written = field(pages[0]).input_value()
        expect(field(pages[1])).to_have_value(written)
        field(pages[0]).press("Enter")
        for page in pages:
            expect(field(page)).to_have_value("")
        eventually(lambda: world.mine("draft,") == [written])


def test_a_node_that_is_killed_while_one_sends(world: World) -> None:
    with Visitor(world.browser) as visitor:
        page = world.open(visitor)
        said = []
        for number, moment_ms in enumerate(MOMENTS_MS):
            said.append(f"killed {number}")
            field(page).fill(said[-1])
            field(page).press("Enter")
            page.wait_for_timeout(moment_ms)
            with world.killed():
                field(page).press_sequentially("half a word")
            eventually(lambda: world.mine("killed") == said, within_s=60)
            expect(field(page)).to_have_value("half a word")
            page.reload()
            expect(field(page)).to_have_value("half a word")
        expect(page.locator(".unsent")).to_have_count(0)
        assert world.mine("killed") == said


def test_without_a_network_in_many_tabs(world: World) -> None:
    with Visitor(world.browser) as visitor:
        first = world.open(visitor)
        tabs = [first, *(visitor.context.new_page() for _ in range(TABS - 1))]
        for tab in tabs[1:]:
            tab.goto(first.url)
            expect(field(tab)).to_be_visible()
        visitor.context.set_offline(True)
        said = [f"tab {number}" for number in range(3)]
        for tab, text in zip(tabs, said, strict=False):
            field(tab).fill(text)
            field(tab).press("Enter")
            expect(tab.locator(".unsent").filter(has_text=text)).to_be_visible()
        # All tabs show what waits; what is taken back in one is not sent by another.
        for tab in tabs:
            expect(tab.locator(".unsent")).to_have_count(3)
        tabs[3].locator(".unsent").filter(has_text="tab 1").get_by_role("button", name="Take back").click()
        expect(field(tabs[3])).to_have_value("tab 1")
        for tab in tabs:
            expect(tab.locator(".unsent")).to_have_count(2)
        field(tabs[4]).press_sequentially("written meanwhile")
        first.close()  # the one that listens
        visitor.context.set_offline(False)
        eventually(lambda: len(world.mine("tab")) == 2, within_s=60)
        for tab in tabs[1:]:
            expect(tab.locator(".unsent")).to_have_count(0)
            shown = tab.get_by_role("list", name="Messages").get_by_text("tab 2", exact=True)
            expect(shown).to_have_count(1)
        for tab in (tabs[3], tabs[4]):
            expect(field(tab)).to_have_value("tab 1\nwritten meanwhile")
        assert world.mine("tab") == ["tab 0", "tab 2"]


SEEN = """() => {
    const list = document.querySelector('.list.end').getBoundingClientRect()
    const rows = [...document.querySelectorAll('.list.end article')]
    const seen = rows.map(row => [row.querySelector('p').textContent, row.getBoundingClientRect().top])
    return seen.filter(([, top]) => top >= list.top).sort((a, b) => a[1] - b[1])[0]
}"""


def test_one_reads_on_where_one_was_however_much_was_missed(world: World) -> None:
    for number in range(MANY):
        world.network.do(lambda n, number=number: n.say(f"before {number}"))  # type: ignore[misc]
    eventually(lambda: f"before {MANY - 1}" in world.olga.heard(world.talk))
    with Visitor(world.browser) as visitor:
        page = world.open(visitor)
        log = page.get_by_role("list", name="Messages")
        expect(log.get_by_text(f"before {MANY - 1}", exact=True)).to_be_in_viewport()
        page.evaluate("() => document.querySelector('.list.end').scrollTop -= 900")
        still(page)
        text, top = page.evaluate(SEEN)
        rows = int(page.locator(".list.end li").first.get_attribute("aria-setsize") or 0)
        # The node that comes back knows nothing of what it has told: the stream begins with `resync`.
        with world.killed():
            for number in range(MANY):
                world.network.do(lambda n, number=number: n.say(f"meanwhile {number}"))  # type: ignore[misc]
        eventually(lambda: f"meanwhile {MANY - 1}" in world.olga.heard(world.talk), within_s=60)
        expect(page.locator(f".list.end li[aria-setsize='{rows + MANY}']").first).to_be_attached()
        still(page)
        box = page.locator("main article").filter(has=page.get_by_text(text, exact=True)).bounding_box()
        assert box is not None
        assert abs(box["y"] - top) <= 1
        # Nothing between is missing.
        page.evaluate("() => document.querySelector('.list.end').scrollTop = 1e9")
        expect(log.get_by_text(f"meanwhile {MANY - 1}", exact=True)).to_be_in_viewport()
        assert world.olga.heard(world.talk).count("meanwhile 7") == 1
