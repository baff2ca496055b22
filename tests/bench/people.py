"""Measures a large address book: 10,000 people with 30,000 accounts, in a node that runs, through its API.

    python tests/bench/people.py [--count N]

What is printed and written to `docs/benchmarks-people.md` and `.json` are medians and high percentiles of
answers, from the request to the last byte, beside figures of the machine. The book is filled by the services
while the node is off (`tests/support/book_fill.py`).
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from bench_fill import opened
from bench_machine import Figures, beside, percentile, reference, shown, write
from book_fill import PEOPLE, fill, note_suggestions
from e2e_world import ENVIRONMENT, Home, Village

from swarm_bridges import api
from swarmnode.bridging.core import accounts
from swarmnode.delivery.clock import clock
from swarmnode.domain.book import PersonView
from swarmnode.domain.views import Items
from swarmnode.services.step import Step

TARGET_MS = 200.0
ABOUT = f"""\
{PEOPLE:,} people, each on three networks; with every tenth one there is talk, and 1,000 pairs may be one.
Each figure is of an answer of the API, from the request to the last byte; `everybody` is all pages of 200,
one after the other, which no screen asks for."""
ASKED = {
    "list": "/people?limit=50",
    "list of 200": "/people?limit=200",
    "list, further on": "/people?limit=50&after=p5000",
    "suggestions": "/people/suggestions?limit=50",
    "one person": "/people/p4001",
}


def filled(home: Home) -> None:
    """Fill the book of a home on which nothing runs; its account is paused, as there is no such network."""
    with opened(home.path, ENVIRONMENT["SWARMNODE_PASSPHRASE"]) as database, database.write() as tx:
        step = Step(tx, clock(), os.urandom)
        done = api.LoginDone(network_account_id="me", display="Me", secrets={}, hosts=())
        account = accounts.add(step, "demo", done)
        accounts.pause(step, account)
        fill(step)
        note_suggestions(step)


def measured(home: Home, path: str, count: int) -> list[float]:
    """Milliseconds of each answer."""
    took = []
    for _ in range(count):
        began = time.perf_counter()
        home.client.get(path, dict[str, Any])
        took.append((time.perf_counter() - began) * 1000)
    return took


def everybody_ms(home: Home) -> float:
    """All pages, one after the other."""
    began, after, found = time.perf_counter(), "", 0
    while True:
        page = home.client.get("/people", Items[PersonView], limit=200, after=after)
        found += len(page.items)
        after = page.next
        if not after:
            assert found == PEOPLE, f"{found} people"
            return (time.perf_counter() - began) * 1000


def main(count: int) -> None:
    results: dict[str, Figures] = {}
    with tempfile.TemporaryDirectory() as folder, Village(Path(folder)) as village:
        home = village.person("anna")
        home.stop()
        began = time.perf_counter()
        filled(home)
        print(f"filled in {time.perf_counter() - began:.1f} s")
        home.start()
        assert home.client.get("/people/p4001", PersonView).links
        for name, path in ASKED.items():
            before = reference(Path(folder))
            took = measured(home, path, count)
            figures = {"p50_ms": percentile(took, 0.5), "p95_ms": percentile(took, 0.95)}
            results[name] = beside(before, figures, reference(Path(folder)))
            print(f"{name}: {shown(results[name])}", flush=True)
        before = reference(Path(folder))
        results["everybody"] = beside(before, {"ms": everybody_ms(home)}, reference(Path(folder)))
        print(f"everybody: {shown(results['everybody'])}")
    targets = {(name, "p95_ms"): TARGET_MS for name in ASKED}
    write("benchmarks-people", "Benchmarks of the address book", ABOUT, results, targets)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=50)
    main(parser.parse_args().count)
