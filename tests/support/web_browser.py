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

expect.set_options(timeout=20_000)

WEB = Path(__file__).parents[2] / "web"
BUILT = WEB / "dist" / "index.html"
CHROMIUM = shutil.which("chromium")
FLAGS = (
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
        self.context.set_default_timeout(15_000)
        self.wrong: list[str] = []
        self.context.on("console", self._console)
        self.context.on("weberror", self._error)
        self.context.on("request", self._request)
        self.page: Page = self.context.new_page()

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not NOT_ANSWERED.match(message.text):
            self.wrong.append(f"{message.type}: {message.text}")

    def _error(self, error: WebError) -> None:
        self.wrong.append(f"error: {error.error}")

    def _request(self, request: Request) -> None:
        if request.url.startswith(("data:", "blob:")):
            return
        if urlsplit(request.url).hostname != "127.0.0.1":
            self.wrong.append(f"request: {request.url}")

    def open(self, home: Home, path: str = "/") -> Page:
        """Open the node's page, and pair this browser with it by a fresh code."""
        code = home.json("pair")["code"]
        self.page.goto(home.ready["url"] + path)
        self.page.locator("input[name=code]").fill(code)
        self.page.keyboard.press("Enter")
        return self.page

    def close(self) -> None:
        """Close the browser's windows.

        Raises:
            AssertionError: a page did what none may do.
        """
        self.context.close()
        assert not self.wrong, self.wrong

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.context.close()


@cache
def _axe() -> str:
    return (WEB / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


def violations(page: Page) -> list[str]:
    """What axe finds wrong on a page, one line each."""
    page.evaluate(_axe())
    options = {"runOnly": RULES}
    found: Any = page.evaluate("options => axe.run(document, options)", options)
    return [
        f"{rule['id']}: {node['html'][:160]} | {node['failureSummary'][:200]}"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]


def sideways(page: Page) -> int:
    """How many pixels a page is wider than its window."""
    wide: int = page.evaluate("() => document.documentElement.scrollWidth - window.innerWidth")
    return wide
