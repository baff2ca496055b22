"""People, timeline, search and posts in a real browser, over a real node with accounts on two networks.

The tests share a node; each says what it looks for itself, and finds it by its own words.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from e2e_networks import Demo, Elsewhere, add, chat
from e2e_world import SOAK, Home, Village, eventually
from playwright.sync_api import Browser, Locator, expect
from playwright.sync_api import Page as Window
from web_browser import Visitor, browser_of, missing, sideways, violations
from web_second import SHORT, SecondNetwork

from swarm_bridges.testing.demo_network import DemoNetwork
from swarm_bridges.testing.network import FakeMessage
from swarmnode.domain.book import PersonView
from swarmnode.domain.views import Items, Page

pytestmark = [
    pytest.mark.timeout(240),
    pytest.mark.skipif(bool(missing()), reason=missing()),
]


@dataclass
class Place:
    """Ada, who has a page; Ben, a contact; and what others do on two networks."""

    ada: Home
    ben: Home
    demo: Demo
    first: str
    """Ada's account there."""
    second: Demo
    browser: Browser

    def person(self, name: str) -> str:
        """The id of somebody in Ada's address book."""
        people = self.ada.client.get("/people", Items[PersonView], limit=200).items
        return next((person.id for person in people if person.name == name), "")

    def posts(self) -> list[str]:
        """The texts of Ada's timeline."""
        return [post.text for post in self.ada.client.get("/timeline", Page, limit=50).items]

    def on(self, path: str, **look: Any) -> Visitor:
        """Ada's browser at one of her screens."""
        visitor = Visitor(self.browser, **look)
        visitor.open(self.ada, path)
        visitor.page.locator("nav").wait_for(state="attached")
        return visitor


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with (
        Village(tmp_path_factory.mktemp("screens")) as village,
        Elsewhere() as elsewhere,
        browser_of() as browser,
    ):
        post = village.relay("post")
        ada, ben = village.person("Ada", post), village.person("Ben", post)
        village.meet(ada, ben)
        demo, network = elsewhere.demo(), SecondNetwork()
        elsewhere.enter(network.serving())
        second = Demo(elsewhere, network)
        first, _ = (add(ada, "demo", one.answers, "--at-home") for one in (demo, second))
        there = Place(ada, ben, demo, first, second, browser)
        ada.json("bridge", "open", first, "Mallory")
        eventually(lambda: there.person("Mallory"))
        yield there


def messages(page: Window, text: str) -> Locator:
    """Messages of the open talk that say this."""
    return page.get_by_role("list", name="Messages").locator("article").filter(has_text=text)


def choose(page: Window, way: str) -> None:
    """Choose a way to somebody. It shows as chosen when the node has heard of it."""
    radio = page.get_by_role("radio", name=way)
    radio.click()
    expect(radio).to_be_checked()


def note_of(page: Window, text: str) -> Locator:
    """The note that says this, with what can be done about it."""
    return page.get_by_role("status").filter(has_text=text)


def post_of(page: Window, text: str) -> Locator:
    """The post in the timeline that says this."""
    return page.locator("article.post").filter(has_text=text)


def on_network(demo: Demo, text: str, room: str = "home") -> FakeMessage:
    """A message of a network, by what it says, as soon as it is there."""

    def look() -> list[FakeMessage]:
        return demo.do(lambda n: [m for m in n.said(room) if text in m.text])

    return eventually(look)[0]


def test_two_accounts_become_one_person_who_is_answered(place: Place) -> None:
    with place.on("/people") as visitor:
        page = visitor.page
        page.get_by_role("searchbox", name="Find somebody").fill("ben")
        page.get_by_role("list", name="People").get_by_role("link", name="Ben").click()
        page.get_by_role("button", name="Is the same as").click()
        dialog = page.get_by_role("dialog", name="Who is the same as Ben?")
        dialog.get_by_role("searchbox").fill("mallo")
        dialog.get_by_role("button", name="Mallory").click()
        expect(dialog).to_contain_text("Ben would be one person with these accounts")
        assert not violations(page)
        dialog.get_by_role("button", name="They are one").click()
        expect(page.get_by_role("heading", name="One person, 2 accounts")).to_be_visible()
        expect(page.get_by_text("Linked by you.")).to_be_visible()
        assert not violations(page)

        # One talk, each message with its network; an answer goes where the last word was.
        place.demo.do(lambda n: n.say("by the demo network", who="u-mallory", room="d-u-mallory"))
        page.get_by_role("link", name="Write", exact=True).click()
        expect(messages(page, "by the demo network")).to_contain_text("Demo")
        place.ben.say(chat(place.ben, "Ada"), "by my own node")
        expect(messages(page, "by my own node")).to_contain_text("Swarm")
        expect(page.get_by_text("Only the two of you can read this.")).to_be_visible()
        write = page.get_by_role("textbox", name="Write to Ben")
        write.fill("answered where you spoke")
        write.press("Enter")
        eventually(lambda: "answered where you spoke" in place.ben.heard(chat(place.ben, "Ada")))
        assert not violations(page)

        # A less private way is taken when it is chosen; else it is asked.
        page.get_by_label("Goes over").select_option("Demo")
        write.fill("this one by demo")
        write.press("Enter")
        on_network(place.demo, "this one by demo", "d-u-mallory")
        place.ben.say(chat(place.ben, "Ada"), "privately again")
        expect(messages(page, "privately again")).to_be_visible()
        page.get_by_role("link", name="About Ben").click()
        choose(page, "Demo The servers")
        expect(page.get_by_text("Or where it is safest.")).to_be_visible()
        page.get_by_role("link", name="Write", exact=True).click()
        write.fill("which way")
        write.press("Enter")
        asked = page.get_by_role("list", name="Not sent yet")
        expect(asked).to_contain_text("The servers of Demo can read this.")
        assert not violations(page)
        assert "which way" not in place.ben.heard(chat(place.ben, "Ada"))
        asked.get_by_role("button", name="Send over Swarm").click()
        eventually(lambda: "which way" in place.ben.heard(chat(place.ben, "Ada")))
        expect(asked).to_have_count(0)

        # What was put together comes apart, and back.
        page.get_by_role("link", name="About Ben").click()
        choose(page, "Where the last word was")
        page.get_by_role("button", name="Take apart").click()
        page.get_by_role("checkbox", name="Demo").check()
        page.get_by_role("dialog").get_by_role("button", name="Take apart").click()
        expect(page.get_by_role("heading", name="One person, one account")).to_be_visible()
        note_of(page, "Taken out of Ben").get_by_role("button", name="Undo").click()
        expect(page.get_by_role("heading", name="One person, 2 accounts")).to_be_visible()
        page.get_by_role("button", name="Block", exact=True).click()
        expect(page.get_by_role("button", name="Unblock")).to_be_visible()
        note_of(page, "Ben is blocked").get_by_role("button", name="Undo").click()
        expect(page.get_by_role("button", name="Block", exact=True)).to_be_visible()


def test_somebody_elsewhere_is_asked_to_talk_privately(place: Place) -> None:
    place.ada.json("bridge", "open", place.first, "Ada")
    eventually(lambda: place.person("Ada"))
    with place.on(f"/people/{place.person('Ada')}", language="de", width=390, height=780) as visitor:
        page = visitor.page
        page.get_by_role("button", name="Privat reden").click()
        dialog = page.get_by_role("dialog", name="Mit Ada privat reden?")
        expect(dialog).to_contain_text("könnte dazwischenstehen, wer Demo betreibt")
        assert not violations(page)
        dialog.get_by_role("button", name="Fragen", exact=True).click()
        expect(page.get_by_text("Ihr trefft euch gerade darüber.")).to_be_visible()
        expect(page.get_by_role("button", name="Privat reden")).to_have_count(0)
        eventually(lambda: place.demo.do(lambda n: [m for m in n.said("d-u-ada") if "blob" in m.more]))
        assert sideways(page) <= 0


def test_an_account_is_proven_and_taken_back(place: Place) -> None:
    with place.on("/networks") as visitor:
        page = visitor.page
        card = page.get_by_role("listitem").filter(has=page.get_by_role("heading", name="Olga", exact=True))
        card.get_by_role("button", name="Prove that it is yours").click()
        dialog = page.get_by_role("dialog", name="Prove that it is yours")
        expect(dialog.locator("pre")).to_contain_text("swarm:1:")
        assert not violations(page)
        dialog.get_by_role("button", name="Prove it").click()
        expect(card).to_contain_text("Proven: the account says that it is yours.")
        card.get_by_role("button", name="Claim it no longer").click()
        page.get_by_role("dialog").get_by_role("button", name="Claim it no longer").click()
        expect(card.get_by_role("button", name="Prove that it is yours")).to_be_visible()


def test_an_address_book_is_shown_before_it_is_taken_in(place: Place) -> None:
    card = "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Grete Olsen\r\nEMAIL:grete@example.org\r\nEND:VCARD\r\n"
    empty = "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Nobody\r\nEND:VCARD\r\n"
    with place.on("/people/import", language="de") as visitor:
        page = visitor.page
        file: Any = {"name": "people.vcf", "mimeType": "text/vcard", "buffer": (card + empty).encode()}
        page.get_by_label("Eine Datei von deinem Telefon").set_input_files(file)
        expect(
            page.get_by_text("1 neu, 0 schon bekannt, 0 vielleicht bekannt, 1 ausgelassen.")
        ).to_be_visible()
        expect(page.get_by_text("Keine Adresse, die sich verwenden lässt.")).to_be_visible()
        assert not place.person("Grete Olsen"), "nothing has happened yet"
        assert not violations(page)
        page.get_by_role("button", name="Einen Eintrag einlesen").click()
        eventually(lambda: place.person("Grete Olsen"))
        page.get_by_role("searchbox", name="Jemanden finden").fill("olsen grete")
        page.get_by_role("list", name="Leute").get_by_role("link", name="Grete Olsen").click()
        page.get_by_role("button", name="Vergessen, was aus einer Datei kam").click()
        eventually(lambda: not place.person("Grete Olsen"))
        expect(page.get_by_role("heading", name="Nicht mehr in deinem Adressbuch").first).to_be_visible()


def test_the_timeline_folds_warnings_and_moves_under_nobody(place: Place) -> None:
    def prepare(n: DemoNetwork) -> None:
        n.files["soup"] = png(32, 20)
        facts = {"id": "soup", "name": "soup.png", "type": "image/png", "size": 100}
        picture = {**facts, "description": "A pot, steaming"}
        for number in range(20):
            n.say(f"an older post {number:02}", room="home")
        n.say("a soup with everything", room="home", title="Food", files=[picture])

    place.demo.do(prepare)
    eventually(lambda: "a soup with everything" in place.posts())
    with place.on("/timeline") as visitor:
        page = visitor.page
        soup = page.locator("article.post").filter(has_text="Food")
        expect(soup).not_to_contain_text("a soup with everything")
        expect(soup.get_by_role("img")).to_have_count(0)
        soup.get_by_role("button", name="Show").click()
        expect(soup).to_contain_text("a soup with everything")
        picture = soup.get_by_role("img")
        expect(picture).to_have_js_property("naturalWidth", 32)
        expect(picture).to_have_attribute("alt", "A pot, steaming")
        assert not violations(page)

        soup.get_by_role("button", name="Like").click()
        expect(soup.get_by_role("button", name="Like")).to_have_attribute("aria-pressed", "true")
        eventually(lambda: on_network(place.demo, "a soup").more.get("marks") == ["favourite"])

        # What is new is said, and shown when it is asked for.
        before = soup.bounding_box()
        place.demo.do(lambda n: n.say("the newest of all", room="home"))
        expect(page.get_by_role("button", name="One new post")).to_be_visible()
        expect(post_of(page, "the newest of all")).to_have_count(0)
        page.keyboard.press(".")
        newest = post_of(page, "the newest of all")
        expect(newest).to_be_focused()
        assert before is not None

        # An answer goes to its network, under the post.
        page.keyboard.press("r")
        dialog = page.get_by_role("dialog", name="You answer Ada")
        dialog.get_by_label("Your answer").fill("so it is")
        assert not violations(page)
        page.keyboard.press("Control+Enter")
        answer = on_network(place.demo, "so it is")
        assert answer.more["reply_to"] == on_network(place.demo, "the newest of all").id

        # Who comes back reads on where they were.
        page.locator(".timeline .list").evaluate("list => { list.scrollTop = 1500 }")
        page.wait_for_timeout(300)
        at = page.locator(".timeline .list").evaluate(FIRST_SEEN)
        page.get_by_role("link", name="Search").click()
        page.get_by_role("link", name="Timeline").click()
        expect(page.locator("article.post").filter(has_text=at)).to_be_in_viewport()


FIRST_SEEN = """list => {
    const top = list.getBoundingClientRect().top
    const all = [...list.querySelectorAll('article')]
    const posts = all.filter(post => post.getBoundingClientRect().bottom > top + 1)
    posts.sort((a, b) => a.getBoundingClientRect().top - b.getBoundingClientRect().top)
    return posts[0].querySelector('.said')?.textContent ?? posts[0].textContent
}"""


def test_what_was_found_opens_in_its_place(place: Place) -> None:
    def talked(n: DemoNetwork) -> None:
        n.say("the needle of the compass", room="r2")
        for number in range(80):
            n.say(f"hay {number}", room="r2")

    place.demo.do(talked)
    eventually(lambda: "hay 79" in place.ada.heard(chat(place.ada, "Garden", "demo")))
    with place.on("/") as visitor:
        page = visitor.page
        page.keyboard.press("/")
        field = page.get_by_role("searchbox", name="Words in messages")
        expect(field).to_be_focused()
        field.fill("compas")
        hit = page.get_by_role("list", name="What was found").get_by_role("link")
        expect(hit).to_have_count(1)
        expect(hit).to_contain_text("Garden")
        expect(hit.locator("mark")).to_have_text("compas")
        assert not violations(page)
        field.press("Enter")
        needle = messages(page, "the needle of the compass")
        expect(needle).to_be_focused()
        expect(needle).to_be_in_viewport()
        assert not messages(page, "hay 79").count(), "it is far in the past"
        page.get_by_role("button", name="To the newest").click()
        expect(messages(page, "hay 79")).to_be_in_viewport()

        # In one conversation alone, and nothing at all.
        page.get_by_role("heading", name="Garden").click()
        page.keyboard.press("/")
        expect(page.get_by_role("button", name="Only in Garden")).to_be_visible()
        field.fill("nobody says such a thing")
        expect(page.get_by_role("heading", name="Nothing has nobody says such a thing in it")).to_be_visible()
        page.go_back()
        expect(page.get_by_role("heading", name="Garden")).to_be_visible()


def test_one_network_that_refuses_does_not_hold_the_other(place: Place) -> None:
    link = "https://example.org/" + "a" * SHORT
    with place.on("/posts/new", width=390, height=780, touch=True) as visitor:
        page = visitor.page
        text = page.get_by_label("Text", exact=True)
        text.fill(f"A link that is too long for one of them: {link}")
        second = page.locator(".fit").filter(has_text="Olga on the second")
        expect(second.locator(".problem")).to_be_visible()
        expect(page.get_by_text("Not as it is: Olga on the second.")).to_be_visible()
        assert not violations(page)
        assert sideways(page) <= 0
        text.fill("One, two, three, and many words more, so that it becomes a thread on the second.")
        expect(second).to_contain_text("2 posts")
        second.get_by_text("See it as on").click()
        expect(second.locator(".pieces li")).to_have_count(2)

        # What is written stays, and it goes to both; one refuses it only when it is there.
        page.wait_for_timeout(1000)
        page.reload()
        expect(text).to_have_value(re.compile("^One, two, three"))
        text.fill("Short enough for both")
        expect(page.get_by_role("button", name="Post on 2 networks")).to_be_enabled()
        place.second.do(lambda n: n.rooms["home"].limits.update(max_text=5))
        page.get_by_role("button", name="Post on 2 networks").click()
        expect(page.get_by_role("heading", name="Posted on 1 of 2")).to_be_visible()
        stands = on_network(place.demo, "Short enough for both")
        assert not violations(page)
        place.second.do(lambda n: n.rooms["home"].limits.update(max_text=SHORT))
        page.get_by_role("button", name="Try again").click()
        expect(page.get_by_role("heading", name="Posted", exact=True)).to_be_visible()
        other = on_network(place.second, "Short enough for both")

        # Answers of both come back under the one post.
        place.demo.do(lambda n: n.say("answered on the first", room="home", reply_to=stands.id))
        place.second.do(lambda n: n.say("answered on the second", room="home", reply_to=other.id))
        answers = page.get_by_role("list", name="Answers from all networks")
        expect(answers).to_contain_text("answered on the first")
        expect(answers).to_contain_text("answered on the second")
        page.get_by_role("button", name="Back").click()
        row = page.get_by_role("link", name="Short enough for both")
        expect(row).to_contain_text("2 answers")


SCREENS = ("/people", "/people/{person}", "/people/{person}/talk", "/people/suggestions", "/people/import")
MORE = ("/timeline", "/posts", "/posts/new", "/search", "/more")
NOT_ELSEWHERE = ("/people/suggestions", "/timeline", "/posts", "/more")
"""Screens that are looked at nowhere else, or in light alone."""


def test_each_screen_fits_a_small_telephone_and_is_for_everybody(place: Place) -> None:
    person = place.person("Ben") or place.person("Mallory")
    with place.on("/more", language="de", dark=True, width=320, height=640) as visitor:
        page = visitor.page
        for path in (*SCREENS, *MORE):
            page.goto(place.ada.ready["url"] + path.format(person=person))
            page.locator("h1").first.wait_for(state="attached")
            expect(page.get_by_role("status", name="Lädt")).to_have_count(0)
            assert sideways(page) <= 0, path
            if SOAK or path in NOT_ELSEWHERE:
                assert not violations(page), path


def png(width: int, height: int) -> bytes:
    """A picture."""
    rows = zlib.compress(b"".join(b"\0" + bytes((20, 90, 60)) * width for _ in range(height)))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
