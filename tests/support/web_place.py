"""A place to try all screens in: two nodes, accounts on two networks, a browser; what others show there."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from e2e_networks import Demo, Elsewhere, add
from e2e_world import Home, eventually
from playwright.sync_api import Browser, Locator, expect
from playwright.sync_api import Page as Window
from web_browser import Visitor, browser_of
from web_second import SecondNetwork
from web_village import PagesVillage

from swarm_bridges.testing.network import FakeMessage
from swarmnode.domain.book import PersonView
from swarmnode.domain.views import Items, Page


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
    village: PagesVillage
    nobody: Home | None = None
    """Somebody who has nothing yet."""

    def person(self, name: str) -> str:
        """The id of somebody in Ada's address book."""
        people = self.ada.client.get("/people", Items[PersonView], limit=200).items
        return next((person.id for person in people if person.name == name), "")

    def posts(self) -> list[str]:
        """The texts of Ada's timeline."""
        return [post.text for post in self.ada.client.get("/timeline", Page, limit=50).items]

    def on(self, path: str, *, home: Home | None = None, **look: Any) -> Visitor:
        """Ada's browser at one of her screens, or somebody else's."""
        visitor = Visitor(self.browser, **look)
        visitor.open(home or self.ada, path)
        visitor.page.locator("nav").wait_for(state="attached")
        return visitor


@contextmanager
def settled(folder: Path) -> Iterator[Place]:
    """The place, until the block ends."""
    with (
        PagesVillage(folder) as village,
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
        there = Place(ada, ben, demo, first, second, browser, village)
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


def png(width: int, height: int) -> bytes:
    """A picture."""
    rows = zlib.compress(b"".join(b"\0" + bytes((20, 90, 60)) * width for _ in range(height)))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


DANCE = bytes.fromhex(
    "474946383961 0800 0800 80 00 00 ff0000 0000ff"  # 8 by 8, red and blue
    "21ff0b 4e45545343415045322e30 03 01 0000 00"  # for ever
    "21f904 00 0a00 00 00 2c 0000 0000 0800 0800 00 02 06 848fa9cbed5d 00"
    "21f904 00 0a00 00 00 2c 0000 0000 0800 0800 00 02 06 8c8fa9cbed5d 00 3b"
)
"""A GIF of two frames."""
