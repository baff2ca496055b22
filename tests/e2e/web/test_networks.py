"""A network is added by the steps that the node tells, and answered on; the page knows none by name."""

from __future__ import annotations

from pathlib import Path

import pytest
from e2e_networks import Elsewhere
from e2e_world import Village, eventually
from playwright.sync_api import expect
from web_browser import Visitor, browser_of, missing, violations

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
        page.get_by_text("More").click()
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
