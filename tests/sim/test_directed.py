"""One misfortune at a time, told so that one can follow it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
import sim_verbs
from sim_chat import Habits
from sim_faults import YEAR, heal
from sim_relay import HONEST, Mischief
from sim_scenario import PATIENCE, QUIET, REUNION
from sim_time import DAY, HOUR, MINUTE
from sim_world import HYBRID, World

from swarm_protocol.mailbox.frames import FrameType
from swarm_protocol.mailbox.limits import MAX_PULL
from swarmnode.services.queues import WANTED


def a_pair(seed: int = 1, *relays: str, suite: int | None = None) -> World:
    """Ada and ben, who have met."""
    chosen = {} if suite is None else {"suite": suite}
    world = World(seed, ("ada", "ben"), relays or ("rho", "sigma"), **chosen)
    world.meet_all()
    return world


def apart(ada: tuple[str, ...], ben: tuple[str, ...], *others: str) -> World:
    """Ada and ben, who use these relays, and have met; others are there."""
    world = World(1, ("ada", "ben"), tuple(dict.fromkeys((*ada, *ben, *others))))
    for name, relays in (("ada", ada), ("ben", ben)):
        world.people[name].wish(partial(sim_verbs.create, name=name))
        for relay in relays:
            world.use(name, relay)
    world.meet("ada", "ben")
    return world


def with_spare(ada: str, ben: str) -> World:
    """Ada and ben, all of whose queues lie on two relays; each has one more, of which the other was told."""
    world = apart(("rho", "sigma"), ("rho", "sigma"), ada, ben)
    world.use("ada", ada)
    world.use("ben", ben)
    world.time.run(world.time.now + 2 * HOUR)
    pairs = 2 * WANTED
    assert sum(len(world.relays[name].queues()) for name in ("rho", "sigma")) >= pairs
    assert not any(world.relays[name].queues() for name in (ada, ben))
    return world


def all_is_well(world: World, within: float = PATIENCE) -> None:
    """Everything arrives in time, then it is quiet."""
    heal(world)
    world.settle(within)
    world.stay_quiet(QUIET)
    world.close()


def talk(world: World) -> None:
    """One of each thing that people do, over a minute."""
    for who, other in (("ada", "ben"), ("ben", "ada")):
        world.say(who, other)
        world.time.run(world.time.now + 15)
        screen = (
            [shown for shown in world.check(who, other) if not shown.deleted] if world.is_there(who) else []
        )
        mine = [shown.id for shown in screen if shown.mine]
        if mine:
            world.edit(who, mine[-1])
            world.say(who, other, reply_to=screen[-1].id)
            world.react(who, screen[0].id, "+")
            world.delete(who, mine[0])
            world.look(who, other)
        world.time.run(world.time.now + 15)


def test_a_quiet_talk_needs_no_second_try() -> None:
    world = a_pair()
    talk(world)
    talk(world)
    world.settle(MINUTE)
    assert {times for relay in world.relays.values() for times in relay.taken.values()} == {1}
    all_is_well(world)


def test_a_relay_that_dies_while_it_stores_has_promised_nothing() -> None:
    world = a_pair()
    for number in range(20):
        world.say("ada", "ben")
        relay = world.relays[("rho", "sigma")[number % 2]]
        world.time.run(world.time.now + 0.005 * number)
        relay.crash(keep=0)
        world.time.run(world.time.now + 20)
    assert sum(relay.crashes for relay in world.relays.values()) == 20
    all_is_well(world)


def a_word_each(world: World) -> None:
    """Both say something, and take back what they said before."""
    for who, other in (("ada", "ben"), ("ben", "ada")):
        mine = [
            said.id for said in world.model.between(who, other) if said.author == who and not said.deleted
        ]
        world.say(who, other)
        if mine:
            world.delete(who, mine[-1])
        world.time.run(world.time.now + 5)


@pytest.mark.parametrize("victim", ["ada", "ben"])
def test_a_node_may_die_at_any_step_of_a_talk(victim: str) -> None:
    world = a_pair()
    node = world.people[victim]
    a_word_each(world)
    before = node.points
    a_word_each(world)
    steps, deaths = node.points - before, node.deaths
    for step in range(1, steps + 1):
        node.die_at = node.points + step
        a_word_each(world)
        node.die_at = None
        world.time.run(world.time.now + 2 * MINUTE)
        assert node.dead_keys() == 0
    assert node.deaths - deaths > steps * 0.8
    all_is_well(world)


@pytest.mark.parametrize("victim", ["ada", "ben"])
@pytest.mark.parametrize(
    "step", ["commit", "Transmit", "Told", "WakeAt", "write keyring", "rename keyring", "sync keyring"]
)
def test_a_node_may_die_before_each_kind_of_step(victim: str, step: str) -> None:
    world = a_pair()
    node = world.people[victim]
    a_word_each(world)
    deaths, node.die_before = node.deaths, step
    a_word_each(world)
    node.die_before = ""
    world.time.run(world.time.now + 2 * MINUTE)
    assert node.deaths > deaths, f"there is no {step}"
    assert node.dead_keys() == 0
    all_is_well(world)


def test_what_is_said_survives_the_death_of_a_relay() -> None:
    world = a_pair(1, "rho", "sigma", "tau")
    talk(world)
    world.relays["rho"].die()
    talk(world)
    world.time.run(world.time.now + 4 * HOUR)
    world.relays["sigma"].die()
    for _ in range(3):
        talk(world)
    all_is_well(world)


@pytest.mark.parametrize("third", [("tau", "tau"), ("tau", "ypsilon")], ids=["one", "two"])
def test_when_all_relays_of_both_die_at_once_they_meet_at_a_third(third: tuple[str, str]) -> None:
    """It may be one that both use, or one of each that the other was told of."""
    world = with_spare(*third)
    talk(world)
    for name in ("rho", "sigma"):
        world.relays[name].die()
    talk(world)
    world.settle(REUNION)
    talk(world)
    all_is_well(world, within=MINUTE)


def test_who_loses_all_relays_while_the_other_is_away_is_found() -> None:
    world = with_spare("tau", "ypsilon")
    world.people["ben"].sleep(2 * DAY)
    for name in ("rho", "sigma"):
        world.relays[name].die()
        world.say("ada", "ben")
        world.time.run(world.time.now + 4 * HOUR)
    all_is_well(world, within=2 * DAY + REUNION)


def test_who_loses_all_relays_goes_on_with_a_new_one_that_the_other_uses() -> None:
    world = apart(("rho", "sigma"), ("rho", "sigma"), "tau")
    talk(world)
    for name in ("rho", "sigma"):
        world.relays[name].die()
    world.say("ada", "ben")
    world.time.run(world.time.now + DAY)
    for name in ("ada", "ben"):
        world.use(name, "tau")
    all_is_well(world, within=REUNION)


def test_who_was_away_for_ten_days_misses_nothing() -> None:
    world = a_pair()
    talk(world)
    world.people["ben"].sleep(10 * DAY)
    for _ in range(10):
        world.say("ada", "ben")
        world.time.run(world.time.now + DAY)
    world.people["ben"].wake()
    all_is_well(world, within=MINUTE)


def test_edits_and_deletions_overtake_what_they_are_about() -> None:
    world = a_pair()
    for relay in world.relays.values():
        relay.mischief = Mischief(late=0.5)
    for number in range(20):
        world.say("ada", "ben")
        world.time.run(world.time.now + 1)
        last = world.model.between("ada", "ben")[-1].id
        world.edit("ada", last)
        world.time.run(world.time.now + 1)
        if number % 2:
            world.delete("ada", last)
        world.time.run(world.time.now + 10)
    all_is_well(world)


def test_a_relay_that_goes_back_to_an_older_disk_costs_nothing() -> None:
    world = a_pair()
    for relay in world.relays.values():
        relay.remember()
    talk(world)
    world.people["ben"].sleep(HOUR)
    for _ in range(5):
        world.say("ada", "ben")
        world.time.run(world.time.now + 10)
    world.relays["rho"].roll_back()
    world.time.run(world.time.now + HOUR)
    world.relays["sigma"].roll_back()
    talk(world)
    all_is_well(world)


def test_relays_that_take_keys_and_know_none_are_not_stormed() -> None:
    world = a_pair()
    talk(world)
    world.settle(MINUTE)
    for relay in world.relays.values():
        relay.forgetful = True
        relay.heard_of.clear()
    for name, other in ("ada", "ben"), ("ben", "ada"):
        world.say(name, other)
    for seconds, most in (10, 15), (6 * HOUR, 60):
        world.time.run(world.time.now + seconds)
        for relay in world.relays.values():
            assert relay.heard_of[FrameType.SKEY] < most
            assert relay.heard_of[FrameType.SEND] < most
    for relay in world.relays.values():
        relay.forgetful = False
    world.time.run(world.time.now + 2 * HOUR)
    talk(world)
    world.settle(MINUTE)
    all_is_well(world)


def test_a_relay_that_owes_answers_is_called_anew() -> None:
    world = a_pair()
    talk(world)
    world.settle(MINUTE)  # nothing is under way whose receipt would be missed
    for relay in world.relays.values():
        relay.mischief = Mischief(mute=1.0)
        relay.crash()
    world.time.run(world.time.now + 10)  # all have called again, and hear nothing to what they asked
    for relay in world.relays.values():
        relay.mischief = HONEST
    world.time.run(world.time.now + 10 * MINUTE)
    talk(world)
    world.settle(MINUTE)
    all_is_well(world)


def test_what_relays_deliver_into_the_void_is_asked_for_again() -> None:
    world = a_pair()
    for relay in world.relays.values():
        relay.mischief = Mischief(drop=1.0)
    for _ in range(2 * MAX_PULL):
        world.say("ada", "ben")
        world.time.run(world.time.now + 1)
    for relay in world.relays.values():
        relay.mischief = HONEST
    world.settle(1.5 * HOUR)
    waiting = [relay.store.waiting(queue) for relay in world.relays.values() for queue in relay.queues()]
    assert not any(waiting), "what came by another way lies there still"
    all_is_well(world)


def test_a_relay_that_cannot_store_is_not_stormed() -> None:
    world = a_pair()
    for relay in world.relays.values():
        relay.fails = True
    for _ in range(20):
        world.say("ada", "ben")
        world.time.run(world.time.now + MINUTE)
    assert max(times for relay in world.relays.values() for times in relay.taken.values()) < 100
    all_is_well(world)


def test_who_is_away_is_not_told_again_and_again_of_new_queues() -> None:
    world = a_pair(1, "rho", "sigma", "tau")
    world.people["ben"].sleep(3 * DAY)
    world.relays["rho"].die()
    before = world.sent
    for _ in range(3 * 24):
        world.time.run(world.time.now + HOUR)
        assert world.sent - before < 200, "told again and again"
    all_is_well(world)


def test_a_full_disk_loses_nothing_and_acknowledges_nothing() -> None:
    world = a_pair()
    talk(world)
    ben = world.people["ben"]
    ben.full = True
    for _ in range(20):
        world.say("ada", "ben")
        world.time.run(world.time.now + MINUTE)
    assert ben.failures > 0
    waiting = sum(len(relay.store.waiting(rid)) for relay in world.relays.values() for rid in relay.queues())
    assert waiting >= 20
    world.time.run(world.time.now + 6 * HOUR)
    all_is_well(world)


@pytest.mark.parametrize("jump", [YEAR, -YEAR], ids=["ahead", "back"])
@pytest.mark.parametrize("victim", ["ada", "ben"])
def test_a_clock_that_is_wrong_by_a_year_decides_nothing(victim: str, jump: float) -> None:
    world = a_pair()
    talk(world)
    clock = world.people[victim].clock
    clock.offset_s = jump
    talk(world)
    world.settle(PATIENCE)
    talk(world)
    clock.offset_s = 0.0
    talk(world)
    all_is_well(world)


def test_five_hundred_messages_through_relays_that_crash_fifty_times() -> None:
    world = a_pair()
    for number in range(500):
        world.say("ada", "ben") if number % 3 else world.say("ben", "ada")
        world.time.run(world.time.now + 2)
        if number % 10 == 0:
            world.relays[("rho", "sigma")[number // 10 % 2]].crash(back_in=5.0)
    assert sum(relay.crashes for relay in world.relays.values()) == 50
    all_is_well(world)
    assert len(world.model.said) == 500


def test_the_hybrid_suite_lives_through_the_same() -> None:
    world = a_pair(1, suite=HYBRID)
    talk(world)
    world.people["ben"].kill()
    world.relays["rho"].crash()
    talk(world)
    all_is_well(world)


# Another network


def with_chat(size: int = 300, **habits: float) -> World:
    """Ada and ben, who have met over relays and talk on another network, too."""
    world = World(1, ("ada", "ben"), ("rho", "sigma"), chat=size)
    world.meet_all()
    world.time.run(world.time.now + 10 * MINUTE)
    assert world.chat is not None
    world.chat.habits = Habits(**habits)
    return world


def carried(world: World) -> int:
    assert world.chat is not None
    return world.chat.sent


def test_when_all_relays_die_for_good_the_talk_goes_on_over_another_network() -> None:
    world = with_chat()
    before = carried(world)
    talk(world)
    assert carried(world) == before
    for relay in world.relays.values():
        relay.die()
    talk(world)
    world.settle(10 * MINUTE)
    assert carried(world) > before
    all_is_well(world)


def test_a_network_that_loses_a_third_delays_nothing_for_ever() -> None:
    world = with_chat(1_000, lose=0.35, late=0.1)
    for relay in world.relays.values():
        relay.die()
    talk(world)
    world.time.run(world.time.now + 2 * DAY)
    assert len(world.screen("ben", "ada")) > 2
    all_is_well(world)


def test_a_network_that_says_everything_twice_makes_nobody_chatter() -> None:
    world = with_chat(60_000, repeat=1.0)
    for relay in world.relays.values():
        relay.die()
    talk(world)
    world.settle(DAY)
    world.stay_quiet(QUIET)
    world.close()


def test_a_node_may_die_at_any_step_of_a_talk_over_another_network() -> None:
    for point in range(5, 45, 17):
        world = with_chat(300)
        for relay in world.relays.values():
            relay.die()
        world.people["ada"].die_at = world.people["ada"].points + point
        world.say("ada", "ben")
        world.time.run(world.time.now + 5 * MINUTE)
        all_is_well(world)


DIRECTED: dict[str, Callable[[], None]] = {
    test.__name__: test
    for test in (
        test_a_quiet_talk_needs_no_second_try,
        test_a_relay_that_dies_while_it_stores_has_promised_nothing,
        test_what_is_said_survives_the_death_of_a_relay,
        test_who_was_away_for_ten_days_misses_nothing,
        test_edits_and_deletions_overtake_what_they_are_about,
        test_a_relay_that_goes_back_to_an_older_disk_costs_nothing,
        test_relays_that_take_keys_and_know_none_are_not_stormed,
        test_a_relay_that_owes_answers_is_called_anew,
        test_what_relays_deliver_into_the_void_is_asked_for_again,
        test_who_loses_all_relays_while_the_other_is_away_is_found,
        test_a_relay_that_cannot_store_is_not_stormed,
        test_who_is_away_is_not_told_again_and_again_of_new_queues,
        test_a_full_disk_loses_nothing_and_acknowledges_nothing,
        test_when_all_relays_die_for_good_the_talk_goes_on_over_another_network,
        test_a_network_that_loses_a_third_delays_nothing_for_ever,
        test_a_network_that_says_everything_twice_makes_nobody_chatter,
    )
} | {
    test_when_all_relays_of_both_die_at_once_they_meet_at_a_third.__name__: partial(
        test_when_all_relays_of_both_die_at_once_they_meet_at_a_third, ("tau", "ypsilon")
    ),
    test_a_node_may_die_at_any_step_of_a_talk.__name__: partial(
        test_a_node_may_die_at_any_step_of_a_talk, "ada"
    ),
    test_a_clock_that_is_wrong_by_a_year_decides_nothing.__name__: partial(
        test_a_clock_that_is_wrong_by_a_year_decides_nothing, "ben", YEAR
    ),
}
"""What is tried on mutants (`sim_mutants`)."""
