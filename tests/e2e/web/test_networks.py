"""A network is added by the steps that the node tells, and answered on; the page knows none by name.

The demo network has all kinds of steps; a real XMPP server (Prosody) is what people have.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from e2e_networks import Elsewhere
from e2e_world import Village, eventually
from e2e_xmpp import Client, answers
from playwright.sync_api import expect
from web_browser import Visitor, browser_of, missing, violations
from xmpp_server import Prosody, started

pytestmark = [
    pytest.mark.timeout(240),
    pytest.mark.skipif(bool(missing()), reason=missing()),
]


def test_an_account_is_added_by_its_steps_and_talked_on(tmp_path: Path) -> None:
    with (
        Village(tmp_path) as village,
        Elsewhere() as elsewhere,
        browser_of() as browser,
        Visitor(browser) as visitor,
    ):
        network, olga = elsewhere.demo(), village.person("Olga")
        page = visitor.open(olga, "/networks")
        page.get_by_role("link", name="Add an account: Demo").click()
        page.get_by_label("Password").wait_for()
        assert not violations(page)
        page.locator("summary").filter(has_text="More").click()
        page.get_by_label("The server is in my own network").check()
        for wrong in (True, False):
            page.get_by_label("Server", exact=True).fill(network.answers["url"])
            page.get_by_label("User name").fill(network.answers["user"])
            page.get_by_label("Password").fill("wrong" if wrong else network.answers["password"])
            page.get_by_role("button", name="Continue").click()
            if wrong:
                expect(page.get_by_role("alert")).to_contain_text("does not know this user")
        page.get_by_label("Code").fill(network.answers["code"])
        page.get_by_role("button", name="Continue").click()
        expect(page.get_by_role("heading", name="Your accounts")).to_be_visible()
        assert not violations(page)

        page.get_by_role("link", name="Inbox").click()
        page.get_by_role("link", name="Ada and Olga").click()
        expect(page.get_by_text("The servers of Demo can read this.")).to_be_visible()
        write = page.get_by_label("Write to Ada and Olga")
        write.fill("from a page")
        write.press("Enter")
        eventually(lambda: "from a page" in network.texts())
        network.do(lambda n: n.say("from elsewhere"))
        expect(page.get_by_role("list", name="Messages").get_by_text("from elsewhere")).to_be_visible()
        assert not violations(page)


def test_a_real_server_is_added_and_somebody_there_answered(tmp_path: Path) -> None:
    server = started(Prosody, tmp_path)
    try:
        for name in ("ada", "ben"):
            server.add(name, f"{name}'s password")
        with (
            Village(tmp_path) as village,
            Elsewhere() as elsewhere,
            browser_of() as browser,
            Visitor(browser, language="de") as visitor,
        ):
            page = visitor.open(village.person("Ada"), "/networks")
            page.get_by_role("link", name="Konto hinzufügen: XMPP").click()
            page.locator("#login-address, [name=address]").first.wait_for()
            page.locator("details summary").last.click()
            page.locator("details input[type=checkbox]").last.check()
            filled = answers(server, "ada")
            for _ in range(4):  # each step asks for some of it
                for name, text in filled.items():
                    field = page.locator(f"#{name}, #login-{name}")
                    if field.count() and field.input_value() != text:
                        field.fill(text)
                assert not violations(page)
                turn = page.locator("form h2").inner_text()
                page.locator("form button[type=submit]").click()
                expect(page.locator("form h2").filter(has_text=turn)).to_have_count(0)
                if not page.locator("form h2").count():
                    break
            expect(page.get_by_role("heading", name="Deine Konten")).to_be_visible()
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
