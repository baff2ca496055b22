"""Somebody's hand at a page: a mouse, or a keyboard alone, in one of the languages of the page.

    hand = Hand(page, keys=True, language="de")
    hand.press(hand.button("invite.make"))
    hand.write(page.locator("#composer"), "hello")

What is looked for is named by its key in web/src/text, so one journey is for all languages. With the keyboard
alone, the focus goes by Tab and arrows as a person takes it: what cannot be reached so fails.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

TEXTS = Path(__file__).parents[2] / "web" / "src" / "text"
ENTRY = re.compile(r"^  (?:'([^']+)'|(\w[\w-]*)):\s*(?:'((?:[^'\\]|\\.)*)'|\"([^\"]*)\"),$", re.MULTILINE)
STEPS = 120
"""Stops of Tab after which something counts as out of reach."""
FOCUSED = "element => element === document.activeElement"
SAME_RADIOS = """(element, type) => {
    const now = document.activeElement
    return element.type === 'radio' && now?.type === 'radio' && now.name === element.name
}"""


@cache
def texts(language: str) -> Mapping[str, str]:
    """The page's texts by their keys."""
    files = sorted(TEXTS.glob(f"*{language}.ts"))
    found = (match for file in files for match in ENTRY.finditer(file.read_text(encoding="utf-8")))
    return {m[1] or m[2]: (m[3] or m[4] or "").replace("\\'", "'").replace("\\n", "\n") for m in found}


def hover(message: Locator) -> None:
    """Move the mouse over a message: one that moves chooses, one that rests does not."""
    message.hover(position={"x": 5, "y": 5})
    message.hover()


def point(message: Locator) -> Locator:
    """Choose a message by the mouse; what can be done shows in it then."""
    hover(message)
    expect(message.locator(".message-actions")).to_be_visible()
    return message


class Hand:
    """The hand; `keys` is whether there is no mouse."""

    def __init__(self, page: Page, *, keys: bool, language: str) -> None:
        self.page, self.keys, self.language = page, keys, language

    def says(self, key: str, **facts: str | int) -> str:
        """A text of the page, filled in as the page does it."""

        def number(match: re.Match[str]) -> str:
            one, many = match[2], match[3]
            return one if facts[match[1]] == 1 else many.replace("#", str(facts[match[1]]))

        text = re.sub(r"{(\w+)#([^|}]*)\|([^}]*)}", number, texts(self.language)[key])
        return re.sub(r"{(\w+)}", lambda match: str(facts[match[1]]), text)

    def button(self, key: str, **facts: str | int) -> Locator:
        """The button that says this."""
        return self.page.get_by_role("button", name=self.says(key, **facts), exact=True).last

    def link(self, key: str, **facts: str | int) -> Locator:
        """The first link that says this, in the content or else beside it."""
        name = self.says(key, **facts)
        main = self.page.locator("main").get_by_role("link", name=name)
        return main.or_(self.page.get_by_role("link", name=name)).first

    def heading(self, key: str, **facts: str | int) -> Locator:
        """The heading that says this."""
        return self.page.get_by_role("heading", name=self.says(key, **facts), exact=True)

    def goto(self, key: str) -> None:
        """To a screen of the rail."""
        self.press(self.page.locator("nav").get_by_role("link", name=self.says(key)))
        expect(self.page.locator("h1:visible, .empty h2:visible").first).to_be_visible()

    def press(self, wanted: Locator) -> None:
        """Use something: a button, a link, a choice."""
        expect(wanted).to_be_enabled()
        if not self.keys:
            wanted.click()
            return
        self.reach(wanted)
        kind = wanted.evaluate("element => element.type ?? ''")
        if kind == "radio":
            expect(wanted).to_be_checked()
        else:
            self.page.keyboard.press("Space" if kind == "checkbox" else "Enter")

    def write(self, field: Locator, text: str) -> None:
        """Write into a field, in place of what stands there."""
        expect(field).to_be_editable()
        if self.keys:
            self.reach(field)
        else:
            field.click()
        self.page.keyboard.press("Control+a")
        self.page.keyboard.insert_text(text)
        expect(field).to_have_value(text)

    def said(self, text: str) -> Locator:
        """Messages of the open conversation that say this, as the node has them."""
        talk = self.page.get_by_role("list", name=self.says("chat.messages"))
        words = self.page.locator("p", has_text=re.compile(f"^{re.escape(text)}$"))
        return talk.locator("article:not(.unsent)").filter(has=words)

    def say(self, text: str) -> None:
        """Say something in the open conversation."""
        field = self.page.locator("#composer")
        self.write(field, text)
        self.press(self.button("send"))
        expect(field).to_have_value("")

    def message(self, text: str) -> Locator:
        """Choose a message of the open conversation; what can be done shows in it then."""
        row = self.said(text).last
        expect(row).to_be_visible()
        if not self.keys:
            return point(row)
        stop = self.page.locator(".list.end article[tabindex='0']").first
        self.reach(stop)
        self.page.keyboard.press("End")
        for _ in range(STEPS):
            if row.evaluate(FOCUSED):
                return row
            before = self.page.locator("article:focus").get_attribute("data-at")
            self.page.keyboard.press("ArrowUp")
            expect(self.page.locator(f"article:focus:not([data-at='{before}'])")).to_have_count(1)
        raise AssertionError(f"no key leads to the message {text!r}")

    def reach(self, wanted: Locator) -> None:
        """By keys alone, take the focus to something.

        Raises:
            AssertionError: no stop of Tab is there.
        """
        expect(wanted).to_be_visible()
        for _ in range(STEPS):
            if wanted.evaluate(FOCUSED):
                return
            self.page.keyboard.press("ArrowDown" if wanted.evaluate(SAME_RADIOS) else "Tab")
        raise AssertionError(f"no key leads to {wanted}")
