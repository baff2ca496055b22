"""What pages showed when a test failed: pictures, DOM, what went on; files of bounded size, without secrets.

    with keeping(tmp_path / "pages"):
        ...                     a Visitor whose block fails keeps here what its pages show, and prints where

Who is left open when the block ends has failed too: a test that comes to its end closes what it opens.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request, Response
from playwright.sync_api import Error as BrowserError

LINES = 150
"""Of what went on, the last ones are kept."""
LINE = 300
"""Characters of each."""
DOM = 400_000
"""Characters of a page's DOM."""
SHOWN = 1_500
"""Characters of what a page says that are printed: a file may be lost with its machine."""
LOGGED = 20
"""Lines of a node's log."""
DRAW_MS = 5_000
SECRETS = ".words, .shown, .qr, [type=password], [name=link], [name=code], [name=relay], #words"
"""Where a page shows what belongs to its owner alone."""
STATE = """([secrets, most]) => {
    const whole = document.documentElement.cloneNode(true)
    for (const secret of whole.querySelectorAll(secrets)) {
        secret.removeAttribute('value')
        secret.replaceChildren('(not kept)')
    }
    const parts = [...document.querySelectorAll('dialog[open], .toast, main')]
    let says = parts.map(part => part.innerText).join('\\n')
    for (const {innerText} of document.querySelectorAll(secrets))
        if (innerText) says = says.replaceAll(innerText, '(not kept)')
    const has = document.activeElement
    return {
        dom: whole.outerHTML.slice(0, most),
        says,
        focus: has ? `${has.tagName} ${has.id} ${has.getAttribute('aria-label') ?? ''}` : '',
    }
}"""


class Witness:
    """Sees what goes on in a browser's context, and keeps it when it is asked to."""

    def __init__(self, context: BrowserContext) -> None:
        self._context = context
        self._began = time.monotonic()
        self._lines: deque[str] = deque(maxlen=LINES)
        self.kept = False
        self.logs: dict[Path, None] = {}
        """Of the nodes that are looked at."""
        context.on("console", self._console)
        context.on("requestfailed", self._failed)
        context.on("response", self._response)
        _open.append(self)

    def note(self, line: str) -> None:
        """Something else went on."""
        self._lines.append(f"{time.monotonic() - self._began:7.2f} {line[:LINE]}")

    def _console(self, message: ConsoleMessage) -> None:
        self.note(f"{message.type}: {message.text}")

    def _failed(self, request: Request) -> None:
        self.note(f"{request.method} {urlsplit(request.url).path} {request.failure}")

    def _response(self, response: Response) -> None:
        path = urlsplit(response.url).path
        if path.startswith("/api/"):
            self.note(f"{response.request.method} {path} {response.status}")

    def keep(self) -> None:
        """Keep what all pages of the context show, and print where; nothing happens outside of `keeping`."""
        if self.kept or _folder is None:
            return
        self.kept = True
        _folder.mkdir(parents=True, exist_ok=True)
        number = sum(1 for _ in _folder.glob("*.log"))
        log = _folder / f"{number}.log"
        log.write_text("\n".join(self._lines))
        print(f"What went on in this browser, the last of it (all in {log}):")
        print("\n".join(list(self._lines)[-40:]))
        for node in self.logs:
            print(f"The last lines of {node}:")
            print("\n".join(node.read_text().splitlines()[-LOGGED:]))
        for at, page in enumerate(self._context.pages):
            with suppress(BrowserError):
                _keep(page, _folder / f"{number}-{at}")

    def end(self) -> None:
        """Close the context; what went on in it is of no interest any more."""
        _open.remove(self)
        with suppress(BrowserError):  # the browser may have ended before it
            self._context.close()


def _keep(page: Page, path: Path) -> None:
    state: Any = page.evaluate(STATE, [SECRETS, DOM])
    path.with_suffix(".html").write_text(state["dom"])
    print(f"A page at {urlsplit(page.url).path}, the focus in {state['focus']!r} ({path}.html, .png):")
    print(state["says"][:SHOWN])
    page.screenshot(path=path.with_suffix(".png"), mask=[page.locator(SECRETS)], timeout=DRAW_MS)


_open: list[Witness] = []
_folder: Path | None = None


@contextmanager
def keeping(folder: Path) -> Iterator[None]:
    """Failures keep what they saw in this folder, until the block ends."""
    global _folder  # noqa: PLW0603 - one test at a time
    _folder = folder
    try:
        yield
        for left in _open:
            left.keep()
            left.end()
    finally:
        _folder = None
