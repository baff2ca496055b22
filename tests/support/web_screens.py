"""All screens of the page, by the names that its router has for them, and where each is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from playwright.sync_api import Page, expect

ROUTER = Path(__file__).parents[2] / "web" / "src" / "router.ts"
PATHS: Mapping[str, str] = {
    "inbox": "/",
    "chat": "/chats/{chat}",
    "people": "/people",
    "person": "/people/{person}",
    "talk": "/people/{person}/talk",
    "suggestions": "/people/suggestions",
    "import": "/people/import",
    "timeline": "/timeline",
    "posts": "/posts",
    "post": "/posts/{post}",
    "compose": "/posts/new",
    "search": "/search",
    "more": "/more",
    "invite": "/invite",
    "accept": "/accept",
    "networks": "/networks",
    "login": "/networks/add/demo",
    "settle": "/networks/settle/{account}/{matter}",
    "settings": "/settings",
    "devices": "/devices",
    "relays": "/relays",
    "consents": "/consents",
    "outbox": "/outbox",
    "deletions": "/deletions",
    "health": "/health",
    "nowhere": "/there/is/nothing/here",
}
GO = """path => {
    history.pushState(null, '', path)
    dispatchEvent(new PopStateEvent('popstate'))
}"""


def views() -> set[str]:
    """The screens that the router knows."""
    union = ROUTER.read_text(encoding="utf-8").split("export type View =")[1].split("export ")[0]
    names = re.findall(r"readonly name: ((?:'[\w-]+'(?: \| )?)+)", union)
    return {name for some in names for name in re.findall(r"'([\w-]+)'", some)}


def go(page: Page, path: str) -> None:
    """To a screen, without loading the page anew, until it shows what it has."""
    page.evaluate(GO, path)
    expect(
        page.locator("main h1:visible, main .empty h2:visible, main .list, main .inbox").first
    ).to_be_visible()
    expect(page.locator(".waiting")).to_have_count(0)
