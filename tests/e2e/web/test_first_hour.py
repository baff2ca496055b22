"""From the printed address to a talk, in browsers alone: hers in English, his in German on a phone."""

from __future__ import annotations

from pathlib import Path

import pytest
from e2e_world import ticket
from playwright.sync_api import Locator, Page, expect
from web_browser import Visitor, browser_of, missing, violations
from web_hand import point
from web_village import PagesVillage

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing())


def begin(page: Page, name: str, relay: str) -> None:
    """A new persona: name, words, three of them again, a relay."""
    page.locator("input[name=name]").fill(name)
    page.locator("input[name=passphrase]").fill("which everybody knows")
    page.keyboard.press("Enter")
    expect(page.locator(".words li")).to_have_count(24)
    words = page.locator(".words li").all_inner_texts()
    assert not violations(page)
    page.locator("main > button").click()
    asked = page.locator("form .field")
    expect(asked).to_have_count(3)
    for wrong in (True, False):
        for field in asked.all():
            place = int(field.locator("label").inner_text().split()[1])
            field.locator("input").fill("wrong" if wrong else words[place - 1])
        page.keyboard.press("Enter")
        if wrong:
            expect(page.locator("p.problem")).to_be_visible()
    page.locator("input[name=relay]").fill(relay)
    page.keyboard.press("Enter")


def said(page: Page, text: str) -> Locator:
    """A message of the open conversation."""
    return page.locator("main article").filter(has_text=text)


def test_two_people_from_the_printed_address_to_a_talk(tmp_path: Path) -> None:
    with (
        PagesVillage(tmp_path) as village,
        browser_of() as browser,
        Visitor(browser) as hers,
        Visitor(browser, language="de", dark=True, width=390, height=780, touch=True) as his,
    ):
        post = village.relay("post")
        ada, ben = (village.home(name).start() for name in ("ada", "ben"))

        # The code that the terminal printed pairs the browser; a wrong one says so.
        page = hers.page
        page.goto(ada.ready["url"])
        expect(page.get_by_role("heading", name="Connect this browser")).to_be_visible()
        assert not violations(page)
        page.get_by_label("Code").fill("AAAA-AAAA")
        page.get_by_role("button", name="Connect").click()
        expect(page.get_by_role("alert")).to_contain_text("not the pairing code")
        page.get_by_label("Code").fill(ada.ready["code"].lower())
        page.get_by_role("button", name="Connect").click()
        expect(page.get_by_role("heading", name="Welcome")).to_be_visible()
        begin(page, "Ada", ticket(post))
        expect(page.get_by_role("heading", name="Nobody here yet")).to_be_visible()
        assert not violations(page)

        phone = his.open(ben)
        expect(phone.get_by_role("heading", name="Willkommen")).to_be_visible()
        assert not violations(phone)
        begin(phone, "Ben ✓", ticket(post))
        expect(phone.get_by_role("heading", name="Noch niemand hier")).to_be_visible()
        assert not violations(phone)

        # An invite, answered by its link.
        page.get_by_role("link", name="Invite somebody").first.click()
        page.get_by_role("button", name="Make an invite").click()
        link = page.get_by_label("Link").input_value()
        expect(page.get_by_role("img", name="QR code")).to_be_visible()
        assert not violations(page)
        phone.get_by_role("link", name="Einladung annehmen").click()
        phone.get_by_label("Link oder Wörter").fill(link)
        phone.get_by_role("button", name="Weiter").click()
        expect(phone.get_by_text("Dein Knoten würde anfragen bei")).to_be_visible()
        phone.get_by_role("button", name="Annehmen").click()
        expect(phone.get_by_role("heading", name="Ada")).to_be_visible()
        expect(phone.get_by_text("Nur du und Ada könnt das lesen.")).to_be_visible()

        # A talk, live on both sides. Nobody draws a check mark into their own name.
        page.get_by_role("link", name="Accepted: write to").click()
        expect(page.get_by_role("heading", name="Ben", exact=True)).to_be_visible()
        write = page.get_by_label("Write to Ben")
        write.fill("Shall we meet?")
        write.press("Enter")
        expect(said(phone, "Shall we meet?")).to_be_visible()
        schreib = phone.get_by_label("Schreib an Ada")
        schreib.fill("Ja, um sechs.\nIm Garten.")
        schreib.press("Control+Enter")
        expect(said(page, "Im Garten.")).to_be_visible()
        expect(said(page, "Shall we meet?")).to_contain_text("delivered")
        assert not violations(page)
        assert not violations(phone)

        point(said(page, "Im Garten."))
        page.get_by_role("button", name="React").click()
        page.get_by_role("button", name="👍").click()
        expect(said(phone, "Im Garten.").get_by_role("button", name="👍")).to_be_visible()
        page.get_by_role("button", name="Reply").click()
        write.fill("I bring soup.")
        write.press("Enter")
        expect(said(phone, "I bring soup.").locator("blockquote")).to_contain_text("Ja, um sechs.")
        expect(page.locator(".unsent")).to_have_count(0)
        write.press("ArrowUp")
        expect(write).to_have_value("I bring soup.")
        write.fill("I bring bread.")
        write.press("Enter")
        expect(said(phone, "I bring bread.")).to_contain_text("bearbeitet")
        said(phone, "Ja, um sechs.").first.tap()
        phone.get_by_role("button", name="Löschen").click()
        assert not violations(phone)
        phone.get_by_role("button", name="Für alle").click()
        expect(said(page, "Deleted.").first).to_be_visible()
        expect(said(phone, "Gelöscht.").first).to_be_visible()
        phone.get_by_role("dialog").get_by_role("button", name="Schließen").last.click()

        # The same eight words on both sides.
        page.get_by_role("button", name="Not checked yet.").click()
        words = page.locator("dialog .words li")
        expect(words).to_have_count(8)
        phone.get_by_role("button", name="Noch nicht geprüft.").click()
        expect(phone.locator("dialog .words li")).to_have_text(words.all_inner_texts())
        assert not violations(page)
        page.get_by_role("button", name="They are the same").click()
        expect(page.get_by_role("button", name="You checked.")).to_be_visible()
        assert ada.standing("Ben ✓") == "verified"
