"""Draw the pictures of the web client: `python tests/e2e/web/pictures.py` writes docs/pictures/web-*.png."""

import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[3]
sys.path.insert(0, str(ROOT / "tests" / "support"))

from e2e_networks import Elsewhere, add, chat  # noqa: E402
from e2e_world import Home, Village  # noqa: E402
from web_browser import Visitor, browser_of  # noqa: E402

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


def talked(village: Village, elsewhere: Elsewhere) -> Home:
    """Ada, who knows some people and has an account elsewhere."""
    post = village.relay("post")
    ada, ben = village.person("Ada", post), village.person("Ben", post)
    for name, text in SAID.items():
        other = village.person(name, post)
        village.meet(ada, other)
        other.say(chat(other, "Ada"), text)
    village.meet(ada, ben)
    network = elsewhere.demo()
    add(ada, "demo", network.answers, "--at-home")
    network.do(lambda n: n.say("Who brings the ladder?"))
    for name, text in TALK:
        home, title = (ada, "Ben") if name == "Ada" else (ben, "Ada")
        home.say(chat(home, title), text)
        time.sleep(0.5)
    return ada


def main() -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        Village(Path(folder)) as village,
        Elsewhere() as elsewhere,
        browser_of() as browser,
    ):
        ada = talked(village, elsewhere)
        for dark in (False, True):
            for width, height in ((1280, 720), (390, 720)):
                look = {"dark": dark, "width": width, "height": height, "touch": width == 390}
                with Visitor(browser, language="de" if dark else "en", **look) as visitor:  # type: ignore[arg-type]
                    page = visitor.open(ada)
                    name = f"{'dark' if dark else 'light'}-{width}"
                    for screen, path in (
                        ("inbox", "/"),
                        ("chat", f"/chats/{chat(ada, 'Ben')}"),
                        ("networks", "/networks"),
                    ):
                        page.goto(ada.ready["url"] + path)
                        page.locator("h1:visible").wait_for()
                        page.wait_for_timeout(1000)
                        page.screenshot(path=PICTURES / f"web-{screen}-{name}.png", animations="disabled")


if __name__ == "__main__":
    main()
