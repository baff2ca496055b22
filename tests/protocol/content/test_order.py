"""The order on the screen: the same for all who hold the same, and never before what was seen."""

from __future__ import annotations

import random
from functools import lru_cache

from content_world import Writer, author_of
from hypothesis import given
from hypothesis import strategies as st

from swarm_protocol import content as con

NODES = ("ada", "ada/away", "ben")


@lru_cache
def conversation(seed: int, size: int, honest: bool) -> tuple[con.Message, ...]:
    """Nodes that write, and see of each other what a lossy net shows them; liars invent their lamports."""
    dice = random.Random(seed)
    writers = [Writer(node, seed=seed) for node in NODES]
    said: list[con.Message] = []
    for number in range(size):
        writer = dice.choice(writers)
        writer.see(*dice.sample(said, dice.randint(0, len(said))))
        said.append(writer.say(f"{number}", lamport=None if honest else dice.randint(0, 12)))
    return tuple(said)


histories = st.builds(conversation, st.integers(0, 30), st.integers(0, 12), st.booleans())


def shown(messages: tuple[con.Message, ...] | list[con.Message]) -> list[bytes]:
    return [place.id for place in con.display_order(message.standing for message in messages)]


@given(histories, st.randoms(use_true_random=False))
def test_the_order_does_not_depend_on_arrival(history: tuple[con.Message, ...], order: random.Random) -> None:
    arrived = [*history, *order.sample(history, len(history) // 2)]
    order.shuffle(arrived)
    assert shown(arrived) == shown(history)
    assert sorted(shown(history)) == sorted(message.id for message in history)


@given(histories, st.randoms(use_true_random=False))
def test_nothing_is_shown_before_what_its_author_had_seen(
    history: tuple[con.Message, ...], order: random.Random
) -> None:
    part = order.sample(history, order.randint(0, len(history)))
    place = {name: i for i, name in enumerate(shown(part))}
    for message in part:
        standing = message.standing
        for before in (standing.prev, *standing.parents):
            if before in place:
                assert place[before] < place[message.id]


@given(st.integers(0, 30), st.integers(0, 12))
def test_for_honest_authors_it_is_lamports_then_names(seed: int, size: int) -> None:
    history = conversation(seed, size, True)
    by_lamport = sorted(history, key=lambda message: (message.standing.lamport, message.id))
    assert shown(history) == [message.id for message in by_lamport]


@given(histories)
def test_tips_are_followed_by_nothing_and_fit_a_message(history: tuple[con.Message, ...]) -> None:
    tips = con.tips(message.standing for message in history)
    followed = {i for message in history for i in (message.standing.prev, *message.standing.parents)}
    assert followed.isdisjoint(tips)
    assert list(tips) == sorted(set(tips))
    assert len(tips) <= 4
    assert bool(tips) == bool(history)


def test_of_many_tips_the_latest_are_taken() -> None:
    messages = [Writer("ada", seed=n).say("x", lamport=n) for n in range(7)]
    assert con.tips(m.standing for m in messages) == tuple(sorted(m.id for m in messages[3:]))


def test_a_long_line_of_lies_is_ordered_without_recursion() -> None:
    ada = author_of("ada")
    names = [n.to_bytes(32, "big") for n in range(20_000)]
    places = [con.Place(name, ada, n, names[n - 1] if n else None, (), 0) for n, name in enumerate(names)]
    random.Random(1).shuffle(places)
    assert [place.id for place in con.display_order(places)] == names
