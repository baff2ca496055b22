"""Draw the pictures of the web client: `python tests/e2e/web/pictures.py [SCREEN ...]` into docs/pictures."""

import struct
import sys
import tempfile
import time
import zlib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[3]
sys.path.insert(0, str(ROOT / "tests" / "support"))

from e2e_networks import Demo, Elsewhere, add, chat, new_device  # noqa: E402
from e2e_world import Home, Village, eventually  # noqa: E402
from playwright.sync_api import Page  # noqa: E402
from web_browser import Visitor, browser_of  # noqa: E402
from web_palette import keep  # noqa: E402
from web_screens import PATHS, go  # noqa: E402
from web_second import SecondNetwork  # noqa: E402

from swarmnode.domain.views import MessageView  # noqa: E402

PICTURES = ROOT / "docs" / "pictures"
SAID = {
    "Cem": "The boat is free on Saturday, if the wind holds.",
    "Dana": "Thank you for the book!",
}
TALK = (
    ("Ben", "Are you coming to the garden today? The beans are up, and somebody has to water them."),
    ("Ada", "Yes, at six. I can bring soup."),
    ("Ada", "And the long hose, if I find it."),
    ("Ben", "Soup is better than a hose."),
    ("Ben", "See you there then!"),
)
POSTS: tuple[tuple[str, dict[str, str]], ...] = (
    ("The library has a new shelf for seeds: take some, bring some back in autumn.", {}),
    ("Who has an apple press? We have forty kilos, and no idea.", {}),
    ("What we ate on Saturday, for those who want to know.", {"title": "Food"}),
    (
        "The garden this morning, before anybody was up.",
        {"picture": "A hedge in the first light, with dew on it"},
    ),
)
POSTED = "Soup on Saturday at six, under the old pear tree. Bring a bowl."
WRITTEN = (
    "The beans are up, and somebody has to water them every evening until the frost comes. "
    "Who has time on Saturday? There will be soup."
)


def morning(width: int = 480, height: int = 270) -> bytes:
    """A picture: light over something dark."""
    rows = bytearray()
    for y in range(height):
        part = y / height
        sky = (int(250 - 90 * part), int(200 - 60 * part), int(150 + 30 * part))
        rows += b"\0" + bytes(sky if part < 0.6 else (40, int(110 - 60 * part), 60)) * width
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(bytes(rows))), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


def posted(network: Demo) -> None:
    """Some posts, one with a warning and one with a picture."""

    def say(n: Any) -> None:
        n.files["morning"] = morning()
        for number, (text, more) in enumerate(POSTS):
            said: dict[str, Any] = dict(more)
            if shows := said.pop("picture", ""):
                file = {"id": "morning", "name": "garden.png", "type": "image/png", "size": 1000}
                said["files"] = [{**file, "description": shows}]
            n.say(text, room="home", who="u-ada" if number % 2 else "u-mallory", **said)

    network.do(say)


def talked(village: Village, elsewhere: Elsewhere) -> tuple[Home, Demo]:
    """Ada, who knows some people and has an account elsewhere."""
    post = village.relay("post")
    ada, ben = village.person("Ada", post), village.person("Ben", post)
    for name, text in SAID.items():
        other = village.person(name, post)
        village.meet(ada, other)
        other.say(chat(other, "Ada"), text)
    village.meet(ada, ben)
    network = elsewhere.demo()
    account = add(ada, "demo", network.answers, "--at-home")
    there = SecondNetwork()
    elsewhere.enter(there.serving())
    add(ada, "demo", there.answers(), "--at-home")
    ada.json("bridge", "open", account, "Mallory")
    network.do(lambda n: n.say("I have the ladder!", who="u-mallory", room="d-u-mallory"))
    posted(network)
    network.do(lambda n: n.say("Who brings the ladder?"))
    for name, text in TALK:
        home, title = (ada, "Ben") if name == "Ada" else (ben, "Ada")
        home.say(chat(home, title), text)
        time.sleep(0.5)
    people = {person["name"]: person["id"] for person in ada.json("people", "list")["items"]}
    ada.json("people", "merge", people["Ben"], people["Mallory"])
    ada.json("people", "rename", people["Ben"], "Ben")
    eventually(lambda: any(one["kind"] == "timeline" for one in ada.json("conversations")["items"]))
    return ada, network


def wrote(page: Page) -> None:
    """A post that is being written."""
    page.locator("#post-text").fill(WRITTEN)
    page.locator(".fit").nth(1).get_by_text("3").first.wait_for()


def looked(page: Page) -> None:
    """A search."""
    page.locator("main input[type=search]").fill("soup")
    page.locator("mark").first.wait_for()


def added(page: Page) -> None:
    """The first step of a login."""
    page.locator("#login-password").wait_for()


def prepared(ada: Home) -> dict[str, str]:
    """A post, something said for tomorrow, something deleted; and what the paths of screens ask for."""
    later = {"text": "Happy birthday, Cem!", "send_at": int(time.time()) + 40_000}
    ada.client.call("POST", f"/chats/{chat(ada, 'Cem')}/messages", later, MessageView)
    slip = ada.say(chat(ada, "Dana"), "Did you like it? It was a slip of the")
    ada.json("delete", slip.id, "--everywhere")
    reading = ada.json("conversations")["items"]
    home = next(one for one in reading if one["kind"] == "timeline")
    ada.json("post", POSTED, "--to", home["account"])
    post = ada.json("post", "list")["items"][0]["id"]
    person = ada.client.resolve("person", "Ben")
    return {"chat": chat(ada, "Ben"), "person": person, "post": post}


THEN = {"compose": wrote, "search": looked, "login": added}
SIZES = ((1280, 720), (390, 720))


def main() -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        Village(Path(folder)) as village,
        Elsewhere() as elsewhere,
        browser_of() as browser,
    ):
        (ada, network), fresh = talked(village, elsewhere), village.home("fresh").start()
        ids = prepared(ada)
        packer = browser.new_page()
        wanted = {name: path for name, path in PATHS.items() if not sys.argv[1:] or name in sys.argv[1:]}
        for dark in (False, True):
            for width, height in SIZES:
                look = {
                    "dark": dark,
                    "width": width,
                    "height": height,
                    "touch": width == SIZES[1][0],
                    "undo_s": 5,
                }
                name = f"{'dark' if dark else 'light'}-{width}"

                def draw(page: Page, screen: str, name: str = name) -> None:
                    page.wait_for_timeout(500)
                    keep(page, packer, PICTURES / f"web-{screen}-{name}.png")

                language = "de" if dark else "en"
                with Visitor(browser, language=language, **look) as visitor:  # type: ignore[arg-type]
                    page = visitor.page
                    page.goto(fresh.ready["url"])
                    page.locator("input[name=code]").wait_for()
                    draw(page, "pair")
                    visitor.open(fresh)
                    page.locator("input[name=name]").wait_for()
                    draw(page, "start")
                with Visitor(browser, language=language, **look) as visitor:  # type: ignore[arg-type]
                    page = visitor.open(ada)
                    page.locator("nav").wait_for(state="attached")
                    for screen, path in wanted.items():
                        asked = new_device(network, ada, "telephone") if screen == "settle" else {}
                        go(page, path.format(**ids, **asked))
                        if screen in THEN:
                            THEN[screen](page)
                        draw(page, screen)
                        if asked:
                            network.do(lambda n: n.forget_devices())


if __name__ == "__main__":
    main()
