"""A real browser over real nodes: Chromium of the system, driven by Playwright, and what no page may ever do.

with browser_of() as browser, Visitor(browser) as visitor:
    page = visitor.open(home)              pairs the browser with a node that runs
# leaving the block fails on errors on the console, on errors of the page, and on requests to other hosts
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from e2e_world import Home
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    WebError,
    expect,
    sync_playwright,
)
from web_evidence import Witness

from swarmnode.api.about_screens import PairingView

PATIENCE_MS = 60_000
"""A login at a server, and a node that starts, take their time where much else runs."""
expect.set_options(timeout=PATIENCE_MS)

WEB = Path(__file__).parents[2] / "web"
BUILT = WEB / "dist" / "index.html"
CHROMIUM = shutil.which("chromium")
OFF = (
    # Its own windows' parts that are pages themselves: they cost a second for each context.
    "WebUIOmniboxPopup",
    "WebUIOmniboxAimPopup",
    # What Playwright turns off, since Chromium takes the last list that it is given.
    "AimEnabled",
    "AvoidCorsURLLoaderRestartOnRedirect",
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsFirstBalancedModeAutoEnable",
    "HttpsUpgrades",
    "LensOverlay",
    "MediaRouter",
    "NetworkTimeServiceQuerying",
    "OptimizationHints",
    "PaintHolding",
    "PreconnectToSearch",
    "ThirdPartyStoragePartitioning",
)
FLAGS = (
    f"--disable-features={','.join(OFF)}",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--font-render-hinting=none",
    "--force-color-profile=srgb",
    "--hide-scrollbars",
)
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
LOOK = """async options => {
    const {violations} = await axe.run(document, options)
    const line = (id, {html, failureSummary: why}) => `${id}: ${html.slice(0, 160)} | ${why.slice(0, 200)}`
    return violations.flatMap(({id, nodes}) => nodes.map(node => line(id, node)))
}"""
UNDO = "try { localStorage.getItem('undo') ?? localStorage.setItem('undo', '%d') } catch {}"
"""What is sent leaves at once, unless a test wants to take it back."""
STILL = """async () => {
    const rows = () => [...document.querySelectorAll('.list li')]
    const look = () => rows().map(row => [row.dataset.index, row.getBoundingClientRect().top]).join()
    for (let before = '', frames = 0; frames < 8; ) {
        await new Promise(requestAnimationFrame)
        const now = look()
        frames = now === before ? frames + 1 : 0
        before = now
    }
}"""
STORED = """async store => {
    const answer = request => new Promise((done, failed) => {
        request.onsuccess = () => done(request.result)
        request.onerror = () => failed(request.error)
    })
    const held = {}
    for (const {name} of await indexedDB.databases()) {
        const base = await answer(indexedDB.open(name))
        const kept = base.transaction(store).objectStore(store)
        const [keys, values] = await Promise.all([answer(kept.getAllKeys()), answer(kept.getAll())])
        keys.forEach((key, at) => (held[key] = values[at]))
        base.close()
    }
    return held
}"""
NOT_ANSWERED = re.compile(
    r"Failed to load resource: .*(400|401|403|409|423|502|503|net::ERR_)"
    r"|Service Worker registration blocked by"
)
"""What Chromium writes for each answer that is an error, and for none, which the page shows itself; and what
Playwright writes where tests do without service workers."""


def missing() -> str:
    """Why these tests cannot run here; with CI=true that is no excuse."""
    if os.environ.get("CI") == "true":
        return ""
    if CHROMIUM is None:
        return "no Chromium here: apt-get install chromium"
    return "" if BUILT.is_file() else "the web client is not built: make web"


@contextmanager
def browser_of(*flags: str) -> Iterator[Browser]:
    """A browser, until the block ends; `flags` are Chromium's own."""
    own = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, *own, *flags])
        try:
            yield browser
        finally:
            browser.close()


def code_of(home: Home) -> str:
    """A fresh code that pairs a browser with a node that runs."""
    return home.client.call("POST", "/pairing", {"scope": "admin"}, PairingView).code


class Visitor:
    """A person at a browser of their own, of whatever number of tabs; one node."""

    def __init__(
        self,
        browser: Browser,
        *,
        language: str = "en",
        dark: bool = False,
        width: int = 1280,
        height: int = 800,
        touch: bool = False,
        workers: bool = False,
        undo_s: int = 0,
    ) -> None:
        self.context: BrowserContext = browser.new_context(
            locale="de-DE" if language == "de" else "en-GB",
            timezone_id="Europe/Berlin",
            color_scheme="dark" if dark else "light",
            viewport={"width": width, "height": height},
            has_touch=touch,
            reduced_motion="reduce",
            service_workers="allow" if workers else "block",
        )
        self.context.set_default_timeout(PATIENCE_MS)
        self.context.add_init_script(UNDO % undo_s)
        self.wrong: list[str] = []
        self.witness = Witness(self.context)
        self.context.on("console", self._console)
        self.context.on("weberror", self._error)
        self.context.on("request", self._request)
        self.page: Page = self.context.new_page()

    def _console(self, message: ConsoleMessage) -> None:
        unknown = "404" in message.text and "/api/v1/" in message.location.get("url", "")
        if message.type in {"error", "warning"} and not NOT_ANSWERED.match(message.text) and not unknown:
            self.wrong.append(f"{message.type}: {message.text}")

    def _error(self, error: WebError) -> None:
        self.witness.note(f"error: {error.error}")
        self.wrong.append(f"error: {error.error}")

    def _request(self, request: Request) -> None:
        if request.url.startswith(("data:", "blob:")):
            return
        if urlsplit(request.url).hostname != "127.0.0.1":
            self.wrong.append(f"request: {request.url}")

    def visit(self, home: Home, path: str = "/") -> None:
        """Go to the node's page."""
        self.witness.logs[home.log] = None
        self.page.goto(home.ready["url"] + path)

    def open(self, home: Home, path: str = "/") -> Page:
        """Open the node's page, and pair this browser with it by a fresh code."""
        self.visit(home, path)
        self.page.locator("input[name=code]").fill(code_of(home))
        self.page.keyboard.press("Enter")
        return self.page

    def close(self) -> None:
        """Close the browser's windows.

        Raises:
            AssertionError: a page did what none may do.
        """
        if self.wrong:
            self.witness.keep()
        self.witness.end()
        assert not self.wrong, self.wrong

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.witness.keep()
            self.witness.end()


@cache
def _axe() -> str:
    return (WEB / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


def violations(page: Page) -> list[str]:
    """What axe finds wrong on a page, one line each."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(_axe())
    found: list[str] = page.evaluate(LOOK, {"runOnly": RULES, "resultTypes": ["violations"]})
    return found


def sideways(page: Page) -> int:
    """How many pixels a page is wider than its window."""
    wide: int = page.evaluate("() => document.documentElement.scrollWidth - window.innerWidth")
    return wide


def still(page: Page) -> None:
    """Wait until nothing in the list that scrolls has moved for some frames."""
    page.evaluate(STILL)


def stored(page: Page, store: str) -> dict[str, Any]:
    """What a store of the page's database holds, by its keys."""
    held: dict[str, Any] = page.evaluate(STORED, store)
    return held
