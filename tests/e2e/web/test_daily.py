"""Files, chosen, pasted and dropped; polls; what a deletion has done; one stop for Tab; without the node."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from e2e_networks import Demo, Elsewhere, add, chat
from e2e_world import Home, eventually
from playwright.sync_api import Browser, Locator, Page, Route, expect
from web_browser import Visitor, browser_of, missing, stored, violations
from web_hand import hover, point
from web_village import PagesVillage

from swarmnode.domain.deletions import DeletionView
from swarmnode.domain.views import MessageView

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing())

GIVE = """async ([side, name, how]) => {
    const canvas = document.createElement('canvas')
    canvas.width = canvas.height = side
    const at = canvas.getContext('2d')
    const {data} = at.createImageData(side, side)
    for (let i = 0; i < data.length; i += 65536) crypto.getRandomValues(data.subarray(i, i + 65536))
    for (let i = 3; i < data.length; i += 4) data[i] = 255
    at.putImageData(new ImageData(data, side, side), 0, 0)
    const blob = await new Promise(done => canvas.toBlob(done, 'image/png'))
    const files = new DataTransfer()
    files.items.add(new File([blob], name, {type: 'image/png'}))
    const field = document.querySelector('#composer')
    const more = {bubbles: true, cancelable: true}
    field.dispatchEvent(how === 'paste'
        ? new ClipboardEvent('paste', {...more, clipboardData: files})
        : new DragEvent('drop', {...more, dataTransfer: files}))
}"""
"""A picture that cannot be packed, of `side` pixels, comes as if by hand."""


KEPT = """async () => {
    const names = await caches.keys()
    const keys = await Promise.all(names.map(async name => (await caches.open(name)).keys()))
    return keys.flat().map(request => new URL(request.url).pathname)
}"""


def copied(page: Page) -> list[str]:
    """What there is a copy of."""
    return sorted(stored(page, "copy"))


def said(page: Page, text: str) -> Locator:
    """A message of the open conversation, as the node has it."""
    return page.locator("main article:not(.unsent)").filter(has_text=text)


@dataclass
class World:
    """Ada's node, who has an account elsewhere, and Ben's."""

    ada: Home
    ben: Home
    network: Demo
    account: str
    """Ada's, there."""
    browser: Browser

    def heard(self, text: str) -> MessageView | None:
        """What Ben heard with this text."""
        said = self.ben.messages(chat(self.ben, "Ada"))
        return next((message for message in said if message.text == text), None)


@pytest.fixture(scope="module", name="world")
def a_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with (
        PagesVillage(tmp_path_factory.mktemp("village")) as village,
        Elsewhere() as elsewhere,
        browser_of() as browser,
    ):
        post, network = village.relay("post"), elsewhere.demo()
        ada, ben = village.person("Ada", post), village.person("Ben", post)
        village.meet(ada, ben)
        account = add(ada, "demo", network.answers, "--at-home")
        yield World(ada, ben, network, account, browser)


def test_files_are_chosen_dropped_and_pasted_and_outlive_their_tab(world: World, tmp_path: Path) -> None:
    note = tmp_path / "note.txt"
    note.write_text("bread, milk")
    large = tmp_path / "film.bin"
    large.write_bytes(bytes(300 * 1024))
    with Visitor(world.browser) as visitor:
        page = visitor.open(world.ada, f"/chats/{chat(world.ada, 'Ben')}")
        write = page.get_by_label("Write to Ben")
        expect(write).to_be_visible()
        page.locator("input[type=file]").set_input_files([note, large])
        expect(page.get_by_text("film.bin has 300 KiB. What goes here is 256 KiB at most.")).to_be_visible()
        page.evaluate(GIVE, [40, "small.png", "paste"])
        page.evaluate(GIVE, [400, "large.png", "drop"])
        tray = page.get_by_role("list", name="Files that will be sent")
        expect(tray.get_by_role("listitem")).to_have_count(3)
        expect(page.get_by_text("large.png was made smaller")).to_be_visible()
        expect(page.get_by_text(re.compile(r"3 files, .* of 256 KiB"))).to_be_visible()
        page.get_by_label("What small.png shows").fill("A cat on a wall")
        assert not violations(page)

        # The node is away; the tab is closed; all of it goes when both are back.
        visitor.context.set_offline(True)
        write.fill("look")
        write.press("Enter")
        expect(page.locator(".unsent")).to_contain_text("small.png")
        expect(tray).to_have_count(0)
        page.close()
        visitor.context.set_offline(False)
        page = visitor.context.new_page()
        page.goto(f"{world.ada.ready['url']}/chats/{chat(world.ada, 'Ben')}")
        heard = eventually(lambda: world.heard("look"), within_s=60)
        assert heard is not None
        files = {file.name: file for file in heard.attachments}
        assert set(files) == {"note.txt", "small.png", "large.jpg"}
        assert files["small.png"].description == "A cat on a wall"

        # They are shown, large too, and saved.
        row = page.locator("main article").filter(has_text="look")
        expect(row.get_by_role("img", name="A cat on a wall")).to_be_visible()
        row.get_by_role("button", name="A cat on a wall").click()
        expect(page.get_by_role("dialog", name="small.png").get_by_text("A cat on a wall")).to_be_visible()
        assert not violations(page)
        page.keyboard.press("Escape")
        with page.expect_download() as saved:
            row.get_by_role("link", name="note.txt").click()
        assert saved.value.path().read_text() == "bread, milk"


def test_a_poll_is_answered_and_a_deletion_says_what_became_of_it(world: World) -> None:
    options = [{"id": "a", "text": "Apples", "votes": 0}, {"id": "b", "text": "Beans", "votes": 0}]
    world.network.do(lambda n: n.say("What shall we sow?", poll={"options": options}))
    talk = chat(world.ada, "Ada and Olga", "demo")
    with Visitor(world.browser) as visitor:
        page = visitor.open(world.ada, f"/chats/{talk}")
        poll = page.locator("main article").filter(has_text="What shall we sow?")
        poll.get_by_label("Beans").check()
        assert not violations(page)
        poll.get_by_role("button", name="Vote").click()
        expect(poll.get_by_text("Beans (your vote)")).to_be_visible()

        write = page.get_by_label("Write to Ada and Olga")
        write.fill("a slip")
        write.press("Enter")
        eventually(lambda: "a slip" in world.network.texts())
        point(said(page, "a slip"))
        page.get_by_role("button", name="Delete", exact=True).click()
        page.get_by_role("button", name="For everybody").click()
        places = page.get_by_role("dialog", name="What became of it")
        expect(places).to_contain_text("the network says that it is gone")
        expect(places).to_contain_text("destroyed here")
        assert not violations(page)
        assert "a slip" not in world.network.texts()


def test_a_deletion_that_is_through_before_it_is_answered_says_so(world: World) -> None:
    def through(deletion: str) -> bool:
        there = world.ada.client.get(f"/deletions/{deletion}", DeletionView)
        return all(place.state != "asked" for place in there.places)

    with Visitor(world.browser) as visitor:
        page = visitor.open(world.ada, f"/chats/{chat(world.ada, 'Ada and Olga', 'demo')}")
        write = page.get_by_label("Write to Ada and Olga")
        write.fill("another slip")
        write.press("Enter")
        eventually(lambda: "another slip" in world.network.texts())
        asked: list[Route] = []
        page.route(re.compile("/deletions$"), lambda route: asked.append(route))  # noqa: PLW0108 - not a builtin
        point(said(page, "another slip"))
        page.get_by_role("button", name="Delete", exact=True).click()
        page.get_by_role("button", name="For everybody").click()
        eventually(lambda: page.title() and asked)
        answer = asked[0].fetch()
        eventually(lambda: through(answer.json()["id"]))

        # What is told comes in order: the page has heard of all of it.
        world.network.do(lambda n: n.say("said after it"))
        expect(said(page, "said after it")).to_be_visible()
        asked[0].fulfill(response=answer)
        places = page.get_by_role("dialog", name="What became of it")
        expect(places).to_contain_text("the network says that it is gone")


def test_one_stop_for_tab_and_arrows_between_messages(world: World) -> None:
    said = [f"row {number}" for number in range(4)]
    for text in said:
        world.ben.say(chat(world.ben, "Ada"), text)
    talk = chat(world.ada, "Ben")
    eventually(lambda: world.ada.heard(talk)[-1] == said[-1])
    with Visitor(world.browser) as visitor:
        page = visitor.open(world.ada, f"/chats/{talk}")
        expect(page.get_by_label("Write to Ben")).to_be_visible()
        stops = page.locator(".list.end [tabindex='0']")
        expect(stops).to_have_count(1)
        page.get_by_label("Write to Ben").focus()
        page.keyboard.press("Shift+Tab")
        page.keyboard.press("Shift+Tab")
        focused = page.locator("article:focus")
        expect(focused).to_contain_text("row 3")
        for _ in range(2):
            page.keyboard.press("ArrowUp")
        expect(focused).to_contain_text("row 1")
        page.keyboard.press("End")
        expect(focused).to_contain_text("row 3")
        expect(focused.locator(".message-actions")).to_be_visible()
        page.keyboard.press("Shift+F10")
        expect(page.get_by_role("button", name="Reply")).to_be_focused()


def test_what_a_mouse_has_chosen_stays_chosen_when_the_node_has_it(world: World) -> None:
    with Visitor(world.browser) as visitor:
        page = visitor.open(world.ada, f"/chats/{chat(world.ada, 'Ben')}")
        write = page.get_by_label("Write to Ben")
        asked: list[Route] = []
        page.route(re.compile("/messages$"), lambda route: asked.append(route))  # noqa: PLW0108 - not a builtin

        # Chosen while it waits here.
        write.fill("pointed at early")
        write.press("Enter")
        eventually(lambda: page.title() and asked)
        hover(page.locator(".unsent").filter(has_text="pointed at early"))
        asked.pop().continue_()
        expect(said(page, "pointed at early").locator(".message-actions")).to_be_visible()

        # Heard of, and chosen, before the node has answered.
        write.fill("pointed at late")
        write.press("Enter")
        eventually(lambda: page.title() and asked)
        answer = asked[0].fetch()
        point(said(page, "pointed at late"))
        asked[0].fulfill(response=answer)
        expect(page.locator(".unsent")).to_have_count(0)
        expect(said(page, "pointed at late").locator(".message-actions")).to_be_visible()


def test_what_was_read_stays_readable_and_a_locked_node_leaves_nothing(world: World) -> None:
    ada, ben = world.ada, world.ben
    talk = chat(ada, "Ben")
    ben.say(chat(ben, "Ada"), "read this before it rains")
    eventually(lambda: "read this before it rains" in ada.heard(talk))
    with Visitor(world.browser, workers=True) as visitor:
        page = visitor.open(ada, f"/chats/{talk}")
        expect(page.locator("main article").filter(has_text="before it rains")).to_be_visible()
        eventually(lambda: copied(page) == [f"chat {talk}", "inbox"])
        page.evaluate("() => navigator.serviceWorker.ready.then(() => true)")
        kept = eventually(lambda: page.evaluate(KEPT))
        assert {"/", "/icons.svg"} <= set(kept)
        assert not [path for path in kept if path.startswith(("/api", "/hooks", "/chats"))]

        # The node is away, and with it the page's server: another tab shows what was read, and takes more.
        ada.kill()
        page.close()
        page = visitor.context.new_page()
        page.goto(f"{ada.ready['url']}/")
        expect(page.get_by_role("link", name="Ben")).to_be_visible()
        page.get_by_role("link", name="Ben").click()
        expect(page.locator("main article").filter(has_text="before it rains")).to_be_visible()
        expect(page.locator("main").get_by_text("As it was on")).to_be_visible()
        assert not violations(page)
        write = page.get_by_label("Write to Ben")
        write.fill("said meanwhile")
        write.press("Enter")
        expect(page.locator(".unsent")).to_contain_text("will be sent")
        ada.start()
        eventually(lambda: "said meanwhile" in ben.heard(chat(ben, "Ada")), within_s=60)
        expect(page.get_by_text("As it was on")).to_have_count(0)

        # Locked, nothing of it is left to read, nor comes again from what another tab has just heard.
        other = visitor.context.new_page()
        other.goto(page.url)
        page.goto(f"{ada.ready['url']}/settings")
        lock = page.get_by_role("button", name="Lock the node")
        expect(lock).to_be_enabled()
        expect(other.locator("main article").filter(has_text="before it rains")).to_be_visible()
        asked: list[Route] = []
        page.route(re.compile("/lock$"), lambda route: asked.append(route))  # noqa: PLW0108 - as above
        lock.click()
        eventually(lambda: page.title() and asked)
        for verb in ("pause", "resume"):  # each tab looks anew how the node is
            ada.client.do("POST", f"/accounts/{world.account}/{verb}", {})
        ben.say(chat(ben, "Ada"), "heard just now")
        expect(other.locator("main article").filter(has_text="heard just now")).to_be_visible()
        asked.pop().continue_()
        for tab in (page, other):
            expect(tab.get_by_role("heading", name="Your node is locked")).to_be_visible()
        assert copied(page) == []
        page.wait_for_timeout(1_500)  # longer than tabs wait with a copy
        assert copied(page) == []
        page.get_by_label("Passphrase").fill("which everybody knows")
        page.get_by_role("button", name="Unlock").click()
        expect(page.get_by_role("heading", name="Settings")).to_be_visible()

        # Nor where it was locked from elsewhere, or this browser's right was taken away.
        eventually(lambda: copied(page))
        ada.client.do("POST", "/lock")
        expect(page.get_by_role("heading", name="Your node is locked")).to_be_visible()
        eventually(lambda: copied(page) == [])
        ada.client.do("POST", "/unlock", {"passphrase": "which everybody knows"})
        expect(page.get_by_role("heading", name="Settings")).to_be_visible()
        eventually(lambda: copied(page))
        page.close()
        for device in ada.json("devices")["items"]:
            ada.client.do("DELETE", f"/devices/{device['id']}")
        expect(other.get_by_role("heading", name="Connect this browser")).to_be_visible()
        eventually(lambda: copied(other) == [])
