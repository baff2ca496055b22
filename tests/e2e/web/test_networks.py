"""A network is added by the steps that the node tells, and answered on; the page knows none by name.

A real XMPP server (Prosody) is what people have; the demo network's steps are gone in test_journeys.py.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from e2e_networks import Elsewhere, add
from e2e_world import eventually
from e2e_xmpp import Client, answers
from playwright.sync_api import expect
from web_browser import Visitor, browser_of, missing, violations
from web_village import PagesVillage
from xmpp_server import Prosody, started

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing())


def test_an_invitation_is_accepted_and_another_one_declined(tmp_path: Path) -> None:
    with (
        PagesVillage(tmp_path) as village,
        Elsewhere() as elsewhere,
        browser_of() as browser,
        Visitor(browser) as visitor,
    ):
        network, olga = elsewhere.demo(), village.person("Olga")
        add(olga, "demo", network.answers, "--at-home")
        page = visitor.open(olga)
        for answer in ("Accept", "Decline"):
            network.run(lambda n: n.invite("among <b>friends</b>"))
            page.get_by_role("link", name="A room for two").filter(has_text="Ada invites you").click()
            expect(page.get_by_role("heading", name="Ada invites you")).to_be_visible()
            expect(page.get_by_text("among <b>friends</b>")).to_be_visible()
            expect(page.get_by_label("Write to A room for two")).to_have_count(0)
            assert not violations(page)
            page.get_by_role("button", name=answer).click()
            if answer == "Accept":
                write = page.get_by_label("Write to A room for two")
                expect(write).to_be_focused()
                write.fill("here I am")
                write.press("Enter")
                eventually(lambda: "here I am" in network.texts("r4"))
        expect(page.get_by_role("heading", name="A room for two")).to_have_count(0)
        expect(page.get_by_role("link", name="A room for two")).to_have_count(1)


def test_whose_a_new_device_is_is_asked_at_once_and_settled(tmp_path: Path) -> None:
    with (
        PagesVillage(tmp_path) as village,
        Elsewhere() as elsewhere,
        browser_of() as browser,
        Visitor(browser) as visitor,
    ):
        network, olga = elsewhere.demo(), village.person("Olga")
        add(olga, "demo", network.answers, "--at-home")
        page = visitor.open(olga)

        def devices() -> list[tuple[str, bool]]:
            """Names, and whether they are confirmed."""
            return network.do(lambda n: [(name, id_ not in n.unconfirmed) for id_, name in n.devices.items()])

        said = page.get_by_role("status").filter(has_text="A new device has logged in: phone")
        network.do(lambda n: n.new_device("phone"))
        said.get_by_role("link", name="Look").click()
        expect(page.get_by_role("heading", name="A new device")).to_be_visible()
        expect(said).to_have_count(0)
        name = page.get_by_label("What is it called?")
        name.fill("desk")
        name.press("Enter")
        expect(page.get_by_text("Nothing has this name.")).to_be_visible()
        assert not violations(page)
        name.fill("phone")
        name.press("Enter")
        expect(page.get_by_role("heading", name="Is it yours?")).to_be_visible()
        assert not violations(page)
        page.get_by_role("button", name="Yes").click()
        expect(page.get_by_text("That is settled.")).to_be_visible()
        eventually(lambda: devices() == [("phone", True)])

        network.do(lambda n: n.new_device("a stranger's"))
        said = page.get_by_role("status").filter(has_text="A new device has logged in: a stranger's")
        said.get_by_role("button", name="Close").click()
        expect(said).to_have_count(0)
        page.get_by_role("link", name="A new device has logged in: a stranger's").click()
        page.get_by_label("What is it called?").fill("a stranger's")
        page.get_by_label("What is it called?").press("Enter")
        page.get_by_role("button", name="No").click()
        eventually(lambda: devices() == [("phone", True)])
        expect(page.get_by_role("link", name="A new device has logged in")).to_have_count(0)


def test_a_real_server_is_added_and_somebody_there_answered(tmp_path: Path) -> None:
    server = started(Prosody, tmp_path)
    try:
        for name in ("ada", "ben"):
            server.add(name, f"{name}'s password")
        with (
            PagesVillage(tmp_path) as village,
            Elsewhere() as elsewhere,
            browser_of() as browser,
            Visitor(browser, language="de") as visitor,
        ):
            page = visitor.open(village.person("Ada"), "/networks")
            page.get_by_role("link", name="Konto hinzufügen: XMPP").click()
            page.locator("#login-address, [name=address]").first.wait_for()
            page.locator("details summary").last.click()
            page.locator("details input[type=checkbox]").last.check()
            filled, yours = answers(server, "ada"), page.get_by_role("heading", name="Deine Konten")
            for _ in range(4):  # each step asks for some of it
                for name, text in filled.items():
                    field = page.locator(f"#{name}, #login-{name}")
                    if field.count() and field.input_value() != text:
                        field.fill(text)
                assert not violations(page)
                turn = page.locator("form h2").inner_text()
                page.locator("form button[type=submit]").click()
                expect(page.locator("form h2").filter(has_text=turn)).to_have_count(0)
                expect(page.locator("form h2").or_(yours)).to_be_visible()
                if yours.is_visible():
                    break
            expect(yours).to_be_visible()
            ben = Client(elsewhere, server, "ben", "desk")
            ben.do(lambda b: b.say("ada@localhost", "hello from Ben"))
            page.get_by_role("link", name="Eingang").click()
            page.get_by_role("link", name="ben").click()
            expect(page.get_by_role("list", name="Nachrichten").get_by_text("hello from Ben")).to_be_visible()
            write = page.get_by_label("Schreib an ben")
            write.fill("hello from a page")
            write.press("Control+Enter")
            ben.heard("hello from a page")
            assert not violations(page)
    finally:
        server.stop()
