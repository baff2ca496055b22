"""Who floods an address, a relay or a contact takes nothing from others.

What is compared is the time of a message from Ben to Ada, from the call that sends it to the moment at which
it can be read there, alone and beside the flood. The flooder is stopped and goes on again and again
meanwhile, so that whatever else the machine does weighs on both.
"""

from __future__ import annotations

import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import e2e_flood
import pytest
from e2e_world import ENVIRONMENT, SOAK, Home, Village, ticket

from swarm_protocol.meeting import RelayLink

ROUNDS, TALK = 20 if SOAK else 5, 10
"""Turns of the flood, and messages in each whose time is taken."""
FACTOR, SLACK_S = (2, 0.02) if SOAK else (3, 0.05)
"""What a machine with two processors adds by one more process; other tests run beside these."""

Flood = Callable[[Home, Home, Home], tuple[str, ...]]
"""What the flooder is told, given Ada, somebody who is a contact of hers, and the relay."""


def _address(ada: Home, _contact: Home, _post: Home) -> tuple[str, ...]:
    return "address", ada.json("invite", "--address")["link"]


def _connection(_ada: Home, _contact: Home, post: Home) -> tuple[str, ...]:
    at = RelayLink.parse(ticket(post)).at
    return "connection", at.address, at.pin.hex()


def _contact(_ada: Home, contact: Home, _post: Home) -> tuple[str, ...]:
    return "contact", str(contact.path), "1"


@pytest.mark.parametrize("flood", [_address, _connection, _contact])
def test_a_flood_does_not_hold_up_others(tmp_path: Path, flood: Flood) -> None:
    with Village(tmp_path) as village:
        post = village.relay("post")
        ada, ben = village.person("ada", post), village.person("ben", post)
        village.meet(ada, ben)
        contact = village.person("cem", post) if flood is _contact else ben
        if flood is _contact:
            village.meet(ada, contact)
        told = flood(ada, contact, post)
        alone, beside = list[float](), list[float]()
        with subprocess.Popen(
            [sys.executable, e2e_flood.__file__, *told],
            env={**ENVIRONMENT, "PYTHONPATH": ":".join(sys.path)},
            stdout=subprocess.PIPE,
        ) as flooder:
            try:
                assert flooder.stdout is not None
                assert flooder.stdout.readline() == b"flooding\n"
                for _ in range(ROUNDS):
                    for number, times in ((signal.SIGSTOP, alone), (signal.SIGCONT, beside)):
                        flooder.send_signal(number)
                        time.sleep(0.3)
                        times.extend(_times(ada, ben))
                assert flooder.poll() is None, "it floods still"
            finally:
                flooder.kill()
        normal, flooded = statistics.median(alone), statistics.median(beside)
        print(f"alone {normal * 1000:.1f} ms, beside the flood {flooded * 1000:.1f} ms")
        assert flooded < FACTOR * normal + SLACK_S


def _times(ada: Home, ben: Home) -> list[float]:
    """Seconds that messages take, one after the other."""
    events = ada.client.stream("/events")
    times = []
    for number in range(TALK):
        begin = time.perf_counter()
        text = f"{begin} {number}"
        ben.say("1", text)
        for kind, data in events:
            if kind == "message.new" and data["chat"] == "1":
                break
        times.append(time.perf_counter() - begin)
    return times
