"""People, timeline, search and posts in a real browser, over a real node with accounts on two networks.

The tests share a node; each says what it looks for itself, and finds it by its own words.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from e2e_networks import chat, new_device, state
from e2e_world import SOAK, eventually
from playwright.sync_api import expect
from web_browser import missing, sideways, still, stored, violations
from web_place import DANCE, Place, choose, messages, note_of, on_network, png, post_of, settled
from web_screens import PATHS, go, views
from web_second import SHORT

from swarm_bridges.testing.demo_network import DemoNetwork
from swarmnode.domain.post_views import PostView
from swarmnode.domain.views import Items

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing())

COLOUR = """() => {
    const drawn = document.querySelector('.post canvas').getContext('2d')
    return [...drawn.getImageData(4, 4, 1, 1).data].slice(0, 3)
}"""
FIRST_SEEN = """list => {
    const top = list.getBoundingClientRect().top
    const all = [...list.querySelectorAll('article')].filter(post => /an older post/.test(post.textContent))
    const posts = all.filter(post => post.getBoundingClientRect().bottom > top + 1)
    posts.sort((a, b) => a.getBoundingClientRect().top - b.getBoundingClientRect().top)
    return posts[0].querySelector('.said').textContent
}"""
"""One that shows the same after the page is loaded anew; what is folded may stand anywhere between them."""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with settled(tmp_path_factory.mktemp("screens")) as there:
        yield there


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
        still(page)
        before = soup.bounding_box()
        place.demo.do(lambda n: n.say("the newest of all", room="home"))
        eventually(lambda: "the newest of all" in place.posts())
        expect(page.get_by_role("button", name=re.compile("new posts?$"))).to_be_visible()
        newest = post_of(page, "the newest of all")
        expect(newest).to_have_count(0)
        still(page)
        assert soup.bounding_box() == before
        page.keyboard.press(".")
        expect(newest).to_be_focused()

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
        still(page)
        at = page.locator(".timeline .list").evaluate(FIRST_SEEN)
        page.get_by_role("link", name="Search").click()
        page.get_by_role("link", name="Timeline").click()
        expect(page.locator("article.post").filter(has_text=at)).to_be_in_viewport()
        page.reload()
        expect(page.locator("article.post").filter(has_text=at)).to_be_in_viewport()


def test_a_picture_that_moves_stands_still_until_it_is_played(place: Place) -> None:
    def show(n: DemoNetwork) -> None:
        n.files["dance"] = DANCE
        facts = {"id": "dance", "name": "dance.gif", "type": "image/gif", "size": len(DANCE)}
        n.say("look how they dance", room="home", files=[{**facts, "description": "Two squares"}])

    place.demo.do(show)
    eventually(lambda: "look how they dance" in place.posts())
    with place.on("/timeline") as visitor:
        page = visitor.page
        post = post_of(page, "look how they dance")
        picture = post.get_by_role("img", name="Two squares")
        expect(picture).to_have_js_property("tagName", "CANVAS")
        expect(picture).to_have_js_property("width", 8)
        assert page.evaluate(COLOUR) == [255, 0, 0], "its first frame"
        assert not violations(page)
        post.get_by_role("button", name="Play: Two squares").click()
        expect(picture).to_have_js_property("tagName", "IMG")
        post.get_by_role("button", name="Stop: Two squares").click()
        expect(picture).to_have_js_property("tagName", "CANVAS")


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
        eventually(lambda: "One, two, three" in json.dumps(stored(page, "drafts")))
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


def test_a_post_is_taken_back_and_leaves_at_a_time_of_its_own(place: Place) -> None:
    with place.on("/posts/new", undo_s=60) as visitor:
        page = visitor.page
        text = page.get_by_label("Text", exact=True)
        held = page.get_by_role("list", name="Not posted yet")
        text.fill("Said to all too soon")
        page.get_by_role("button", name="Post on 2 networks").click()
        expect(held).to_contain_text("goes in")
        assert not violations(page)
        held.get_by_role("button", name="Undo").click()
        expect(text).to_have_value("Said to all too soon")

        text.fill("Said to all tomorrow")
        page.get_by_role("button", name="Post later").click()
        times = page.get_by_role("dialog", name="Send later").get_by_role("listitem")
        times.nth(1).get_by_role("button").click()
        expect(held).to_contain_text("leaves")
        expect(page.get_by_role("heading", name="Goes to")).to_be_visible()
        page.get_by_role("button", name="Back", exact=True).click()
        held.get_by_role("link", name="Said to all tomorrow").click()
        held.get_by_role("button", name="Send now").click()
        expect(page.get_by_role("heading", name="Posted", exact=True)).to_be_visible()
        on_network(place.demo, "Said to all tomorrow")
    assert "Said to all too soon" not in place.posts()


@dataclass(frozen=True)
class Look:
    """How a page is looked at, and whether there is anything on it."""

    language: str
    dark: bool
    full: bool

    def __str__(self) -> str:
        return f"{self.language}-{'dark' if self.dark else 'light'}-{'full' if self.full else 'empty'}"


LOOKS = [
    Look(language, dark, full)
    for full in (True, False)
    for dark in (True, False)
    for language in ("de", "en")
]


def test_no_screen_is_left_out() -> None:
    assert views() <= set(PATHS)


@pytest.mark.parametrize("look", LOOKS if SOAK else LOOKS[:1], ids=str)
def test_each_screen_fits_a_small_telephone_and_is_for_everybody(place: Place, look: Look) -> None:
    ids = {"chat": "c9", "person": "p999", "post": "o9", "account": "a9", "matter": "none"}
    home = place.ada
    if look.full:
        person = place.person("Ben") or place.person("Mallory")
        place.ada.json("post", f"seen in {look}", "--to", place.first)
        post = place.ada.client.get("/posts", Items[PostView]).items[0].id
        matter = new_device(place.demo, place.ada, f"seen in {look}")
        ids = {"chat": chat(place.ada, "Ben"), "person": person, "post": post, **matter}
    elif place.nobody is None:
        home = place.nobody = place.village.person("Nobody")
    else:
        home = place.nobody
    shape = {"language": look.language, "dark": look.dark, "width": 320, "height": 640}
    with place.on("/more", home=home, **shape) as visitor:
        for name, path in PATHS.items():
            go(visitor.page, path.format(**ids))
            assert sideways(visitor.page) <= 0, name
            assert not violations(visitor.page), name
    place.demo.do(lambda n: n.forget_devices())
    eventually(lambda: not state(place.ada, place.first).matters)
