"""What is done now and then: words passed on, people and screens sent away, relays, settings, a login."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from e2e_networks import Demo, Elsewhere, add, chat
from e2e_world import Home, eventually, ticket
from playwright.sync_api import Browser, Page, expect
from web_browser import Visitor, browser_of, missing, sideways, violations
from web_village import PagesVillage

from swarm_protocol.meeting import RelayLink
from swarmnode.api.node import SettingView
from swarmnode.domain.views import Items, MessageView
from swarmnode.domain.views import Page as Timeline

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing())


@dataclass(frozen=True, slots=True)
class Place:
    """Ada's node, with Ben as her contact and an account on the demo network."""

    village: PagesVillage
    ada: Home
    ben: Home
    demo: Demo
    browser: Browser

    def timeline(self) -> tuple[MessageView, ...]:
        """Her timeline."""
        return self.ada.client.get("/timeline", Timeline, limit=50).items

    def on(self, path: str, language: str = "en", width: int = 1280) -> Visitor:
        """A browser of hers, at one of the screens."""
        visitor = Visitor(self.browser, language=language, width=width)
        visitor.open(self.ada, path)
        expect(visitor.page.locator("input[name=code]")).to_have_count(0)
        return visitor


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with (
        PagesVillage(tmp_path_factory.mktemp("care")) as village,
        Elsewhere() as elsewhere,
        browser_of() as browser,
    ):
        post = village.relay("post")
        ada, ben = village.person("Ada", post), village.person("Ben", post)
        village.meet(ada, ben)
        demo = elsewhere.demo()
        add(ada, "demo", demo.answers, "--at-home")
        yield Place(village, ada, ben, demo, browser)


def good(page: Page) -> None:
    """Nothing that axe finds, and nothing wider than the window."""
    expect(page.locator("h1:visible")).to_have_count(1)
    expect(page.locator(".waiting")).to_have_count(0)
    assert not violations(page)
    assert sideways(page) <= 0


def test_words_of_others_are_passed_on_with_their_leave(place: Place) -> None:
    said = "The gate is open at six"
    place.demo.do(lambda n: n.say(said))
    chats = eventually(
        lambda: [c for c in place.ada.json("conversations")["items"] if c["last_text"] == said]
    )
    room = chats[0]["id"]
    with place.on(f"/chats/{room}") as visitor:
        page = visitor.page
        dialog = page.get_by_role("dialog", name="Pass on")

        def to_ben() -> None:
            page.locator("main article").filter(has_text=said).first.focus()
            page.get_by_role("button", name="Pass on", exact=True).click()
            dialog.get_by_role("searchbox").fill("ben")
            dialog.get_by_role("button", name=re.compile("^B?Ben")).click()
            dialog.get_by_role("button", name="Pass on to Ben").click()

        # They have not said anything about it: nothing leaves, and one can ask.
        to_ben()
        expect(dialog.get_by_role("alert")).to_contain_text("has not allowed these words to go there")
        good(page)
        dialog.get_by_role("button", name=re.compile("^Ask ")).click()
        expect(dialog).to_have_count(0)
        composer = page.locator("#composer")
        expect(composer).to_have_value(re.compile(f"May I pass on what you wrote: “{said}”"))
        composer.fill("")

        # They say yes: that is kept, and the words go, with the name of who said them.
        to_ben()
        dialog.get_by_role("button", name="They let me").click()
        expect(page.get_by_text("Passed on to Ben.")).to_be_visible()
        eventually(lambda: any(said in heard for heard in place.ben.heard(chat(place.ben, "Ada"))))

        page.goto(f"{place.ada.ready['url']}/consents")
        expect(page.get_by_text("May go into other conversations")).to_be_visible()
        good(page)
        page.get_by_role("button", name="They said no").click()
        expect(page.get_by_text("Must not go elsewhere")).to_be_visible()

        # A post that everybody could read goes further only as its author lets it.
        place.demo.do(lambda n: n.say("The beans are out", room="home"))
        eventually(lambda: "The beans are out" in [post.text for post in place.timeline()])
        page.goto(f"{place.ada.ready['url']}/timeline")
        post = page.locator("article.post").filter(has_text="The beans are out")
        post.get_by_role("button", name="Pass on", exact=True).click()
        dialog.get_by_role("searchbox").fill("ben")
        expect(dialog.get_by_role("button", name=re.compile("^B?Ben"))).to_be_visible()
        good(page)
        dialog.get_by_role("button", name="Close").click()
        expect(dialog).to_have_count(0)

        # Of somebody in the address book it is said on their own screen, too; a no stands.
        person = next(p["id"] for p in place.ada.json("people", "list")["items"] if p["name"] == "Ben")
        page.goto(f"{place.ada.ready['url']}/people/{person}")
        page.get_by_role("button", name="They said no").click()
        expect(page.get_by_text("Must not go elsewhere")).to_be_visible()
        page.get_by_role("button", name="They allow it: conversations").click()
        back = page.get_by_role("dialog", name="Did Ben take the no back?")
        expect(back.get_by_role("button", name="Cancel")).to_be_focused()
        good(page)
        back.get_by_role("button", name="They told me so").click()
        expect(page.get_by_text("They took back an earlier no.")).to_be_visible()


def test_screens_are_named_and_disconnected(place: Place) -> None:
    with place.on("/devices") as visitor, Visitor(place.browser) as other:
        page = visitor.page
        own = page.get_by_role("listitem").filter(has_text="this one")
        expect(own).to_have_count(1)
        own.get_by_role("button", name=re.compile("^Name")).click()
        page.get_by_label("Name of the device").fill("Kitchen")
        page.get_by_role("button", name="Save").click()
        expect(own.get_by_role("heading", name="Kitchen")).to_be_visible()

        page.get_by_role("radio", name="may read", exact=True).check()
        page.get_by_role("button", name="Make a code").click()
        code = page.locator("output.shown")
        expect(code).to_have_text(re.compile("^[0-9A-Z]{4}-[0-9A-Z]{4}$"))
        good(page)
        other.page.goto(place.ada.ready["url"])
        other.page.locator("input[name=code]").fill(code.inner_text())
        other.page.keyboard.press("Enter")
        expect(other.page.get_by_role("heading", name="Inbox")).to_be_visible()

        page.reload()
        guest = page.get_by_role("listitem").filter(has_text="may read")
        guest = guest.filter(has_not_text="may read and write")
        guest.get_by_role("button", name=re.compile("^Disconnect")).click()
        page.get_by_role("dialog").get_by_role("button", name="Disconnect").click()
        expect(guest).to_have_count(0)
        other.page.reload()
        expect(other.page.get_by_role("heading", name="Connect this browser")).to_be_visible()


def test_a_relay_is_used_and_left(place: Place) -> None:
    second = place.village.relay("second")
    link = ticket(second)
    at = RelayLink.parse(link).at.address
    with place.on("/relays", "de", width=320) as visitor:
        page = visitor.page
        relays = page.get_by_role("list", name="Deine Relais").get_by_role("listitem")
        expect(relays).to_have_count(1)
        page.get_by_label("Link eines Relais").fill("kein Link")
        page.get_by_role("button", name="Benutzen").click()
        expect(page.get_by_role("alert")).to_contain_text("Das ist kein Link zu einem Relais.")
        page.get_by_label("Link eines Relais").fill(link)
        page.get_by_role("button", name="Benutzen").click()
        expect(relays).to_have_count(2)
        expect(relays.filter(has_text="Es bewahrt deine Post auf.")).to_have_count(2)
        good(page)
        relays.filter(has_text=at).get_by_role("button", name=re.compile("^Verlassen")).click()
        page.get_by_role("dialog").get_by_role("button", name="Verlassen").click()
        expect(relays).to_have_count(1)


def setting(place: Place, name: str) -> str:
    """A setting of Ada's node, as its API says it."""
    items = place.ada.client.get("/settings", Items[SettingView]).items
    return next(view.value for view in items if view.name == name)


def test_a_setting_is_found_by_a_word_and_changed(place: Place) -> None:
    with place.on("/settings", "de") as visitor:
        page = visitor.page
        good(page)
        find = page.get_by_role("searchbox", name="Eine Einstellung finden")
        find.fill("gelesen hast")
        receipts = page.get_by_role("checkbox", name="Kontakten sagen, was du gelesen hast")
        expect(receipts).to_be_checked()
        expect(page.get_by_role("heading", level=2)).to_have_count(1)
        receipts.focus()
        page.keyboard.press("Space")
        expect(receipts).not_to_be_checked()
        eventually(lambda: setting(place, "privacy.receipts") == "false")
        place.ada("config", "set", "privacy.receipts", "true")
        expect(receipts).to_be_checked()

        # What is typed, wrong and right; what only the machine's keeper changes.
        find.fill("Namensserver")
        servers = page.get_by_role("textbox", name="Namensserver")
        servers.fill("kein Server")
        servers.press("Enter")
        expect(page.get_by_role("alert")).to_have_text("Das geht hier nicht; nichts wurde geändert.")
        good(page)
        servers.fill("127.0.0.1")
        servers.press("Enter")
        expect(page.get_by_text("gilt nach einem Neustart des Knotens", exact=True)).to_be_visible()
        assert setting(place, "dns.servers") == "127.0.0.1"
        place.ada("config", "reset", "dns.servers")
        find.fill("http.port")
        expect(page.get_by_role("definition").filter(has_text=re.compile(r"^\d+$")).first).to_be_visible()
        good(page)
        find.fill("nichts dergleichen")
        expect(page.get_by_text("Keine Einstellung heißt")).to_be_visible()
        find.fill("Sicherung")
        expect(page.get_by_text("Noch keine Sicherung.")).to_be_visible()
        with page.expect_download():
            page.get_by_role("button", name="Jetzt sichern").click()
        expect(page.get_by_text(re.compile(r"^Letzte Sicherung: \d"))).to_be_visible()


def test_a_login_speaks_german(place: Place) -> None:
    with place.on("/networks/add/demo", "de") as visitor:
        page = visitor.page
        expect(page.get_by_role("heading", name="Dein Konto")).to_be_visible()
        page.get_by_text("Mehr", exact=True).last.click()
        page.get_by_label("Der Server steht in meinem eigenen Netz").check()
        answers = {"Server": "url", "Benutzername": "user"}
        for label, name in answers.items():
            page.get_by_label(label, exact=True).fill(place.demo.answers[name])
        page.get_by_label("Passwort").fill("geraten")
        wrong = page.get_by_text("Der Server kennt diesen Benutzer nicht, oder die Antwort ist falsch.")
        weiter = page.get_by_role("button", name="Weiter")
        weiter.click()
        expect(wrong).to_be_visible()
        good(page)
        page.get_by_label("Passwort").fill(place.demo.answers["password"])
        weiter.click()
        expect(page.get_by_role("heading", name="Ein zweiter Faktor")).to_be_visible()


def test_a_contact_is_removed(place: Place) -> None:
    carl = place.village.person("Carl", place.village.homes[0])
    place.village.meet(place.ada, carl)
    person = next(p["id"] for p in place.ada.json("people", "list")["items"] if p["name"] == "Carl")
    with place.on(f"/people/{person}") as visitor:
        page = visitor.page
        page.get_by_role("button", name="Remove contact").click()
        dialog = page.get_by_role("dialog", name="Remove Carl?")
        expect(dialog.get_by_role("button", name="Cancel")).to_be_focused()
        good(page)
        dialog.get_by_role("button", name="Remove contact").click()
        expect(page.get_by_text("Carl is no longer a contact.")).to_be_visible()
        expect(page.get_by_role("list", name="People").get_by_role("link", name="Carl")).to_have_count(0)
    assert "Carl" not in [contact["name"] for contact in place.ada.json("contacts")["items"]]
