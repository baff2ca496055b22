"""Nodes that are killed in the middle of a talk (the third of eight points).

Both people speak as fast as their nodes answer while one node or the other is killed. What a node answered
for has to be there, once, on both sides; what it did not answer for may be there, once at most. A recorder in
the nodes' processes (`e2e_recorder.py`) tells which keys and nonces were used for what, over all kills.

The people speak through the command line's own client, not a process for each message.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter, defaultdict
from pathlib import Path

import pytest
from e2e_world import RECORDER, SOAK, Home, Village, eventually

from swarmnode.errors import NodeError

KILLS = 200 if SOAK else 12


class Speaker(threading.Thread):
    """Somebody who does not stop talking; keeps what the node has answered for."""

    def __init__(self, home: Home, name: str) -> None:
        super().__init__(name=name, daemon=True)
        self.home, self.answered, self.quiet = home, list[str](), threading.Event()

    def run(self) -> None:
        number = 0
        while not self.quiet.wait(0.03):
            number += 1
            try:
                self.home.say("1", f"{self.name} {number}")
            except NodeError:
                continue  # killed, or not up yet: nobody promised anything
            self.answered.append(f"{self.name} {number}")


@pytest.mark.timeout(7200 if SOAK else 500)
def test_nothing_answered_for_is_lost_or_doubled_and_no_key_is_used_twice(tmp_path: Path) -> None:
    dice = random.Random(3)
    with Village(tmp_path) as village:
        post = village.relay("post")
        people = {name: village.person(name, post, program=RECORDER) for name in ("ada", "ben")}
        village.meet(people["ada"], people["ben"])
        speakers = [Speaker(home, name) for name, home in people.items()]
        for speaker in speakers:
            speaker.start()
        for _ in range(KILLS):
            time.sleep(dice.uniform(0.1, 1.2))
            home = dice.choice(list(people.values()))
            home.kill()
            home.start()
        for speaker in speakers:
            speaker.quiet.set()
            speaker.join(60)
            assert not speaker.is_alive()

        for speaker in speakers:
            own = speaker.home
            other = people["ben" if speaker.name == "ada" else "ada"]
            assert len(speaker.answered) > KILLS, "there was a talk"
            eventually(lambda own=own, other=other: other.heard("1") == own.said("1"), within_s=90)  # type: ignore[misc]
            said = own.said("1")
            assert Counter(said).most_common(1)[0][1] == 1, "nothing is doubled"
            assert [text for text in said if text in set(speaker.answered)] == speaker.answered
        for home in people.values():
            home.stop()
            _check(home.record.read_text())


def _check(record: str) -> None:
    """No pair of key and nonce sealed twice; and no MLS key sealed two things that left the node.

    The second says more than the first, for a nonce in MLS is half random: were a generation used again after
    a kill, it would differ all the same.
    """
    lines = [line.split() for line in record.splitlines()]
    pairs = Counter(tuple(line[:3]) for line in lines if line[0] in {"mls", "envelope"})
    assert pairs.most_common(1)[0][1] == 1
    inside = {line[3]: line[4] for line in lines if line[0] == "envelope"}
    left = {inside[line[1]] for line in lines if line[0] == "left"}
    key_of = {line[3]: line[1] for line in lines if line[0] == "mls"}
    sealed = defaultdict[str, set[str]](set)
    for ciphertext in left - {"-"}:
        sealed[key_of[ciphertext]].add(ciphertext)
    assert len(sealed) > KILLS, "the recorder heard the talk"
    assert all(len(ciphertexts) == 1 for ciphertexts in sealed.values())
