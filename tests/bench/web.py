"""Measure the web client: what it weighs, how soon it is there, and how a list of 100,000 messages behaves.

What is printed stands in `docs/benchmarks-web.md` and `.json` too, beside budgets. Times are medians of
three; `slow` is with a processor of a fourth of this one's speed, as Chromium plays it.
"""

from __future__ import annotations

import argparse
import functools
import gzip
import json
import re
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "tests" / "support"), str(ROOT / "scripts")]

import build_web  # noqa: E402
from bench_machine import Figures, beside, percentile, reference, shown, write  # noqa: E402
from e2e_world import Home, Village  # noqa: E402
from playwright.sync_api import Browser, Page  # noqa: E402
from web_browser import Visitor, browser_of  # noqa: E402

DIST = ROOT / "web" / "dist"
ROWS, CHATS, RUNS = 100_000, 200, 3
SLOW = 4
TARGETS = {
    ("size", "first_js_kb"): 60,
    ("size", "first_css_kb"): 12,
    ("size", "language_kb"): 12,
    ("size", "largest_screen_kb"): 15,
    ("size", "scanner_kb"): 50,
    ("shell drawn", "ms"): 400,
    ("shell drawn", "slow_ms"): 1500,
    ("inbox of 200 rows", "slow_ms"): 2000,
    ("list of 100,000 rows", "ready_ms"): 2000,
    ("list of 100,000 rows", "slow_ready_ms"): 4000,
    ("list of 100,000 rows", "slow_frame_p95_ms"): 60,
    ("list of 100,000 rows", "blank_frames"): 0,
    ("list of 100,000 rows", "heap_mb"): 60,
    ("list of 100,000 rows", "slow_jump_ms"): 500,
    ("list of 100,000 rows", "moved_px"): 1,
}
ABOUT = """\
Sizes are packed with gzip; English comes with the first JavaScript. Beside each figure: the CPU that it took
at that time to make and check one Ed25519 signature (us), and the time of an fsync of 4 KiB (ms). `slow` is a
processor of a fourth of the speed. A list is scrolled by 1,500 pixels a frame; a frame is blank where nothing
is drawn in the middle of it."""


def packed_kb(name: str) -> float:
    return len(gzip.compress((DIST / name).read_bytes(), 9)) / 1000


def sizes() -> Figures:
    """What has to come before anything is seen, and what comes when it is wanted."""
    first = re.findall(r'/(assets/[\w.-]+\.js)"', (DIST / "index.html").read_text())
    parts = {path.name: packed_kb(f"assets/{path.name}") for path in (DIST / "assets").glob("*.js")}
    later = {name: size for name, size in parts.items() if f"assets/{name}" not in first}
    special = ("de-", "Scan-")
    return {
        "first_js_kb": sum(map(packed_kb, set(first))),
        "first_css_kb": sum(packed_kb(f"assets/{path.name}") for path in (DIST / "assets").glob("*.css")),
        "language_kb": max(size for name, size in later.items() if name.startswith("de-")),
        "largest_screen_kb": max(size for name, size in later.items() if not name.startswith(special)),
        "scanner_kb": max(size for name, size in later.items() if name.startswith("Scan-")),
    }


def throttle(page: Page, rate: int) -> None:
    page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": rate})


def median_ms(measure: Callable[[], float]) -> float:
    return statistics.median(measure() for _ in range(RUNS))


def until(page: Page, url: str, look: str) -> float:
    """Milliseconds from the call of an address until something of this is on the screen."""
    began = time.perf_counter()
    page.goto(url, wait_until="commit")
    page.wait_for_selector(look, timeout=60_000)
    return (time.perf_counter() - began) * 1000


def shell(browser: Browser, home: Home) -> Iterator[tuple[str, Figures]]:
    """The page of a real node; its inbox is made long on the way to the page."""
    with Visitor(browser) as visitor:
        page = visitor.open(home)
        page.wait_for_selector(".shell nav")
        url = home.ready["url"]
        drawn = {"ms": median_ms(lambda: until(page, url, ".shell nav"))}
        throttle(page, SLOW)
        drawn["slow_ms"] = median_ms(lambda: until(page, url, ".shell nav"))
        yield "shell drawn", drawn
        row = {
            "title": "Somebody", "contact": "", "unread": 1, "standing": "", "last_text": "the last word",
            "last_at": 1, "draft": "", "timer_s": 0, "network": "demo", "account": "", "privacy": "e2e",
            "kind": "direct", "last_kind": "text", "person": "",
        }  # fmt: skip
        items = [{**row, "id": f"b{number}", "title": f"Somebody {number}"} for number in range(CHATS)]
        body = json.dumps({"items": items, "next": "", "prev": ""})
        page.route("**/api/v1/chats", lambda route: route.fulfill(body=body, content_type="application/json"))
        yield f"inbox of {CHATS} rows", {"slow_ms": median_ms(lambda: until(page, url, "a.row"))}


@contextmanager
def built_list() -> Iterator[str]:
    """The list alone, in a page of its own."""
    with tempfile.TemporaryDirectory() as folder:
        build_web.npm("exec", "--", "vite", "build", "bench", "--config", "vite.config.ts",
                      "--outDir", folder, "--emptyOutDir")  # fmt: skip
        handler = functools.partial(Quiet, directory=folder)
        with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            yield f"http://127.0.0.1:{server.server_port}/?rows={ROWS}"
            server.shutdown()


class Quiet(SimpleHTTPRequestHandler):
    """Serves files, and says nothing of it."""

    def log_message(self, *_: object) -> None:
        """Nothing."""


FRAMES = """async () => {
    const list = document.querySelector('.list'), box = list.getBoundingClientRect()
    const middle = [box.left + 40, box.top + box.height / 2]
    const times = [], blank = []
    let last = performance.now()
    for (let frame = 0; frame < 60; frame++) {
        list.scrollTop -= 1500
        await new Promise(requestAnimationFrame)
        const now = performance.now()
        times.push(now - last)
        last = now
        const rows = [...document.querySelectorAll('.list li')].map(row => row.getBoundingClientRect())
        if (!rows.some(row => row.top <= middle[1] && row.bottom >= middle[1])) blank.push(frame)
    }
    return [times, blank.length]
}"""
JUMP = """async index => {
    const began = performance.now()
    show(index)
    for (;;) {
        await new Promise(requestAnimationFrame)
        const box = document.querySelector('.list').getBoundingClientRect()
        const row = document.querySelector(`li[data-index='${index}']`)?.getBoundingClientRect()
        if (row && row.bottom > box.top && row.top < box.bottom) return performance.now() - began
        if (performance.now() - began > 20000) return 20000
    }
}"""
PREPEND = """async () => {
    const box = document.querySelector('.list').getBoundingClientRect()
    const rows = [...document.querySelectorAll('.list li')]
    const read = rows.find(row => row.getBoundingClientRect().top >= box.top)
    const text = read.textContent, top = read.getBoundingClientRect().top
    before(50)
    for (let frame = 0; frame < 30; frame++) await new Promise(requestAnimationFrame)
    const now = [...document.querySelectorAll('.list li')].filter(row => row.textContent === text)
    return Math.min(...now.map(row => Math.abs(row.getBoundingClientRect().top - top)))
}"""


def long_list(browser: Browser) -> Figures:
    """A list of 100,000 rows."""
    with built_list() as url:
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        figures = {"ready_ms": median_ms(lambda: until(page, url, ".list li"))}
        throttle(page, SLOW)
        figures["slow_ready_ms"] = median_ms(lambda: until(page, url, ".list li"))
        times, blank = page.evaluate(FRAMES)
        figures["slow_frame_p95_ms"] = percentile(times, 0.95)
        figures["blank_frames"] = blank
        places = iter((ROWS // 2, ROWS // 3, ROWS // 4))
        figures["slow_jump_ms"] = median_ms(lambda: float(page.evaluate(JUMP, next(places))))
        page.wait_for_timeout(2000)
        figures["moved_px"] = page.evaluate(PREPEND)
        client = page.context.new_cdp_session(page)
        client.send("HeapProfiler.collectGarbage")
        figures["heap_mb"] = client.send("Runtime.getHeapUsage")["usedSize"] / 1e6
        page.close()
        return figures


def main() -> None:
    """Measure all, and write it."""
    build_web.build()
    results: dict[str, Figures] = {}
    with tempfile.TemporaryDirectory() as name, Village(Path(name)) as village, browser_of() as browser:
        home = village.person("Ada")

        def measures() -> Iterator[tuple[str, Figures]]:
            yield "size", sizes()
            yield from shell(browser, home)
            yield "list of 100,000 rows", long_list(browser)

        before = reference(village.folder)
        for what, figures in measures():
            after = reference(village.folder)
            results[what] = beside(before, figures, after)
            before = after
            print(f"{what}: {shown(results[what])}", flush=True)
    write("benchmarks-web", "Benchmarks of the web client", ABOUT, results, TARGETS)


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__).parse_args()
    main()
