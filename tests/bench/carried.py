"""Measures carriage: two whole nodes without any relay, over a Prosody on this machine.

    python tests/bench/carried.py [--count N]

What is printed stands in `docs/benchmarks-carried.md`: how long a message takes with one in flight, from the
command to send it until the other's screen is told, and what a message becomes on each network, in bytes.
Nothing is asserted but that all came: machines differ.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Queue
from xml.etree.ElementTree import tostring

import msgspec

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from bench_machine import percentile
from e2e_networks import Elsewhere, add, chat
from e2e_world import Home, Village, eventually
from e2e_xmpp import answers
from xmpp_server import Prosody, Server, started

from swarm_bridges import armour
from swarm_bridges.api import ConversationRef as Ref
from swarm_bridges.api import IntentId, Outgoing, Rendered
from swarm_bridges.networks.mail.compose import for_node, written
from swarm_bridges.networks.matrix.convert import opaque as matrix_event
from swarm_bridges.networks.xmpp.opaque import carrying
from swarm_bridges.text import from_plain
from swarm_protocol.carriage import Thing, fragments_of
from swarm_protocol.errors import LimitError
from swarmnode.bridging.core.carriage import SENTENCE
from swarmnode.domain.book import PersonView

DOCUMENT = Path(__file__).parents[2] / "docs" / "benchmarks-carried.md"
BUCKETS = (512, 2048, 8192, 32768)
POST, MENTION = 500, 30
"""Characters of a post on an ordinary Mastodon, and of the name that a direct one begins with."""


@contextmanager
def a_pair(folder: Path, server: Server) -> Iterator[tuple[Home, Home]]:
    """Two nodes that met over the server, and no relay."""
    with Village(folder) as village, Elsewhere():
        anna, ben = village.person("anna"), village.person("ben")
        account = add(anna, "xmpp", answers(server, "anna"), "--at-home")
        add(ben, "xmpp", answers(server, "ben"), "--at-home")
        anna.json("bridge", "open", account, "ben@localhost")
        anna.json("send", "ben", "hello", "--wait")
        chat(ben, "anna", "xmpp")
        ben.json("send", "anna", "hello", "--wait")
        anna.json("people", "private", "ben")
        asked = eventually(
            lambda: [c["name"] for c in ben.json("contacts")["items"] if c["standing"] == "request"]
        )
        ben.json("contacts", "accept", asked[0])
        eventually(lambda: anna.standing("ben") == "confirmed")
        yield anna, ben


def one_in_flight(anna: Home, ben: Home, count: int) -> list[float]:
    """Milliseconds from sending until the other's screen is told, and of its receipt."""
    told = Queue[float]()

    def listen() -> None:
        for kind, data in ben.client.stream("/events"):
            if kind == "message.new" and not data.get("mine"):
                told.put(time.perf_counter())

    threading.Thread(target=listen, daemon=True).start()
    time.sleep(1)
    person = anna.client.get(f"/people/{anna.client.resolve('person', 'ben')}", PersonView)
    here = next(way.chat for way in person.ways if not way.network)
    took = []
    for number in range(count):
        began = time.perf_counter()
        anna.say(here, f"message {number}")
        took.append((told.get(timeout=60) - began) * 1000)
        time.sleep(0.5)  # its receipt is a message too, and on its way back
    return took


def sizes() -> Iterator[tuple[str, list[tuple[int, int]]]]:
    """By network: of each size of envelope messages and bytes that it becomes, before any transport."""
    part = Rendered(from_plain(SENTENCE), SENTENCE)
    out = Outgoing(intent=IntentId("i" * 32), key="k", attempt=1, conversation=Ref("ben"), parts=(part,))

    def xmpp(blob: bytes) -> int:
        around = len(
            '<message to="ben@example.org" type="chat" id="00000000000000000000000000000000"></message>'
        )
        return around + sum(len(tostring(child)) for child in carrying(blob, SENTENCE))

    def matrix(blob: bytes) -> int:
        return len(msgspec.json.encode(matrix_event(SENTENCE, blob)))

    def mail(blob: bytes) -> int:
        letter = for_node("i" * 32 + "@example.org", "anna@example.org", "Anna", "ben@example.org", out, blob)
        return len(written(letter, 1_800_000_000.0))

    def mastodon(blob: bytes) -> int:
        return MENTION + len(armour.armoured(blob, SENTENCE))

    room = armour.room(POST - MENTION, "x" * 120)
    for name, size, carries in (
        ("XMPP", 60_000, xmpp),
        ("Matrix", 40_000, matrix),
        ("e-mail", 1_000_000, mail),
        ("Mastodon, 500 characters", room, mastodon),
        ("Mastodon, 5,000 characters", 3_400, mastodon),
    ):
        found = []
        for bucket in BUCKETS:
            try:
                blobs = [f.encode() for f in fragments_of(Thing.ENVELOPE, bytes(bucket), size)]
            except LimitError:
                blobs = []
            found.append((len(blobs), sum(map(carries, blobs))))
        yield name, found


def main(count: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        server = started(Prosody, Path(folder))
        try:
            for name in ("anna", "ben"):
                server.add(name, f"{name}'s password")
            with a_pair(Path(folder), server) as (anna, ben):
                took = one_in_flight(anna, ben, count)
        finally:
            server.stop()
    lines = [
        f"One in flight, {count} messages of a few words, over a Prosody on this machine, no relay anywhere:",
        "",
        "| from sending until the other's screen is told | ms |",
        "| --- | --- |",
        *(f"| {name} | {percentile(took, share):.0f} |" for name, share in (("p50", 0.5), ("p95", 0.95))),
        f"| longest | {max(took):.0f} |",
        "",
        "Messages and bytes of the network for one envelope, before TLS and the network's own protocol:",
        "",
        "| network | " + " | ".join(f"{bucket:,} B" for bucket in BUCKETS) + " |",
        "| --- |" + " --- |" * len(BUCKETS),
    ]
    for name, found in sizes():
        cells = [f"{n} × {total // n:,}" if n else "waits for another way" for n, total in found]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    text = "\n".join(lines)
    print(text)
    before, mark, _ = DOCUMENT.read_text().partition("<!-- measured -->\n")
    assert mark, "the document has a place for figures"
    DOCUMENT.write_text(before + mark + "\n" + text + "\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=60)
    main(parser.parse_args().count)
