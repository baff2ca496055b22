"""Measures bridges: whole nodes with bridges in processes of their own, seen through the node's API.

    python tests/bench/bridges.py [--only NAME] [--scale SHARE]

What is printed stands in `docs/benchmarks-bridges.md` and `.json` too, beside targets and figures of the
machine. Rates and the past are those of a bridge that has nothing to wait for (`bench_bridge` in
`tests/support`), in a process like all others, over the socket, into the encrypted store. Memory and idling
are those of the bridges that come with the node, at real servers on this machine: Prosody, Dovecot with
Postfix, snac2, Synapse, a site with feeds, and the demo's network. Whatever is not installed here is left
out, and said.

Nothing is asserted but that all came: machines differ.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

import mail_server
import matrix_server
import xmpp_server
from bench_bridge import install
from bench_machine import Figures, beside, percentile, reference, shown, write
from e2e_networks import Elsewhere, add, answers_file, chat
from e2e_world import Home, Village, eventually
from e2e_xmpp import answers as xmpp_answers
from feeds_network import FeedNetwork
from feeds_site import Site
from mail_network import MailNetwork
from mastodon_network import Person
from mastodon_server import Snac

from swarmnode.domain.views import Page, StatusView

TICKS = os.sysconf("SC_CLK_TCK")
EACH = {"xmpp": 3, "mail": 3, "mastodon": 2, "feeds": 2}
"""Accounts that idle, by network: ten."""
SETTLE_S, IDLE_S = 20.0, 40.0
"""For what a new account has to do; how long idling is watched."""


# Rates


def rush(home: Home, count: int, at_once: int) -> Figures:
    """How many events a second a bridge gets rid of, all of them stored, so many in a batch."""
    began = cpu_s(pid_of(home))
    added(home, f"rush {count} {at_once}")
    said = eventually(lambda: last_word(home, "over"), within_s=300)
    used = cpu_s(pid_of(home)) - began
    first, last = map(float, said.split())
    assert home.client.get("/status", StatusView).unread == count + 1, "all came"
    return {"events_per_s": count / (last - first), "cpu_ms_of_the_node_per_event": used * 1000 / count}


def past(home: Home, count: int) -> Figures:
    """`count` messages of the past come in the background, and new ones meanwhile: how late are these?"""
    heard = Heard(home)
    with heard.listening():
        began = time.perf_counter()
        account = added(home, f"past {count // 20}")
        over = chat(home, "over", "burst")
        asked = list[float]()

        def all_told() -> bool:
            before = time.perf_counter()
            page = home.client.get(f"/chats/{over}/messages", Page, limit=1)
            asked.append((time.perf_counter() - before) * 1000)
            time.sleep(0.3)
            return bool(page.items) and int(page.items[0].text.split()[1]) >= count

        eventually(all_told, within_s=600)
        took_s = time.perf_counter() - began
        time.sleep(2)
    live = {m.id: float(m.text.split()[0]) for m in home.messages(over)}
    late = [(heard.at[id_] - said) * 1000 for id_, said in live.items() if id_ in heard.at]
    assert len(late) > len(live) * 0.9, "what is new was told"
    assert len(home.messages(chat(home, "r7", "burst"))) == count // 20, "all came"
    size = sum(file.stat().st_size for file in home.path.glob("*.db*"))
    home.json("bridge", "pause", account)
    return {
        "messages": count,
        "messages_per_s": count / took_s,
        "live_p50_ms": percentile(late, 0.5),
        "live_p95_ms": percentile(late, 0.95),
        "live_max_ms": max(late),
        "page_of_a_screen_p95_ms": percentile(asked, 0.95),
        "disk_kib_per_message": size / 1024 / count,
    }


@dataclass
class Heard:
    """When a screen was told of which message."""

    home: Home
    at: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def listening(self) -> Iterator[None]:
        """As long as the block lasts; it ends with the program."""
        threading.Thread(target=self._listen, daemon=True).start()
        time.sleep(0.5)
        yield

    def _listen(self) -> None:
        for kind, data in self.home.client.stream("/events"):
            if kind == "message.new":
                self.at[data["message"]] = time.monotonic()


def added(home: Home, work: str) -> str:
    """An account of the bridge that does this."""
    answers = answers_file(home.path.with_name("work"), {"work": work})
    return str(home.json("bridge", "add", "burst", "--answers", answers)["id"])


def last_word(home: Home, title: str) -> str:
    """The last text of a conversation, once there is one."""
    time.sleep(0.2)
    page = home.client.get(f"/chats/{chat(home, title, 'burst')}/messages", Page, limit=1)
    return page.items[0].text if page.items else ""


# Idling


def idle(home: Home, accounts: Mapping[str, list[Mapping[str, str]]]) -> tuple[Figures, Figures]:
    """Memory of each bridge's process, and what ten accounts cost while nothing happens."""
    count = 0
    for network, many in accounts.items():
        for answers in many[: EACH.get(network, 0)]:
            add(home, network, answers, "--at-home")
            count += 1
    time.sleep(SETTLE_S)
    everybody = [pid_of(home), *bridges_of(home).values()]
    before = sum(map(cpu_s, everybody))
    time.sleep(IDLE_S)
    used = sum(map(cpu_s, everybody)) - before
    for network in accounts.keys() - EACH.keys():
        add(home, network, accounts[network][0], "--at-home")
    time.sleep(5)
    memory = {f"{network}_mib": memory_mib(pid) for network, pid in sorted(bridges_of(home).items())}
    return memory, {"accounts": count, "percent_of_a_core": used * 100 / IDLE_S}


@contextmanager
def networks(folder: Path) -> Iterator[dict[str, list[Mapping[str, str]]]]:
    """Real servers, and answers that log in to accounts there, by network."""
    found: dict[str, list[Mapping[str, str]]] = {}
    with ExitStack() as stack:
        elsewhere = stack.enter_context(Elsewhere())
        if why := xmpp_server.Prosody.missing():
            print(f"xmpp is left out: {why}", flush=True)
        else:
            prosody = xmpp_server.started(xmpp_server.Prosody, folder / "xmpp")
            stack.callback(prosody.stop)
            for number in range(3):
                prosody.add(f"ada{number}", f"ada{number}'s password")
            found["xmpp"] = [xmpp_answers(prosody, f"ada{number}") for number in range(3)]
        if why := mail_server.missing():
            print(f"mail is left out: {why}", flush=True)
        else:
            post = mail_server.started(folder / "mail")
            stack.callback(post.close)
            found["mail"] = [MailNetwork(post).answers for _ in range(3)]
        snac = Snac("new", folder / "mastodon")
        if why := snac.missing():
            print(f"mastodon is left out: {why}", flush=True)
        else:
            snac.start()
            stack.callback(snac.stop)
            people = [elsewhere.run(Person.new(snac, f"owner{number}")) for number in range(2)]
            found["mastodon"] = [{"server": snac.base, "token": person.token} for person in people]
        sites = [elsewhere.enter(Site().serving()) for _ in range(2)]
        found["feeds"] = [FeedNetwork(site).answers for site in sites]
        found["demo"] = [elsewhere.demo().answers]
        if matrix_server.PYTHON.exists():
            synapse = matrix_server.started(folder / "matrix")
            stack.callback(synapse.stop)
            synapse.add("ada", "ada's password")
            address = synapse.user("ada")
            found["matrix"] = [{"address": address, "password": "ada's password", "server": synapse.base}]
        else:
            print("matrix is left out: scripts/set_up_synapse brings a server", flush=True)
        yield found


# Processes


def pid_of(home: Home) -> int:
    assert home.process is not None
    return home.process.pid


def bridges_of(home: Home) -> dict[str, int]:
    """Processes of bridges by network: the package's name stands in what started them."""
    found = {}
    pid = pid_of(home)
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        words = Path(f"/proc/{child}/cmdline").read_text().split("\0")
        found[words[words.index("swarm_bridges.worker") + 3].rpartition(".")[2]] = int(child)
    return found


def cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def memory_mib(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


# The program


def fresh(village: Village, name: str) -> Home:
    """A node of its own for a measure."""
    home = village.home(name, PYTHONPATH=str(village.folder / "site"))
    home.json("init", "--name", name)
    return home.start()


def measure_rates(village: Village, scale: float) -> Iterator[tuple[str, Figures]]:
    for at_once, count in ((100, 20_000), (10, 10_000), (1, 1_000)):
        home = fresh(village, f"rates{at_once}")
        yield f"inbound, {at_once} at once", rush(home, int(count * scale), at_once)
        home.stop()


def measure_past(village: Village, scale: float) -> Iterator[tuple[str, Figures]]:
    home = fresh(village, "past")
    yield "the past, and live", past(home, int(100_000 * scale))
    home.stop()


def measure_idle(village: Village, scale: float) -> Iterator[tuple[str, Figures]]:
    del scale
    home = fresh(village, "idle")
    with networks(village.folder / "networks") as accounts:
        memory, cpu = idle(home, accounts)
        home.stop()
    yield "memory of a process", memory
    yield "idle", cpu


Measure = Callable[[Village, float], Iterator[tuple[str, Figures]]]
MEASURES: dict[str, Measure] = {"rates": measure_rates, "past": measure_past, "idle": measure_idle}
TARGETS = {
    ("inbound, 100 at once", "events_per_s"): 1000,
    ("the past, and live", "live_p95_ms"): 200,
    ("the past, and live", "live_max_ms"): 200,
    **{
        ("memory of a process", f"{name}_mib"): 80 for name in ("xmpp", "mail", "mastodon", "matrix", "feeds")
    },
    ("memory of a process", "demo_mib"): 80,
    ("idle", "percent_of_a_core"): 2,
}
ABOUT = """\
Beside each figure: the CPU that it took at that time to make and check one Ed25519 signature (us), and the
time of an fsync of 4 KiB (ms). Memory is what is resident, shared libraries included. Idle are three accounts
at Prosody, three at Dovecot and Postfix, two at snac2 and two feeds behind a password: the CPU of the node
and of its four bridges together. Matrix (one account at Synapse) and the demo are measured for their memory
alone."""


def main(only: str, scale: float) -> None:
    results: dict[str, Figures] = {}
    with tempfile.TemporaryDirectory() as name, Village(Path(name)) as village:
        install(village.folder / "site")
        for title in [only] if only else MEASURES:
            before = reference(village.folder)
            for what, figures in MEASURES[title](village, scale):
                after = reference(village.folder)
                results[what] = beside(before, figures, after)
                before = after
                print(f"{what}: {shown(results[what])}", flush=True)
    if scale == 1.0:
        write("benchmarks-bridges", "Benchmarks of bridges", ABOUT, results, TARGETS)


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument(
        "--only", default="", choices=["", *MEASURES], help="one measure; the others' figures stay"
    )
    arguments.add_argument("--scale", type=float, default=1.0, help="a share of the messages")
    given = arguments.parse_args()
    main(given.only, given.scale)
